import { setTimeout as sleep } from 'node:timers/promises';
import type { Credential, EngineCommand, LoginResult, Values } from '../catalog/rotation.ts';
import type { ComposeProject } from '../engine/project.ts';
import { EXIT, UserError } from '../errors.ts';
import type { RandomSource } from '../secrets/kinds.ts';
import type { Side } from './machine.ts';

/** Seconds a service gets to come back when it is restarting, before a step fails. */
const PATIENCE_SECONDS = 60;

export interface EnginesInput {
  project: ComposeProject;
  credentials: readonly Credential[];
  /** The values of one side. */
  values: (side: Side) => Values;
  random: RandomSource;
}

/** The credentials of a stack inside their running services. */
export class Engines {
  readonly #input: EnginesInput;
  readonly #containers = new Map<string, string>();

  constructor(input: EnginesInput) {
    this.#input = input;
  }

  async accept(secret: string, side: Side): Promise<void> {
    const credential = this.#credential(secret);
    await this.#run(credential, credential.accept(this.#input.values(side), await this.#context(credential)));
  }

  async login(secret: string, side: Side): Promise<LoginResult> {
    const credential = this.#credential(secret);
    return this.#run(credential, credential.login(this.#input.values(side)));
  }

  /** Ends the password of `side`; the one of the other side stays. */
  async revoke(secret: string, side: Side): Promise<void> {
    const credential = this.#credential(secret);
    const remaining = this.#input.values(side === 'before' ? 'after' : 'before');
    const context = { ...(await this.#context(credential)), remaining };
    if (credential.revoke) await this.#run(credential, credential.revoke(this.#input.values(side), context));
  }

  async endSessions(secret: string, side: Side): Promise<void> {
    const credential = this.#credential(secret);
    await this.#run(
      credential,
      credential.endSessions(this.#input.values(side), await this.#context(credential)),
    );
  }

  #credential(secret: string): Credential {
    const credential = this.#input.credentials.find((one) => one.secret === secret);
    if (!credential) throw new Error(`no service knows ${secret}`);
    return credential;
  }

  /** The administrator's password is being changed too, so which one works now can only be tried. */
  async #context({ authority, service }: Credential): Promise<{ authority: Values; random: RandomSource }> {
    const { values, random } = this.#input;
    if (authority === undefined) return { authority: values('before'), random };
    for (const side of ['after', 'before'] as const) {
      if ((await this.login(authority, side)) === 'accepted') return { authority: values(side), random };
    }
    throw new UserError(
      {
        message: `${service} accepts none of the passwords known for its administrator (${authority})`,
        hint: `it reads its passwords when it starts: docker compose up -d --force-recreate --no-deps ${service}`,
      },
      EXIT.failed,
    );
  }

  /** A service that is just starting refuses connections; that is no answer to a login. */
  async #run<Result>(credential: Credential, command: EngineCommand<Result>): Promise<Result> {
    const { service } = credential;
    const deadline = Date.now() + PATIENCE_SECONDS * 1000;
    for (;;) {
      try {
        const outcome = await this.#input.project.exec(
          await this.#container(service),
          command.argv,
          command.input,
        );
        return command.read(outcome);
      } catch (error) {
        this.#containers.delete(service);
        if (error instanceof UserError) throw error;
        if (Date.now() > deadline)
          throw failure(service, (error as Error).message, error instanceof Down ? 'up -d --wait' : 'logs');
      }
      await sleep(500);
    }
  }

  async #container(service: string): Promise<string> {
    const known = this.#containers.get(service);
    if (known !== undefined) return known;
    const containers = await this.#input.project.containers(service);
    const found = containers.find(({ status }) => status === 'running');
    if (!found) {
      if (containers.some(({ status }) => status === 'paused'))
        throw failure(service, 'is paused', 'unpause');
      throw new Down('does not run');
    }
    this.#containers.set(service, found.id);
    return found.id;
  }
}

/** Its container may be back in a moment. */
class Down extends Error {}

/** @param command what of docker compose helps, or tells more */
function failure(service: string, what: string, command: string): UserError {
  return new UserError(
    { message: `${service}: ${what}`, hint: `docker compose ${command} ${service}` },
    EXIT.failed,
  );
}
