import { type ChildProcess, spawn } from 'node:child_process';
import { networkNamespaceStranger, type Stranger } from '../stranger.ts';

const server = `require('node:net').createServer((socket) => socket.end()).listen(443, () => console.log('ready'));`;

/**
 * A server that stands for the internet: on a wire of the host's, and, like any server out there, with no way back to an
 * address of Docker's networks. Only connections that the host makes in its own name reach it and are answered.
 */
export class Elsewhere {
  readonly #stranger: Stranger;
  readonly #server: ChildProcess;

  private constructor(stranger: Stranger, process: ChildProcess) {
    this.#stranger = stranger;
    this.#server = process;
  }

  static async open(): Promise<Elsewhere> {
    const stranger = await networkNamespaceStranger();
    await stranger.exec('ip', ['route', 'delete', 'default']);
    const child = spawn('ip', ['netns', 'exec', stranger.namespace, process.execPath, '-e', server]);
    await new Promise((resolve, reject) => {
      child.stdout.once('data', resolve);
      child.once('exit', () => reject(new Error('the server elsewhere does not start')));
    });
    return new Elsewhere(stranger, child);
  }

  get target(): readonly [string, number] {
    return [this.#stranger.own.v4, 443];
  }

  async close(): Promise<void> {
    this.#server.kill('SIGKILL');
    await this.#stranger.remove();
  }
}
