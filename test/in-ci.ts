/** Whether what cannot run here has to fail: set by every CI service, and by hand as `CI=1`. The same as build/test.mjs. */
export const IN_CI = !['', 'false'].includes(process.env['CI'] ?? '');
