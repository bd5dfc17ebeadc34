/**
 * How a generated tree gets onto disk without losing anything of the user's.
 *
 *     await withLock(root, async () => {
 *       await recover(root);
 *       const plan = await planTree(root, tree, { answersRead });
 *       await applyPlan(plan, { toolVersion });
 *     });
 *
 * A dry run needs neither the lock nor `recover`: `planTree` only reads.
 */
export { applyPlan } from './apply.ts';
export { formatPlan, unifiedDiff } from './diff.ts';
export { inspectFolder } from './folder.ts';
export { withLock } from './lock.ts';
export type { Plan, PlanEntry } from './plan.ts';
export { recover } from './recover.ts';
export { planSecretFiles } from './secrets-plan.ts';
export { type PlanOptions, planTree } from './tree.ts';
