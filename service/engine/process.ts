/**
 * The engine process: messages in, events out. It runs one job at a time, knows no HTTP and no queue,
 * and ends when its parent does. Started as `process.js --device auto --cache FOLDER`.
 */
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { PentimentoError, toProblem } from '../../shared/errors.ts';
import { planeNamed } from '../../shared/frame.ts';
import { FromEngine, ToEngine } from '../messages.ts';
import { convertFrame, decodeToFrame } from './conversions.ts';
import { readFrameFile, writeFrameFile } from './frameFiles.ts';
import { makeModelCache, type ModelCache } from './modelCache.ts';
import { maskOfPlane, rasterOfPlane } from './picture/planes.ts';
import { runJob, type JobProgress } from './runJob.ts';
import { chooseDevice, isDeviceName, type Device } from './runtime/device.ts';

type RunMessage = Extract<ToEngine, { type: 'run' }>;

function say(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

async function run(message: RunMessage, models: ModelCache, signal: AbortSignal): Promise<void> {
  const { jobId, request } = message;
  const frame = await readFrameFile(message.framePath);
  const picture = planeNamed(frame, 'picture');
  const mask = planeNamed(frame, 'mask');
  const job = {
    request,
    picture: picture && rasterOfPlane(picture),
    mask: mask && maskOfPlane(mask),
    inputSha256: message.inputSha256,
    model: message.model?.reference,
  };
  const tools = {
    signal,
    preview: message.preview,
    nowMs: () => performance.now(),
    openModel: async (oddSizes: 'webui' | 'diffusers', onStage: (name: string) => void) => {
      if (!message.model) throw new PentimentoError('E_MODEL_NONE');
      return models.open(message.model, oddSizes, onStage);
    },
    onStage: (name: string, budgetMs: number) => say({ type: 'stage', jobId, name, budgetMs }),
  };
  for await (const progress of runJob(job, tools)) await tell(message, progress);
}

async function tell(message: RunMessage, progress: JobProgress): Promise<void> {
  const { jobId } = message;
  switch (progress.type) {
    case 'plan':
      return say({ type: 'plan', jobId, plan: progress.plan });
    case 'step':
      return say({ jobId, ...progress });
    case 'preview':
      return say({ jobId, ...progress });
    case 'result': {
      const { bounds, recipe, color, alpha, index } = progress;
      const framePath = join(message.outDir, `result-${index}.frame`);
      await writeFrameFile(framePath, { body: { bounds, recipe }, planes: [color, alpha] });
      return say({ type: 'result', jobId, index, framePath, bounds, recipe });
    }
  }
}

/** Errors that are not ours go to stderr whole (the server keeps its tail); the user sees a sentence. */
function log(error: unknown): void {
  process.stderr.write(`${inspect(error)}\n`);
}

function serve(device: Device, cacheFolder: string): void {
  const models = makeModelCache({ device, cacheFolder });
  let running: { jobId: string; stop: AbortController } | undefined;

  async function start(message: RunMessage): Promise<void> {
    const stop = new AbortController();
    running = { jobId: message.jobId, stop };
    const { jobId } = message;
    try {
      await run(message, models, stop.signal);
      say({ type: 'done', jobId });
    } catch (error) {
      if (stop.signal.aborted) say({ type: 'cancelled', jobId });
      else {
        log(error);
        say({ type: 'failed', jobId, problem: toProblem(error) });
      }
    } finally {
      running = undefined;
      say({ type: 'memory', residentBytes: process.memoryUsage().rss });
    }
  }

  async function convert(id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      say({ type: 'converted', id });
    } catch (error) {
      log(error);
      say({ type: 'converted', id, problem: toProblem(error) });
    }
  }

  process.on('message', (raw: unknown) => {
    const message = ToEngine.parse(raw);
    switch (message.type) {
      case 'run':
        return void start(message);
      case 'cancel':
        if (running?.jobId === message.jobId) running.stop.abort();
        return undefined;
      case 'decode':
        return void convert(message.id, () => decodeToFrame(message.path, message.outPath));
      case 'encode':
        return void convert(message.id, () => convertFrame(message));
      case 'exit':
        return process.exit(0);
    }
  });
  process.on('disconnect', () => process.exit(0));
  // Ctrl+C in a terminal reaches every process of the command; the parent decides what it means.
  process.on('SIGINT', () => undefined);
  say({ type: 'ready', device: device.name, pid: process.pid });
}

function main(): void {
  const { values } = parseArgs({
    options: { device: { type: 'string' }, cache: { type: 'string' } },
  });
  const asked = values.device ?? 'auto';
  if (!isDeviceName(asked) || values.cache === undefined) {
    process.stderr.write('usage: process.js --device NAME --cache FOLDER\n');
    process.exit(2);
  }
  serve(chooseDevice(asked), values.cache);
}

main();
