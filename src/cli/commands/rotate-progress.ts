import { EXIT, type ExitCode } from '../../errors.ts';
import { restartsAhead } from '../../rotation/ahead.ts';
import type { Change, Journal } from '../../rotation/journal.ts';
import { type Observer, reloadsEdge, type Step, stepsOf } from '../../rotation/machine.ts';
import { todoOf } from '../../rotation/outcomes.ts';
import type { RotationPlan } from '../../rotation/plan.ts';
import { changedSecrets, stepText } from '../../rotation/words.ts';
import type { Output } from '../output.ts';
import { planLines, refusedLines, restartLines } from '../rotation-report.ts';
import type { Session } from './rotate.ts';

/** To the beginning of the line, which is emptied. */
const CLEAR = '\r\x1b[2K';
/** After so long somebody who waits wants to know for what. */
const LONG_MILLISECONDS = 10_000;

/** Tells how a rotation goes: a line a step on standard error, the result on standard output. */
export class Progress {
  readonly #output: Output;
  readonly #json: boolean;
  readonly #project: Session['folder']['project'];
  readonly #folder: Session['folder'];
  readonly #stack: Session['folder']['stack'];
  readonly #proofs: string[] = [];
  readonly #unhealthy = new Set<string>();
  #edgeRuns = true;
  #hush: (ending: string) => void = () => {};
  #started = 0;
  #dockerBefore = 0;
  #step = { started: 0, docker: 0 };
  /** Milliseconds of the steps that wait for containers. */
  #containers = 0;
  /** Steps before this one were told. */
  #next = 0;

  constructor({ invocation: { args, output }, folder }: Session) {
    this.#output = output;
    this.#json = args.switches.has('json');
    this.#folder = folder;
    this.#project = folder.project;
    this.#stack = folder.stack;
  }

  /** The clock starts: nobody is asked from here on. */
  begin(): void {
    this.#started = performance.now();
    this.#dockerBefore = this.#project.dockerMilliseconds;
  }

  readonly observe: Observer = (step, event, index, total) => {
    if (event === 'start') {
      this.#announce(`  ${place(index, total)}  ${stepText(step, 'ahead')} …`);
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
    if (step.do === 'reload-edge') this.#edgeRuns = event === 'done';
    this.#hush(CLEAR);
    // Carried out once more: in the last look at what was done.
    const which = index < this.#next ? 'again'.padStart(place(index, total).length) : place(index, total);
    this.#next = Math.max(this.#next, index + 1);
    this.#output.note(`  ${which}  ${stepText(step, event)}  ${seconds(milliseconds)}`);
  };

  /** Nothing is under way any more. A step that failed stays on the screen. */
  end(): void {
    this.#hush('\n');
  }

  /** On a terminal the line is written over when the step is done; elsewhere only a step that takes long is told. */
  #announce(text: string): void {
    if (process.stderr.isTTY === true && process.env['TERM'] !== 'dumb') {
      process.stderr.write(text.slice(0, (process.stderr.columns || 80) - 1));
      this.#hush = (ending) => {
        process.stderr.write(ending);
        this.#hush = () => {};
      };
      return;
    }
    const timer = setTimeout(() => this.#output.note(text), LONG_MILLISECONDS).unref();
    this.#hush = () => clearTimeout(timer);
  }

