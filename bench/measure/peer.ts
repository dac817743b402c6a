import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from './photograph.ts';
import type { Summary } from './timing.ts';

/** Another program that times its operations when asked. */
export interface Peer {
  time(size: number, name: string): Promise<Summary>;
  stop(): void;
}

/** A script of tools/peers that answers each line with one of JSON. */
export function startPeer(python: string, script: string): Peer {
  const path = join(packageRoot, 'tools', 'peers', script);
  const child = spawn(python, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async time(size, name) {
      child.stdin.write(`${size} ${name}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${script} ended at "${name}"`);
      return JSON.parse(value) as Summary;
    },
    stop: () => child.stdin.end(),
  };
}
