/**
 * From the press of the button to an accepted job, and from there to the layer, for a document of
 * 4000 x 3000 pixels with a selection of 700: everything but the networks. Host, session, client, HTTP,
 * queue, storage and process messages are the product's own; the engine is one that paints nothing.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceClient, type ServiceClient } from '../plugin/client/serviceClient.ts';
import type { Host } from '../plugin/host/host.ts';
import { createPhotoshopHost } from '../plugin/host/photoshop/photoshopHost.ts';
import { createEditor } from '../plugin/host/workbench/editor.ts';
import { fullLayer } from '../plugin/host/workbench/layers.ts';
import { createWorkbenchHost } from '../plugin/host/workbench/workbenchHost.ts';
import { pause } from '../plugin/pause.ts';
import { startSession, type Session } from '../plugin/session/session.ts';
import { configFrom } from '../service/config.ts';
import { fromFloatImage } from '../service/engine/picture/convert.ts';
import { startService } from '../service/main.ts';
import type { Rect } from '../shared/geometry.ts';
import { createFakePhotoshop, type FakePhotoshop } from '../test/fakes/photoshop.ts';
import { fakeModels } from '../test/fakes/testService.ts';
import { machineLine } from './measure/machine.ts';
import { ellipse, packageRoot, photograph, rgbaOf } from './measure/photograph.ts';
import { atMost, printTable, told, type Figure } from './measure/table.ts';
import { summaryOf } from './measure/timing.ts';

const size = { width: 4000, height: 3000 };
const selected: Rect = { x: 1650, y: 1150, width: 700, height: 700 };
const mostMs = 150;
const warmUps = 2;
const repetitions = 7;

/** An open document in an editor. */
interface Scene {
  readonly host: Host;
  /** Takes the last layer away again, so that every run meets the same document. */
  undo(): void;
  /** Milliseconds spent so far in what stands in for the editor itself. */
  standInMs(): number;
}

/** Moments of one run, by the clock of this process less what the stand-in took. */
interface Moments {
  pressed: number;
  planned: number;
  captured: number;
  accepted: number;
  resultTold: number;
  fetched: number;
  placed: number;
  bytesSent: number;
  pixelsRead: number;
}

const nothing: Moments = {
  pressed: 0,
  planned: 0,
  captured: 0,
  accepted: 0,
  resultTold: 0,
  fetched: 0,
  placed: 0,
  bytesSent: 0,
  pixelsRead: 0,
};

/** Host and client as they are, writing down when they are done. */
function watched(host: Host, client: ServiceClient, tools: Watch): [Host, ServiceClient] {
  const { moments, now } = tools;
  return [
    {
      ...host,
      capture: async (request) => {
        const captured = await host.capture(request);
        moments().captured = now();
        moments().pixelsRead += captured.picture.width * captured.picture.height;
        return captured;
      },
      place: async (placement) => {
        const placed = await host.place(placement);
        moments().placed = now();
        return placed;
      },
    },
    {
      ...client,
      plan: async (request, signal) => {
        const plan = await client.plan(request, signal);
        // Once the layer is placed the next run is planned.
        if (moments().captured === 0) moments().planned = now();
        return plan;
      },
      result: async (id) => {
        const result = await client.result(id);
        moments().fetched = now();
        return result;
      },
      submit: async (frame, key) => {
        const id = await client.submit(frame, key);
        Object.assign(moments(), { accepted: now(), bytesSent: frame.length });
        return id;
      },
      events: async (jobId, query) => {
        const events = await client.events(jobId, query);
        if (events.some((e) => e.type === 'result')) moments().resultTold = now();
        return events;
      },
    },
  ];
}

interface Watch {
  readonly moments: () => Moments;
  readonly now: () => number;
}

/** Settles when the session's state is as asked; says what it waited for when it never is. */
function until(session: Session, what: string, isSo: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      stop();
      const phase = JSON.stringify(session.getState().runs[0]?.phase);
      reject(new Error(`Waited in vain for ${what}; the newest run: ${phase}`));
    }, 30_000);
    const check = () => {
      if (!isSo()) return;
      clearTimeout(late);
      stop();
      resolve();
    };
    const stop = session.subscribe(check);
    check();
  });
}

async function measure(
  scene: Scene,
  client: ServiceClient,
  source: 'automatic' | 'layer',
): Promise<Moments[]> {
  let moments = nothing;
  const now = () => performance.now() - scene.standInMs();
  const [host, watchedClient] = watched(scene.host, client, { moments: () => moments, now });
  const stored = new Map<string, string>();
  const session = startSession({
    host,
    client: watchedClient,
    tokens: { get: () => undefined, set: () => undefined },
    pickPicture: async () => undefined,
    storage: { getItem: (k) => stored.get(k) ?? null, setItem: (k, v) => void stored.set(k, v) },
    now: () => performance.now(),
    newKey: randomUUID,
    pause,
  });
  const all: Moments[] = [];
  try {
    await until(session, 'the service', () => session.getState().service.phase === 'ready');
    session.change({ prompt: 'a boat', count: 1, source });
    for (let i = 0; i < warmUps + repetitions; i++) {
      await until(session, 'a plan', () => session.getState().plan.phase === 'known');
      await pause(800, new AbortController().signal);
      moments = { ...nothing, pressed: now() };
      const count = session.getState().runs.length;
      session.generate();
      await until(session, 'a layer', () => {
        const { runs } = session.getState();
        return runs.length > count && runs[0].results.some((r) => r.isPlaced);
      });
      if (i >= warmUps) all.push(moments);
      scene.undo();
    }
  } finally {
    session.end();
  }
  return all;
}