  /** The steps of an open rotation that are left and not carried out. */
  foreseen(way: 'resume' | 'rollback', journal: Journal): void {
    const all = stepsOf(journal);
    const steps = all.slice(journal.done);
    const restarts = restartsAhead(journal, this.#folder);
    if (this.#json) {
      const { started } = journal;
      const changed = changedSecrets(journal, this.#stack);
      this.#print({ outcome: 'planned', way, started, changed, steps, restarts });
      return;
    }
    this.#output.result(
      [
        `What is left of ${journal.direction === 'back' ? 'the way back to the old values' : 'the rotation'} (${changedSecrets(journal, this.#stack).join(', ')}, begun ${journal.started}):`,
        ...steps.map(
          (step, index) => `  ${place(journal.done + index, all.length)}  ${stepText(step, 'ahead')}`,
        ),
        ...restartLines(restarts, this.#output.width),
      ].join('\n'),
    );
  }

  /** A plan that is not carried out. */
  proposed(plan: RotationPlan, outcome: 'planned' | 'unchanged', complete: boolean): void {
    if (this.#json) {
      this.#print({ outcome, complete, ...described(plan) });
      return;
    }
    const lines = planLines(plan, this.#output.width);
    this.#output.result(lines.length > 0 ? lines.join('\n') : 'Nothing to rotate.');
  }

  /** @returns the exit code: a container that is unhealthy has its values, but the stack is not well */
  finished(
    outcome: 'rotated' | 'rolled back',
    journal: Journal,
    { plan, complete = true }: { plan?: RotationPlan; complete?: boolean } = {},
  ): ExitCode {
    this.#summary(outcome, journal, { complete, ...(plan ? { plan } : {}) });
    return this.#unhealthy.size > 0 ? EXIT.failed : complete ? EXIT.ok : EXIT.findings;
  }

  #summary(
    outcome: 'rotated' | 'rolled back',
    journal: Journal,
    { plan, complete }: { plan?: RotationPlan; complete: boolean },
  ): void {
    const total = performance.now() - this.#started;
    const containers = this.#containers;
    const docker = this.#project.dockerMilliseconds - this.#dockerBefore;
    const own = total - containers - docker;
    // With the old values back they have the right ones.
    const outsiders = outcome === 'rotated' ? (journal.outsiders ?? []) : [];
    if (this.#json) {
      this.#print({
        outcome,
        complete,
        changed: changedSecrets(journal, this.#stack),
        restarted: journal.dependents,
        unhealthy: [...this.#unhealthy],
        proofs: this.#proofs,
        outsiders,
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
    const dropped = outcome === 'rotated' ? droppedKeys(journal, this.#stack) : [];
    const names = changedSecrets(journal, this.#stack).filter((name) =>
      dropped.every(({ id }) => id !== name),
    );
    const gone = dropped.filter(({ before }) => before !== '').map(({ id }) => id);
    const all = [
      ...journal.dependents.filter((name) => !this.#unhealthy.has(name)),
      ...(reloadsEdge(journal) && this.#edgeRuns ? ['edge (reloaded)'] : []),
    ];
    const values = outcome === 'rotated' ? 'the new values' : 'the old values';
    this.#output.result(
      [
        ...(names.length > 0
          ? [`${outcome === 'rotated' ? 'Rotated' : 'Brought back'}: ${names.join(', ')}.`]
          : []),
        ...(gone.length > 0 ? [`Dropped: ${gone.join(', ')}.`] : []),
        ...(all.length > 0 ? [`Healthy with ${values}: ${all.join(', ')}.`] : []),
        ...[...this.#unhealthy].map(
          (name) =>
            `Not healthy, though services, files and containers have ${values}: ${name}${journal.unhealthy?.includes(name) ? ', nor was it before' : ''} (docker compose logs ${name}).`,
        ),
        ...this.#proofs.map((proof) => `  ${proof}`),
        `${seconds(total)}: ${seconds(containers)} waiting for containers to be healthy, ${seconds(docker)} for commands in them, ${seconds(own)} of its own.`,
        ...(outcome === 'rotated' ? this.#todos(journal) : []),
        ...outsiders.map(
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

/** Replaced keys that nothing accepts any more. */
function droppedKeys({ changes }: Journal, { secrets }: Session['folder']['stack']): Change[] {
  const kept = new Set(secrets.filter(({ kind }) => kind === 'previous').map(({ id }) => id));
  return changes.filter(({ id, after }) => kept.has(id) && after === '');
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
