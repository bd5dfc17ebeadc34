/** Whether what cannot run here has to fail. Read when asked, as tests of the helpers change it. */
export { inCi } from '../src/cli/take-order.ts';