function figuresOf(name: string, all: readonly Moments[]): Figure[] {
  const limit = { most: mostMs, unit: 'ms' };
  const between = (from: keyof Moments, to: keyof Moments) => all.map((m) => m[to] - m[from]);
  const part = (what: string, from: keyof Moments, to: keyof Moments) =>
    told(`  ${what}`, summaryOf(between(from, to)), 'ms');
  const last = all[all.length - 1];
  return [
    atMost(`${name}: button to accepted job`, summaryOf(between('pressed', 'accepted')), limit),
    part('plan', 'pressed', 'planned'),
    part('read pixels and selection', 'planned', 'captured'),
    part('frame, upload, check, store', 'captured', 'accepted'),
    atMost(`${name}: engine's result to layer`, summaryOf(between('accepted', 'placed')), limit),
    part('start, engine that paints nothing, store, tell', 'accepted', 'resultTold'),
    part('fetch', 'resultTold', 'fetched'),
    part('thumbnail, layer', 'fetched', 'placed'),
    told('  share of the document that is read', last.pixelsRead / size.width / size.height, '', 2),
    told('  sent', last.bytesSent / 1e6, 'MB', 1),
  ];
}

async function workbench(): Promise<Scene> {
  const rgba = rgbaOf(await photograph(size)).data;
  const coverage = ellipse(
    { width: selected.width, height: selected.height },
    { ...selected, x: 0, y: 0 },
  );
  const editor = createEditor();
  editor.open({
    id: 'document',
    name: 'photo.jpg',
    ...size,
    layers: [fullLayer(1, 'Background', size, { rgba: Uint8ClampedArray.from(rgba) })],
    activeId: 1,
    selection: { bounds: selected, data: coverage.data },
    origin: { depth: 8, profile: undefined },
    extra: undefined,
  });
  return { host: createWorkbenchHost(editor), undo: editor.undo, standInMs: () => 0 };
}

/** Photoshop's own times are unknown here: those of its stand-in are taken off. */
async function photoshop(): Promise<Scene> {
  const fake = createFakePhotoshop();
  const { data } = fromFloatImage(await photograph(size), { channels: 3, depth: 8 });
  const pixels = { x: 0, y: 0, ...size, components: 3, data };
  const layer = fake.layer({ name: 'Background', isBackground: true, pixels });
  const coverage = ellipse(
    { width: selected.width, height: selected.height },
    { ...selected, x: 0, y: 0 },
  );
  const selection = { ...selected, components: 1, data: coverage.data };
  const document = fake.open({ ...size, layers: [layer], active: [layer.id], selection });
  const standIn = timeOf(fake);
  const undo = () => {
    document.layers = document.layers.filter((l) => l.id === layer.id);
  };
  return { host: createPhotoshopHost(fake.api), undo, standInMs: standIn };
}

/** Every call into the imaging module and every snapshot of the history is timed. */
function timeOf(fake: FakePhotoshop): () => number {
  let spent = 0;
  const imaging = fake.api.imaging as unknown as Record<
    string,
    (o: unknown, p: unknown) => unknown
  >;
  for (const [name, call] of Object.entries(imaging)) {
    imaging[name] = async (options, more) => {
      const start = performance.now();
      try {
        return await call(options, more);
      } finally {
        spent += performance.now() - start;
      }
    };
  }
  const { world } = fake;
  const suspend = world.suspend.bind(world);
  world.suspend = (id, name) => {
    const start = performance.now();
    const token = suspend(id, name);
    spent += performance.now() - start;
    return token;
  };
  return () => spent;
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'pentimento-bench-'));
  const service = await startService(configFrom(['--data', dataDir, '--port', '0'], {}), {
    enginePath: join(packageRoot, 'test/fakes/engineProcess.mjs'),
    engineArgs: ['60000'],
    models: fakeModels,
  });
  try {
    const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
    const tokens = { get: () => token, set: () => undefined };
    const client = createServiceClient({ baseUrl: service.url, tokens });
    const figures = [
      ...figuresOf('workbench', await measure(await workbench(), client, 'automatic')),
      ...figuresOf('Photoshop panel', await measure(await photoshop(), client, 'layer')),
    ];
    printTable(
      `Document of ${size.width} x ${size.height}, selection of ${selected.width}; ${machineLine()}`,
      figures,
    );
  } finally {
    await service.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

await main();
