import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../service/jobs/clock.ts';
import { systemClock } from '../../service/jobs/clock.ts';
import { Converter } from '../../service/jobs/converter.ts';
import type { EngineSpec } from '../../service/jobs/engineProcess.ts';
import { silentLog } from '../../service/jobs/logFile.ts';
import { endStaleEngine, rememberEngine } from '../../service/jobs/staleEngine.ts';
import { stopWhenIdle } from '../../service/jobs/stopWhenIdle.ts';
import { Supervisor } from '../../service/jobs/supervisor.ts';
import { fakeEnginePath, temporaryFolder } from '../fakes/testService.ts';
import { eventually } from '../fixtures/eventually.ts';
import { removeFolder } from '../fixtures/removeFolder.ts';

let folder: string;
let spec: EngineSpec;
beforeEach(() => {
  folder = temporaryFolder();
  mkdirSync(join(folder, 'tmp'));
  const env = { PATH: process.env['PATH'] ?? '' };
  spec = { path: fakeEnginePath, args: ['60000'], cwd: join(folder, 'tmp'), env };
});
afterEach(() => removeFolder(folder));

async function until(check: () => boolean): Promise<void> {
  await eventually(() => expect(check()).toBe(true));
}

/** The real clock, but each timer's length is written down. */
function watchedClock(): { clock: Clock; timers: number[] } {
  const timers: number[] = [];
  return {
    timers,
    clock: {
      ...systemClock,
      timer(ms, action) {
        timers.push(ms);
        return systemClock.timer(Math.min(ms, 50), action);
      },
    },
  };
}

/** The real clock, but timers of one length end when the test says so. */
function heldClock(heldMs: number): { clock: Clock; held: Array<() => void> } {
  const held: Array<() => void> = [];
  const timer: Clock['timer'] = (ms, action) => {
    if (ms !== heldMs) return systemClock.timer(ms, action);
    held.push(action);
    return () => held.splice(held.indexOf(action), 1);
  };
  return { held, clock: { ...systemClock, timer } };
}

describe('an engine that cannot start', () => {
  it('is tried at once, then after growing pauses (K05)', async () => {
    const { clock, timers } = watchedClock();
    const broken = { ...spec, path: join(folder, 'missing.mjs') };
    const supervisor = new Supervisor({ spec: broken, clock, log: silentLog, startBudgetMs: 9999 });
    supervisor.start();
    const pauses = () => timers.filter((ms) => ms !== 9999 && ms !== 3000);
    await until(() => pauses().length >= 5);
    await supervisor.stop();
    expect(pauses().slice(0, 5)).toEqual([0, 1000, 2000, 4000, 8000]);
    expect(supervisor.state).toBe('stopped');
  });
});

describe('an engine left over from a killed service (K08)', () => {
  it('is ended, but no other process with its number is', async () => {
    const supervisor = new Supervisor({
      spec,
      clock: systemClock,
      log: silentLog,
      onSpawn: (pid) => rememberEngine(folder, pid),
    });
    supervisor.start();
    await until(() => supervisor.state === 'idle');
    const { pid } = supervisor;
    expect(endStaleEngine(folder, join(folder, 'another.js'))).toBe(false);
    expect(endStaleEngine(folder, fakeEnginePath)).toBe(process.platform === 'linux');
    if (process.platform === 'linux') await until(() => supervisor.pid !== pid);
    await supervisor.stop();
    writeFileSync(join(folder, 'engine.pid'), String(process.pid));
    expect(endStaleEngine(folder, fakeEnginePath)).toBe(false);
    writeFileSync(join(folder, 'engine.pid'), '1');
    expect(endStaleEngine(folder, '')).toBe(false);
  });
});

describe('converting pictures', () => {
  const picture = (text: string) => {
    const path = join(folder, text);
    writeFileSync(path, text);
    return { type: 'decode', path, outPath: join(folder, `${text}.frame`) } as const;
  };

  it('ends a decoder that takes too long, and starts another for the next picture', async () => {
    const { clock, held } = heldClock(600);
    const converter = new Converter({ spec, clock, log: silentLog, limitMs: 600 });
    const hanging = converter.convert(picture('HANG'));
    const failure = expect(hanging).rejects.toMatchObject({ code: 'E_IMAGE_TIMEOUT' });
    await until(() => existsSync(join(folder, 'HANG.hangs')));
    expect(held).toHaveLength(1);
    held[0]();
    await failure;
    await converter.convert(picture('fine'));
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => converter.convert(picture(name))));
    converter.stop();
    await expect(converter.convert(picture('late'))).rejects.toMatchObject({
      code: 'E_SHUTTING_DOWN',
    });
  });

  it('rests when idle, and works again when asked', async () => {
    const { clock, held } = heldClock(900);
    const converter = new Converter({ spec, clock, log: silentLog, idleMs: 900 });
    await converter.convert(picture('one'));
    expect(held).toHaveLength(1);
    held[0]();
    await converter.convert(picture('two'));
    converter.stop();
  });
});

describe('a service that nobody uses', () => {
  it('stops after the minutes given, not while a job or a reader is there', () => {
    let now = 0;
    let due: Array<() => void> = [];
    const clock: Clock = {
      wallMs: () => now,
      monotonicMs: () => now,
      timer: (_, action) => {
        due.push(action);
        return () => {};
      },
    };
    const pass = (ms: number) => {
      now += ms;
      const actions = due;
      due = [];
      for (const action of actions) action();
    };
    let stops = 0;
    let readers = 1;
    const data = {
      jobs: { queuedCount: () => 0, running: () => [] },
      events: { waiterCount: () => readers },
    };
    const parts = {
      clock,
      server: { lastRequestMs: () => 0 },
      data: data as unknown as Parameters<typeof stopWhenIdle>[1]['data'],
      stop: () => {
        stops += 1;
        return Promise.resolve();
      },
    };
    stopWhenIdle(0, parts);
    expect(due).toEqual([]);
    stopWhenIdle(1, parts);
    pass(70_000);
    expect(stops).toBe(0);
    readers = 0;
    pass(5_000);
    expect(stops).toBe(1);
    expect(due).toEqual([]);
  });
});
