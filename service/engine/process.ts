/**
 * The engine process: messages in, events out. It runs one job at a time, knows no HTTP and no queue,
 * and ends when its parent does. Started as
 * `process.js --device auto --cache FOLDER [--low-memory] [--memory-budget 60%]`.
 */
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { PentimentoError, toProblem } from '../../shared/errors.ts';
import { controlPlaneName } from '../../shared/control.ts';
import { planeNamed, type Frame } from '../../shared/frame.ts';
import { freeBuffersAtOnce } from '../bigGarbage.ts';
import { FromEngine, ToEngine } from '../messages.ts';
import { convertFrame, decodeToFrame, previewFrame } from './conversions.ts';
import { readFrameFile, writeFrameFile } from './frameFiles.ts';
import { makeControlCache, type ControlCache } from './controlCache.ts';
import { engineMemory, type EngineMemory, type MemorySettings } from './engineMemory.ts';
import { makeModelCache, type ModelCache } from './modelCache.ts';
import { maskOfPlane, rasterOfPlane } from './picture/planes.ts';
import type { Raster } from './picture/raster.ts';
import { runJob, type JobProgress } from './runJob.ts';
import { makeUpscalerCache, type UpscalerCache } from './upscalerCache.ts';
import { needsModel, upscalerModels, type GenerateRequest } from '../../shared/request.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { embeddingsIn, namedLoras, type NamedLoras } from './promptLoras.ts';
import { usedEmbeddingHashes, usedLoraHashes } from './usedHashes.ts';
import { chooseDevice, isDeviceName, type Device } from './runtime/device.ts';

type RunMessage = Extract<ToEngine, { type: 'run' }>;

function say(message: FromEngine): void {
  if (process.connected) process.send?.(message);
}

interface Caches {
  readonly models: ModelCache;
  readonly controls: ControlCache;
  readonly upscalers: UpscalerCache;
  readonly memory: EngineMemory;
}

async function run(message: RunMessage, caches: Caches, signal: AbortSignal): Promise<void> {
  const { jobId, request } = message;
  const loras = lorasOf(message);
  const frame = await readFrameFile(message.framePath);
  const picture = planeNamed(frame, 'picture');
  const mask = planeNamed(frame, 'mask');
  const named = new Set<string>();
  const job = {
    request,
    picture: picture && rasterOfPlane(picture),
    mask: mask && maskOfPlane(mask),
    controls: message.model?.controls?.map(({ name }) => name) ?? [],
    controlPictures: controlPicturesOf(frame, request),
    inputSha256: message.inputSha256,
    model: message.model?.reference,
    parts: message.model?.rest?.reference,
    refiner: message.stages?.refiner?.reference,
    upscalers: upscalerNames(message),
    loras: usedLoraHashes(loras.adapters, message.model?.loras ?? []),
    get embeddings() {
      return usedEmbeddingHashes(named, message.model?.embeddings ?? []);
    },
  };
  const tools = {
    signal,
    preview: message.preview,
    nowMs: () => performance.now(),
    openModel: async (oddSizes: 'webui' | 'diffusers', onStage: (name: string) => void) => {
      if (!message.model) throw new PentimentoError('E_MODEL_NONE');
      return caches.models.open(message.model, { oddSizes, loras: loras.adapters }, onStage);
    },
    openControls: (family: string, onStage: (name: string) => void) =>
      caches.controls.open(message.model?.controls ?? [], family, onStage),
    promptNotes: () => loras.notes,
    onEmbeddings: (names: readonly string[]) => names.forEach((name) => named.add(name)),
    // The artist's own come first where names are the same.
    embeddings: [...(message.model?.embeddings ?? []), ...(await embeddingsIn(loras.adapters))],
    openRefiner: async (oddSizes: 'webui' | 'diffusers', onStage: (name: string) => void) => {
      const files = message.stages?.refiner;
      if (!files) throw new PentimentoError('E_MODEL_UNKNOWN');
      // LoRA files are for one family.
      const isSame = files.reference.family === message.model?.reference.family;
      const adapters = isSame ? loras.adapters : [];
      return caches.models.open(files, { oddSizes, loras: adapters, beside: true }, onStage);
    },
    openUpscaler: async (name: string, onStage: (name: string) => void) => {
      const file = message.stages?.upscalers?.[name];
      if (!file) throw new PentimentoError('E_MODEL_UNKNOWN');
      return caches.upscalers.open(file.path, onStage);
    },
    memory: () => caches.memory.machine(),
    onStage: (name: string, budgetMs: number) => say({ type: 'stage', jobId, name, budgetMs }),
  };
  const upscalers = Object.values(message.stages?.upscalers ?? {});
  await caches.upscalers.keepOnly(upscalers.map(({ path }) => path));
  for await (const progress of runJob(job, tools)) await tell(message, progress);
}

function upscalerNames({ request, stages }: RunMessage): string[] {
  return upscalerModels(request).map((name) => stages?.upscalers?.[name]?.name ?? name);
}

/** By the places of their units. */
function controlPicturesOf(frame: Frame, request: GenerateRequest): (Raster | undefined)[] {
  const units = needsModel(request) ? (request.controls ?? []) : [];
  return units.map((_, i) => {
    const plane = planeNamed(frame, controlPlaneName(i));
    return plane && rasterOfPlane(plane);
  });
}

/** The LoRA files that the request's prompt names. Throws E_MODEL_FAMILY. */
function lorasOf({ request, model }: RunMessage): NamedLoras {
  if (!model || !needsModel(request)) return { adapters: [], notes: [] };
  const { promptLanguage } = pipelineOptions(request.dialect);
  const { family } = model.reference;
  return namedLoras(request.prompt, model.loras ?? [], { family, language: promptLanguage });
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

function serve(device: Device, cacheFolder: string, settings: MemorySettings): void {
  const memory = engineMemory(device, settings);
  const caches = {
    models: makeModelCache({ device, cacheFolder, memory, kept: memory.modelsKept }),
    controls: makeControlCache({ device, cacheFolder, memory, kept: memory.controlsKept }),
    upscalers: makeUpscalerCache({ device, cacheFolder, memory }),
    memory,
  };
  let running: { jobId: string; stop: AbortController } | undefined;

  async function start(message: RunMessage): Promise<void> {
    const stop = new AbortController();
    running = { jobId: message.jobId, stop };
    const { jobId } = message;
    try {
      await run(message, caches, stop.signal);
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
      case 'preview':
        return void convert(message.id, () => previewFrame(message));
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
  freeBuffersAtOnce();
  const { values } = parseArgs({
    options: {
      device: { type: 'string' },
      cache: { type: 'string' },
      'low-memory': { type: 'boolean' },
      'memory-budget': { type: 'string' },
    },
  });
  const asked = values.device ?? 'auto';
  if (!isDeviceName(asked) || values.cache === undefined) {
    process.stderr.write(
      'usage: process.js --device NAME --cache FOLDER [--low-memory] [--memory-budget 60%]\n',
    );
    process.exit(2);
  }
  serve(chooseDevice(asked), values.cache, {
    lowMemory: values['low-memory'] ?? false,
    budget: values['memory-budget'],
  });
}

main();
