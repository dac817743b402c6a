/** The server's composition root: config -> data -> engine -> queue -> app -> listen. */
import { join } from 'node:path';
import { availableMemoryBytes, totalMemoryBytes } from './availableMemoryBytes.ts';
import type { Config } from './config.ts';
import type { MachineMemory } from './engine/plan/memoryPlan.ts';
import { countTokens } from './engine/prompt/countTokens.ts';
import { samplingCatalogue } from './engine/sampling/catalogue.ts';
import { findSampler } from './engine/sampling/samplers/registry.ts';
import { findSchedule } from './engine/sampling/sigmas/registry.ts';
import { engineSpec } from './jobs/engineSpec.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { makePairingDesk } from './http/pairingDesk.ts';
import type { ModelSource } from './http/parts.ts';
import { answerPlan } from './http/planAnswer.ts';
import { stopWhenIdle } from './jobs/stopWhenIdle.ts';
import { systemClock, type Clock } from './jobs/clock.ts';
import { Converter } from './jobs/converter.ts';
import { realDisk, type Disk } from './jobs/disk.ts';
import { reasonOf } from './jobs/logFile.ts';
import { JobQueue } from './jobs/queue.ts';
import { endStaleEngine, forgetEngine, rememberEngine } from './jobs/staleEngine.ts';
import { Supervisor, type SupervisorOptions } from './jobs/supervisor.ts';
import { lazyModels } from './http/lazyModels.ts';
import { openData, type Data } from './jobs/openData.ts';
import type { LibraryOptions } from './library/libraryParts.ts';
import type { Status } from '../shared/api.ts';
import { apiVersion } from '../shared/limits.ts';
import { memoryBudgetBytes } from '../shared/memoryBudget.ts';
import { needsModel, type GenerateRequest } from '../shared/request.ts';

export interface RunningService {
  readonly port: number;
  /** "http://127.0.0.1:47860" */
  readonly url: string;
  /** Pairing code for the first client, valid once. */
  readonly code: string;
  /** Gives a running job back to the queue and ends; settles when everything is closed. */
  stop(): Promise<void>;
  /** Settles when the service has stopped, by `stop` or because it was idle. */
  readonly stopped: Promise<void>;
}

/** What tests replace. */
export interface Replacements {
  readonly enginePath?: string;
  readonly engineArgs?: readonly string[];
  readonly models?: ModelSource;
  readonly workbenchDir?: string;
  readonly disk?: Disk;
  readonly limits?: Pick<SupervisorOptions, 'startBudgetMs' | 'leastGraceMs' | 'exitGraceMs'>;
}

const firstCodeValidMs = 24 * 3_600_000;
const answerGraceMs = 2_000;
/** Of one core, for the hashes of model files. */
const hashingShare = 0.4;

/** Throws E_STORAGE, E_ALREADY_RUNNING, E_DISK_FULL, E_PORT_TAKEN; then nothing is left open. */
export async function startService(
  config: Config,
  replaced: Replacements = {},
): Promise<RunningService> {
  const clock = systemClock;
  const data = await openData({ ...config, clock, disk: replaced.disk ?? realDisk });
  try {
    return await startOn(data, config, { clock, replaced });
  } catch (error) {
    data.close();
    throw error;
  }
}

