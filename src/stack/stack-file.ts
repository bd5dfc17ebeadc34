/** The file with a stack's answers, in its folder. */
export const STACK_FILE = 'stack.yaml';
