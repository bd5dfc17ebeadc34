/**
 * Whether what cannot run here has to fail: set by every CI service, and by hand as `CI=1`. Read when asked, as tests
 * of the helpers change it. The same as build/test.mjs.
 */
export const inCi = () => !['', 'false'].includes(process.env['CI'] ?? '');
