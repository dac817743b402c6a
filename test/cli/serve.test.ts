/** serve, as far as it does not take a process of its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { serve } from '../../service/cli/serve.ts';
import type { Terminal } from '../../service/cli/terminal.ts';
import { buildService } from '../fixtures/builtProgram.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';

const data = temporaryFolder();
const signals = ['SIGINT', 'SIGTERM'] as const;
const others = new Set(signals.flatMap((signal) => process.listeners(signal)));
const own = (signal: NodeJS.Signals) => process.listeners(signal).filter((l) => !others.has(l));

beforeAll(buildService);
afterAll(() => {
  for (const signal of signals) for (const listener of own(signal)) process.off(signal, listener);
});

it('hears Ctrl+C when it says that Ctrl+C stops it', async () => {
  const heard: number[] = [];
  const nothing = () => undefined;
  const terminal: Terminal = {
    progress: nothing,
    note: nothing,
    error: nothing,
    line(text) {
      if (!text.includes('Stop with Ctrl+C')) return;
      heard.push(own('SIGINT').length, own('SIGTERM').length);
    },
    json() {
      setImmediate(() => own('SIGINT').forEach((listener) => listener('SIGINT')));
    },
  };
  await serve({ data, port: '0', device: 'cpu', 'no-open': true }, terminal);
  expect(heard).toEqual([1, 1]);
});
