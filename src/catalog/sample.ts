import { staticWorkload } from './static.ts';

/**
 * What `image: sample` replaces of an app's workload: one page, on every path, that shows the stack works, so that a
 * first start needs no image of the user's.
 */
export const sampleWorkload = staticWorkload({ folder: 'sample', singlePage: true });
