import { EXIT, type ExitCode } from '../../errors.ts';
import type { Journal } from '../../rotation/journal.ts';
import { type Observer, reloadsEdge, type Step, stepsOf } from '../../rotation/machine.ts';
import { todoOf } from '../../rotation/outcomes.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import type { Output } from '../output.ts';
import { changedSecrets, planLines, refusedLines, stepText } from '../rotation-report.ts';
import type { Session } from './rotate.ts';

/** Tells how a rotation goes: a line a step on standard error, the result on standard output. */
export class Progress {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #project: Session['folder']['project'];
  readonly #stack: Session['folder']['stack'];
  readonly #proofs: string[] = [];
  readonly #unhealthy = new Set<string>();
  #started = 0;
  #dockerBefore = 0;
  #step = { started: 0, docker: 0 };
  /** Milliseconds of the steps that wait for containers. */
  #containers = 0;

  constructor({ invocation: { args, output }, folder: { project, stack } }: Session) {
    this.#output = output;
    this.#json = args.switches.has('json');
    this.#project = project;
    this.#stack = stack;
  }

  /** The clock starts: nobody is asked from here on. */
  begin(): void {
    this.#started = performance.now();
    this.#dockerBefore = this.#project.dockerMilliseconds;
  }

  readonly observe: Observer = (step, event, index, total) => {
    if (event === 'start') {
      this.#step = { started: performance.now(), docker: this.#project.dockerMilliseconds };
      return;
    }
    const milliseconds = performance.now() - this.#step.started;
    if (isWaiting(step)) {
      this.#containers += milliseconds;
      // It is in the step's time already.
      this.#dockerBefore += this.#project.dockerMilliseconds - this.#step.docker;
    }
    if (step.do === 'prove' || step.do === 'refuse') this.#proofs.push(stepText(step, 'done'));
    if (step.do === 'restart' && event === 'unhealthy') this.#unhealthy.add(step.workload);
    this.#output.note(`  ${place(index, total)}  ${stepText(step, event)}  ${seconds(milliseconds)}`);
  };

  /** The steps of an open rotation that are left and not carried out. */
  foreseen(way: 'resume' | 'rollback', journal: Journal): void {
    const all = stepsOf(journal);
    const steps = all.slice(journal.done);
    if (this.#json) {
      const { started } = journal;
      this.#print({ outcome: 'planned', way, started, changed: changedSecrets(journal, this.#stack), steps });
      return;
    }
    this.#output.result(
      [
        `--${way} of the rotation of ${changedSecrets(journal, this.#stack).join(', ')} from ${journal.started}:`,
        ...steps.map(
          (step, index) => `  ${place(journal.done + index, all.length)}  ${stepText(step, 'ahead')}`,
        ),
      ].join('\n'),
    );
  }

  /** A plan that is not carried out. */
  proposed(plan: RotationPlan): void {
    if (this.#json) {
      this.#print({ outcome: 'planned', ...described(plan) });
      return;
    }
    const lines = planLines(plan, this.#output.width);
    this.#output.result(lines.length > 0 ? lines.join('\n') : 'Nothing to rotate.');
  }

  /** @returns the exit code: a container that is unhealthy has its values, but the stack is not well */
  finished(outcome: 'rotated' | 'rolled back', journal: Journal, plan?: RotationPlan): ExitCode {
    this.#summary(outcome, journal, plan);
    return this.#unhealthy.size > 0 ? EXIT.failed : EXIT.ok;
  }

  #summary(outcome: 'rotated' | 'rolled back', journal: Journal, plan?: RotationPlan): void {
    const total = performance.now() - this.#started;
    const containers = this.#containers;
    const docker = this.#project.dockerMilliseconds - this.#dockerBefore;
    const own = total - containers - docker;
    if (this.#json) {
      this.#print({
        outcome,
        changed: changedSecrets(journal, this.#stack),
        restarted: journal.dependents,
        unhealthy: [...this.#unhealthy],
        proofs: this.#proofs,
        ...(plan ? described(plan) : {}),
        milliseconds: {
          total: Math.round(total),
          containers: Math.round(containers),
          docker: Math.round(docker),
          own: Math.round(own),
        },
      });
      return;
    }
    const names = changedSecrets(journal, this.#stack);
    const all = [
      ...journal.dependents.filter((name) => !this.#unhealthy.has(name)),
      ...(reloadsEdge(journal) ? ['edge (reloaded)'] : []),
    ];
    const values = outcome === 'rotated' ? 'the new values' : 'the old values';
    this.#output.result(
      [
        `${outcome === 'rotated' ? 'Rotated' : 'Brought back'}: ${names.join(', ')}.`,
        ...(all.length > 0 ? [`Healthy with ${values}: ${all.join(', ')}.`] : []),
        ...[...this.#unhealthy].map(
          (name) =>
            `Not healthy, though services, files and containers have ${values}: ${name}${journal.unhealthy?.includes(name) ? ', nor was it before' : ''} (docker compose logs ${name}).`,
        ),
        ...this.#proofs.map((proof) => `  ${proof}`),
        `${seconds(total)}: ${seconds(containers)} waiting for containers to be healthy, ${seconds(docker)} for commands in them, ${seconds(own)} of its own.`,
        ...(outcome === 'rotated' ? this.#todos(journal) : []),
        ...(plan?.outsiders ?? []).map(
          (name) => `To do: ${name} has an old value: docker compose up -d --force-recreate ${name}`,
        ),
        ...refusedLines(plan?.refused ?? [], this.#output.width),
      ].join('\n'),
    );
  }

  /** From the journal, so that a rotation which is finished later tells them too. */
  #todos({ changes }: Journal): string[] {
    return changes.flatMap(({ id }) => {
      const secret = this.#stack.secrets.find((one) => one.id === id);
      const todo = secret && todoOf(secret);
      return todo ? [`To do: ${todo}`] : [];
    });
  }

  #print(document: object): void {
    this.#output.result(JSON.stringify(document, null, 2));
  }
}

function described({ secrets, refused, restarts, idle, outsiders = [], locked = [] }: RotationPlan): object {
  const messages = locked.map(({ message }) => message);
  return { secrets, refused, restarts, idle, outsiders, locked: messages };
}

function place(index: number, total: number): string {
  return `${String(index + 1).padStart(String(total).length)}/${total}`;
}

function isWaiting({ do: name }: Step): boolean {
  return ['reread', 'restart', 'reload-edge', 'reencrypt'].includes(name);
}

function seconds(milliseconds: number): string {
  return milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
