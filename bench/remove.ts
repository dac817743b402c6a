/**
 * Remove without a model: a hole of 300 pixels in a document of 12 megapixels, as a job of the engine; how
 * long a cancel may go unheard, and that the memory does not grow with the document.
 */
import { setImmediate } from 'node:timers/promises';
import { planRun } from '../service/engine/plan/planRun.ts';
import { runJob, type Job, type JobTools } from '../service/engine/runJob.ts';
import { intersectRects, rectOfSize, relativeTo, type Size } from '../shared/geometry.ts';
import type { RemoveRequest } from '../shared/request.ts';
import { runsAsEngine } from './measure/asEngine.ts';
import { machineLine } from './measure/machine.ts';
import { ellipse, photograph, rgbaOf } from './measure/photograph.ts';
import { atMost, printTable, told } from './measure/table.ts';
import { summaryOf, timed } from './measure/timing.ts';

const twelve = { width: 4000, height: 3000 };
const larger = { width: 8000, height: 6000 };
const holePx = 300;

/** Only the pixels of the plan's context are sent, as by the panel and the command line. */
async function removal(document: Size, grainMatch: number): Promise<Job> {
  const bounds = { x: 1600, y: 1600, width: holePx, height: holePx };
  const { context } = planRun(
    {
      kind: 'remove',
      document,
      bounds,
      model: '',
      strength: 1,
      steps: 1,
      featherPx: 8,
      growPx: 0,
      area: 'context',
      paddingPx: 0,
      count: 1,
      dialect: 'pentimento',
    },
    { nativeSide: 512 },
  );
  const region = intersectRects(context, rectOfSize(document));
  const { width, height } = region;
  const request: RemoveRequest = {
    kind: 'remove',
    document: { id: 'd', name: 'd', ...document, depth: 8, mode: 'rgb' },
    region,
    seed: 1,
    count: 1,
    featherPx: 8,
    growPx: 0,
    colorMatch: 1,
    grainMatch,
  };
  return {
    request,
    picture: rgbaOf(await photograph({ width, height })),
    mask: ellipse({ width, height }, relativeTo(bounds, region)),
    inputSha256: '0'.repeat(64),
    model: undefined,
  };
}

async function run(job: Job): Promise<void> {
  const tools: JobTools = {
    signal: new AbortController().signal,
    preview: false,
    nowMs: () => performance.now(),
    openModel: () => Promise.reject(new Error('No model is opened for a removal')),
    onStage: () => undefined,
  };
  let results = 0;
  for await (const progress of runJob(job, tools)) if (progress.type === 'result') results++;
  if (results !== 1) throw new Error(`Expected one result but received ${results}`);
}

interface Watched {
  /** The longest time that nothing else of the process was run. */
  readonly pauseMs: number;
  /** Most bytes of resident memory beyond those before. */
  readonly bytes: number;
}

async function watched(work: () => Promise<unknown>): Promise<Watched> {
  const seen = { pauseMs: 0, bytes: 0, isDone: false };
  const before = process.memoryUsage.rss();
  const watch = async () => {
    for (let last = performance.now(); !seen.isDone;) {
      await setImmediate();
      const now = performance.now();
      seen.pauseMs = Math.max(seen.pauseMs, now - last);
      seen.bytes = Math.max(seen.bytes, process.memoryUsage.rss() - before);
      last = performance.now();
    }
  };
  const watching = watch();
  await work();
  seen.isDone = true;
  await watching;
  return seen;
}

async function main(): Promise<void> {
  const job = await removal(twelve, 0);
  const grainy = await removal(twelve, 1);
  const { region } = job.request;
  const inLarger = (await removal(larger, 0)).request.region;
  // The first run takes memory that later ones find.
  const first = await watched(() => run(job));
  const { ms } = await timed(() => run(job), { warmUps: 1, repetitions: 3 });
  const seconds = { median: ms.median / 1000, least: ms.least / 1000 };
  const withGrain = await timed(() => run(grainy), { warmUps: 1, repetitions: 3 });
  const pauses = [first.pauseMs];
  for (let i = 0; i < 3; i++) pauses.push((await watched(() => run(grainy))).pauseMs);
  const megapixels = (rect: Size) => (rect.width * rect.height) / 1e6;
  printTable(`Remove, ${twelve.width} x ${twelve.height}, hole of ${holePx}; ${machineLine()}`, [
    atMost('the whole job', seconds, { most: 3, unit: 's', digits: 2 }),
    told('the same with grain matched', withGrain.ms.median / 1000, 's', 2),
    atMost('longest time in which a cancel is not heard', summaryOf(pauses), {
      most: 100,
      unit: 'ms',
    }),
    told('sent of the document', megapixels(region), 'megapixels', 2),
    told(`  of one of ${larger.width} x ${larger.height}`, megapixels(inLarger), 'megapixels', 2),
    told('memory beyond what the engine has before', first.bytes / 1e6, 'MB'),
  ]);
}

if (runsAsEngine(import.meta.url)) await main();
