import type { RandomSource } from '../secrets/kinds.ts';

/** Values of `.env` by name, as they were before a rotation or as they will be after it. */
export type Values = (id: string) => string;

/** How a program in a container ended. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A program run in a service's container. Secrets stand in `input` only: arguments can be read by every process. */
export interface EngineCommand<Result> {
  argv: readonly string[];
  /** Written to the program's standard input. */
  input: string;
  /**
   * What the outcome means.
   * @throws {Error} when it means neither success nor a refusal, with the service's own words
   */
  read: (outcome: Outcome) => Result;
}

export type LoginResult = 'accepted' | 'refused';

/**
 * A password that a service knows by itself, so that changing a file does not change it. Every command may be repeated:
 * after a crash nobody knows whether the last one was carried out.
 */
export interface Credential {
  /** The secret in `.env` that holds the password. */
  secret: string;
  /** The service, and the container the commands run in. */
  service: string;
  /** Whose password it is, e.g. `role app`. */
  user: string;
  /** Old and new password are accepted at the same time, so that no client is ever locked out. */
  overlap: boolean;
  /** Where the service keeps it. `files`: it reads the secret files whenever it starts; else the volume of that name. */
  keptIn: 'files' | { volume: string };
  /** Credential whose login the commands below use; absent: they go by a way of the container's own. */
  authority?: string;
  /** Other values that change together with the password. */
  companions?: (before: Values) => Readonly<Record<string, string>>;
  /** Makes the password of `side` valid; with `overlap`, beside the other one. */
  accept: (side: Values, context: CommandContext) => EngineCommand<void>;
  /** A login over the network, as the clients do it. */
  login: (side: Values) => EngineCommand<LoginResult>;
  /**
   * Ends the password of `side` and leaves that of `remaining`, and no other login. Absent: it ended when the other one
   * was set, and there is no other login.
   */
  revoke?: (side: Values, context: CommandContext & { remaining: Values }) => EngineCommand<void>;
  /** Ends the sessions that were opened with the password of `side`. */
  endSessions: (side: Values, context: CommandContext) => EngineCommand<void>;
}

export interface CommandContext {
  /** Values with which the authority is let in at this moment. */
  authority: Values;
  random: RandomSource;
}