async function startOn(
  data: Data,
  config: Config,
  tools: { clock: Clock; replaced: Replacements },
): Promise<RunningService> {
  const { clock, replaced } = tools;
  const { log, timings } = data;
  const spec = engineSpec(config, data.blobs.tmpDir, replaced);
  const onSpawn = (pid: number) => rememberEngine(config.dataDir, pid);
  const supervisor = new Supervisor({
    spec: spec('engine'),
    clock,
    log,
    onSpawn,
    ...replaced.limits,
  });
  const isBusy = () => supervisor.state === 'working';
  const models = replaced.models ?? lazyModels(libraryOptions(config, isBusy));
  const converter = new Converter({ spec: spec('pictures'), clock, log });
  const pairing = makePairingDesk(clock);
  const queue = new JobQueue({
    ...data,
    supervisor,
    clock,
    modelFiles: (...asked) => models.files(...asked),
    stages: models,
    onFinished: () => data.sweep(),
  });
  queue.recover();
  const app = createApp({
    ...data,
    queue,
    converter,
    pairing,
    models,
    clock,
    validate,
    modelFolders: config.modelFolders,
    dataDir: config.dataDir,
    workbenchDir: replaced.workbenchDir ?? join(config.packageRoot, 'dist', 'workbench'),
    cacheDir: config.cacheDir,
    plan: (asked) =>
      answerPlan(asked, {
        models,
        timings,
        device: () => supervisor.device,
        memory: () => memoryOf(config, supervisor),
      }),
    samplers: samplingCatalogue,
    countTokens,
    status: () => statusOf(config, supervisor, data),
  });
  const { host, port } = config;
  const server = await listen(app, { host, port, monotonicMs: () => clock.monotonicMs() });
  endStaleEngine(config.dataDir, spec('engine').path);
  supervisor.start();
  queue.wake();
  data.tidy().catch((error: unknown) => log('tidying failed', { reason: reasonOf(error) }));
  const ending = makeEnding(async () => {
    data.events.close();
    converter.stop();
    await models.close();
    await queue.stop();
    await server.close(answerGraceMs);
    forgetEngine(config.dataDir);
    data.close();
  });
  stopWhenIdle(config.idleMinutes, { clock, server, data, stop: ending.stop });
  log('listening', { port: server.port, version: config.version });
  const url = `http://127.0.0.1:${server.port}`;
  return { port: server.port, url, code: pairing.open(firstCodeValidMs).code, ...ending };
}

function libraryOptions(config: Config, isBusy: () => boolean): LibraryOptions {
  return {
    folders: config.modelFolders,
    environment: config.environment,
    kept: { folder: config.cacheDir, programVersion: config.version },
    watch: true,
    hashing: { isBusy, share: hashingShare },
  };
}

/** What the engine could take if it let go of what it holds; a graphics card does not tell. */
function memoryOf(
  { lowMemory, memoryBudget }: Config,
  { device, memoryBytes = 0 }: Supervisor,
): MachineMemory {
  const [available, total] =
    device === 'cpu'
      ? [availableMemoryBytes() + memoryBytes, totalMemoryBytes()]
      : [Infinity, Infinity];
  const budgetBytes = memoryBudgetBytes(memoryBudget, total) ?? Infinity;
  return { lowMemory, availableBytes: available, budgetBytes };
}

function statusOf(config: Config, supervisor: Supervisor, data: Data): Status {
  const { device, memoryBytes, state } = supervisor;
  const running = data.jobs.running()[0]?.id;
  return {
    version: config.version,
    apiVersion,
    device: device === 'unknown' ? config.device : device,
    engine: state,
    ...(memoryBytes === undefined ? {} : { engineMemoryBytes: memoryBytes }),
    freeMemoryBytes: availableMemoryBytes(),
    queued: data.jobs.queuedCount(),
    ...(running === undefined ? {} : { running }),
  };
}

/** Names that the schema takes as text. Throws E_SAMPLER_UNKNOWN, E_SCHEDULE_UNKNOWN. */
function validate(request: GenerateRequest): void {
  if (!needsModel(request)) return;
  const { sampler, schedule } = (request.kind === 'text' && request.hires) || {};
  for (const name of [request.sampler, sampler]) if (name !== undefined) findSampler(name);
  for (const name of [request.schedule, schedule]) if (name !== undefined) findSchedule(name);
}

/** Ends once, however often it is asked to. */
function makeEnding(work: () => Promise<void>): Pick<RunningService, 'stop' | 'stopped'> {
  let finish = () => {};
  const stopped = new Promise<void>((resolve) => (finish = resolve));
  let ending: Promise<void> | undefined;
  const stop = () => (ending ??= work().finally(() => finish()));
  return { stop, stopped };
}
