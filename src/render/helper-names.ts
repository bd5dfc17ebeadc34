/** Every helper a template may call; the precompiler refuses any other name. */
export const templateHelperNames = ['nginx', 'nginxRegex', 'sh', 'md', 'mdCode', 'nft', 'trusted'] as const;
