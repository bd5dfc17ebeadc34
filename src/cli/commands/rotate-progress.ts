import type { Journal } from '../../rotation/journal.ts';
import type { Observer, Step } from '../../rotation/machine.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import type { Output } from '../output.ts';
import { changedSecrets, planLines, refusedLines, stepText } from '../rotation-report.ts';

/** Tells how a rotation goes: a line a step on standard error, the result on standard output. */
export class Progress {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #started = performance.now();
  readonly #proofs: string[] = [];
  #stepStarted = 0;
  /** Milliseconds spent waiting for containers. */
  #waited = 0;
  /** Steps that were begun. */
  steps = 0;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  readonly observe: Observer = (step, event, index, total) => {
    if (event === 'start') {
      this.steps += 1;
      this.#stepStarted = performance.now();
      return;
    }
    const milliseconds = performance.now() - this.#stepStarted;
    if (isWaiting(step)) this.#waited += milliseconds;
    if (step.do === 'prove' || step.do === 'refuse') this.#proofs.push(stepText(step, 'done'));
    const place = `${String(index + 1).padStart(String(total).length)}/${total}`;
    this.#output.note(`  ${place}  ${stepText(step, 'done')}  ${seconds(milliseconds)}`);
  };

  /** A plan that is not carried out. */
  proposed(plan: RotationPlan): void {
    if (this.#json) {
      this.#print({ outcome: 'planned', ...described(plan) });
      return;
    }
    const lines = planLines(plan, this.#output.width);
    this.#output.result(lines.length > 0 ? lines.join('\n') : 'Nothing to rotate.');
  }

  finished(outcome: 'rotated' | 'rolled back', journal: Journal, plan?: RotationPlan): void {
    const total = performance.now() - this.#started;
    if (this.#json) {
      this.#print({
        outcome,
        changed: changedSecrets(journal),
        restarted: journal.dependents,
        proofs: this.#proofs,
        ...(plan ? described(plan) : {}),
        milliseconds: { total: Math.round(total), containers: Math.round(this.#waited) },
      });
      return;
    }
    const names = changedSecrets(journal);
    const all = [...journal.dependents, ...(journal.certificate ? ['edge (reloaded)'] : [])];
    this.#output.result(
      [
        `${outcome === 'rotated' ? 'Rotated' : 'Brought back'}: ${names.join(', ')}.`,
        ...(all.length > 0
          ? [`Healthy with ${outcome === 'rotated' ? 'the new' : 'the old'} values: ${all.join(', ')}.`]
          : []),
        ...this.#proofs.map((proof) => `  ${proof}`),
        `${seconds(total)}, of which ${seconds(this.#waited)} waiting for containers.`,
        ...(plan?.secrets.flatMap(({ todo }) => (todo ? [`To do: ${todo}`] : [])) ?? []),
        ...refusedLines(plan?.refused ?? [], this.#output.width),
      ].join('\n'),
    );
  }

  #print(document: object): void {
    this.#output.result(JSON.stringify(document, null, 2));
  }
}

function described({ secrets, refused, restarts, idle }: RotationPlan): object {
  return { secrets, refused, restarts, idle };
}

function isWaiting({ do: name }: Step): boolean {
  return name === 'restart' || name === 'reload-edge' || name === 'reencrypt';
}

function seconds(milliseconds: number): string {
  return milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
