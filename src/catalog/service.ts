import type { GenericSchema } from 'valibot';
import type { Environment, Secret, SecretFile, Workload, WorkloadFile } from '../stack/model.ts';
import type { Credential } from './rotation.ts';

/** An app of the user's that needs a catalogue service. */
export interface Client {
  name: string;
  /** How the app receives connection secrets. */
  delivery: 'file' | 'variable';
}

export interface ServiceContext<Options> {
  options: Options;
  environment: Environment;
  clients: readonly Client[];
}

/** What a service adds to the stack. */
export interface ServiceParts {
  workload: Omit<Workload, 'name' | 'kind' | 'title'>;
  /** Port its clients connect to. */
  port: number;
  secrets: readonly Secret[];
  secretFiles: readonly SecretFile[];
  files: readonly WorkloadFile[];
  /** Passwords that the service itself knows, and how each is changed while it runs. */
  credentials: readonly Credential[];
}

/** What a client app gets in order to connect. */
export interface Connection {
  /** Plain settings: host, port, user. */
  environment: Readonly<Record<string, string>>;
  /** Settings that `.env` holds because a rotation changes them; not secret. */
  settings?: readonly { variable: string; from: string }[];
  /** Variable (e.g. `DATABASE_URL`) and how its value is made from others. */
  secrets: readonly ConnectionSecret[];
}

export interface ConnectionSecret {
  variable: string;
  what: string;
  placeholder: string;
  derive: (value: (id: string) => string) => string;
  from: readonly string[];
}

/**
 * Everything the program knows about one service. A catalogue file is the only place for its image, user, paths,
 * ports, health check and secrets, each with the upstream file it was read in.
 */
export interface CatalogService<Options = unknown> {
  /** Key under `services` in stack.yaml, and the container's DNS name. */
  name: string;
  title: string;
  /** One line for the wizard and the reference. */
  summary: string;
  /** Environments it may run in; all when absent. */
  environments?: readonly Environment[];
  options: GenericSchema<unknown, Options>;
  build(context: ServiceContext<Options>): ServiceParts;
  connect(options: Options): Connection;
}

/** Keeps the options' type while a catalogue file is written, and forgets it in the list of services. */
export function defineService<Options>(service: CatalogService<Options>): CatalogService {
  return service as unknown as CatalogService;
}
