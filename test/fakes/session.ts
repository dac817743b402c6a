/** A session's surroundings for tests: a host that records, a client that answers from memory. */
import { samplingCatalogue } from '../../service/engine/sampling/catalogue.ts';
import type { ModelInfo, SamplingCatalogue } from '../../shared/api.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { decodeFrame, type Plane } from '../../shared/frame.ts';
import type { JobEvent, ResultInfo } from '../../shared/event.ts';
import { rectOfSize, type Rect } from '../../shared/geometry.ts';
import type { Plan, PlanRequest } from '../../shared/plan.ts';
import type { ControlMapRequest, MaskRequest } from '../../shared/preview.ts';
import type { ReadRecipe } from '../../shared/readRecipe.ts';
import type { Recipe } from '../../shared/recipe.ts';
import { GenerateRequest, type DocumentInfo } from '../../shared/request.ts';
import type { StyleList } from '../../shared/styles.ts';
import type { ServiceClient } from '../../plugin/client/serviceClient.ts';
import type { CaptureRequest, Host, HostState, Placement } from '../../plugin/host/host.ts';
import type { SessionOptions } from '../../plugin/session/parts.ts';

export const checkpoint: ModelInfo = {
  id: 'model-1',
  name: 'Model One',
  kind: 'checkpoint',
  family: 'sd1',
  variant: 'base',
  prediction: 'epsilon',
  sizeBytes: 1,
  usable: true,
};

/** As the service tells it. */
export const catalogue: SamplingCatalogue = samplingCatalogue();

export const styleList: StyleList = {
  styles: [
    {
      name: 'Oil',
      prompt: 'oil painting of {prompt}',
      negativePrompt: 'photo',
      file: 'a/styles.csv',
    },
    { name: 'Fine', prompt: 'highly detailed', negativePrompt: '', file: 'a/styles.csv' },
  ],
  folders: ['/data', '/a'],
  unreadable: [],
};

export const photo: DocumentInfo = {
  id: 'doc-1',
  name: 'photo.jpg',
  width: 64,
  height: 48,
  depth: 8,
  mode: 'rgb',
  layer: { id: '7', name: 'Background' },
};

export const selectionBounds: Rect = { x: 20, y: 10, width: 8, height: 6 };

export const hostWithSelection: HostState = {
  document: photo,
  layerBounds: { x: 0, y: 0, width: 64, height: 48 },
  selectionBounds,
  layerRecipe: undefined,
};

export const inpaintRequest: GenerateRequest = GenerateRequest.parse({
  kind: 'inpaint',
  document: photo,
  region: { x: 16, y: 6, width: 16, height: 14 },
  model: checkpoint.id,
  prompt: 'a boat',
  negativePrompt: '',
  sampler: 'DPM++ 2M',
  schedule: 'karras',
  steps: 4,
  cfgScale: 7,
  clipSkip: 1,
  dialect: 'pentimento',
  seed: 5,
  count: 1,
  featherPx: 2,
  growPx: 0,
  colorMatch: 1,
  strength: 0.8,
  maskedContent: 'original',
  area: 'context',
  paddingPx: 32,
});

/** What the service reads out of a picture of another program. */
export const readRecipe: ReadRecipe = {
  source: 'a1111',
  program: 'AUTOMATIC1111 v1.10.1',
  place: 'PNG text parameters',
  text: 'an old fisherman',
  fields: [{ name: 'Steps', value: '28' }],
  settings: {
    prompt: 'an old fisherman',
    negativePrompt: 'blurry',
    sampler: 'DPM++ 2M SDE',
    schedule: 'sgm_uniform',
    steps: 28,
    cfgScale: 5.5,
    clipSkip: 2,
    seed: 3735928559,
    dialect: 'a1111',
    noiseSource: 'nv',
    workingSize: { width: 512, height: 768 },
    variation: { seed: 77, strength: 0.2 },
  },
  model: { name: 'dreamshaper_8', hash: '879db523c3' },
  notUsed: [{ name: 'Hires upscaler', value: '4x-UltraSharp', why: 'There is no second pass.' }],
  recipes: [],
};

export function recipeOf(request: GenerateRequest, index = 0): Recipe {
  return {
    version: 1,
    made: 'pentimento test',
    request,
    index,
    seed: Math.max(0, request.seed) + index,
    context: request.region,
    workingSize: { width: 64, height: 64 },
    color: { before: 3.1, after: 0.6 },
    ...(request.kind === 'remove'
      ? {}
      : { model: { id: 'model-1', name: 'Model One', family: 'sd1' } }),
  };
}

export function resultInfo(request: GenerateRequest, jobId: string, index: number): ResultInfo {
  return {
    id: `result-${index}`,
    jobId,
    index,
    bounds: selectionBounds,
    recipe: recipeOf(request, index),
    sha256: '0'.repeat(64),
    sizeBytes: 100,
  };
}

export function plane(
  name: string,
  size: { width: number; height: number },
  channels: number,
  value: number,
): Plane {
  const data = new Uint8Array(size.width * size.height * channels).fill(value);
  return { name, width: size.width, height: size.height, channels, depth: 8, data };
}

export interface FakeHost extends Host {
  readonly captures: CaptureRequest[];
  readonly placements: Placement[];
  change(state: HostState): void;
}

export function fakeHost(initial: HostState = hostWithSelection): FakeHost {
  let state = initial;
  const listeners = new Set<(state: HostState) => void>();
  const captures: CaptureRequest[] = [];
  const placements: Placement[] = [];
  return {
    kind: 'workbench',
    captures,
    placements,
    state: () => state,
    change: (next) => {
      state = next;
      for (const listener of listeners) listener(next);
    },
    capture: (request) => {
      captures.push(request);
      const document = state.document ?? photo;
      return Promise.resolve({
        document,
        region: request.region,
        picture: plane('picture', request.region, 4, 128),
        mask: request.withMask ? plane('mask', request.region, 1, 255) : undefined,
      });
    },
    place: (placement) => {
      placements.push(placement);
      const first = 100 * placements.length;
      return Promise.resolve({
        documentId: placement.documentId,
        layerIds: placement.pictures.map((_, i) => String(first + i)),
      });
    },
    watch: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export interface FakeClient extends ServiceClient {
  readonly submitted: {
    readonly request: GenerateRequest;
    readonly key: string;
    readonly planes: readonly string[];
  }[];
  readonly planned: PlanRequest[];
  readonly cancelled: string[];
  readonly masked: MaskRequest[];
  readonly mapped: { readonly request: ControlMapRequest; readonly planes: readonly string[] }[];
  /** Ids of models whose picture was asked for. */
  readonly previewed: string[];
  models: ServiceClient['models'];
  countTokens: ServiceClient['countTokens'];
}

/** Runs every job at once: started, one step per variant, its results, done. */
export function fakeClient(models: readonly ModelInfo[] = [checkpoint]): FakeClient {
  const submitted: FakeClient['submitted'] = [];
  const planned: PlanRequest[] = [];
  const cancelled: string[] = [];
  const masked: FakeClient['masked'] = [];
  const mapped: FakeClient['mapped'] = [];
  const previewed: string[] = [];
  const infos = new Map<string, ResultInfo>();
  const eventsOf = (jobId: string): JobEvent[] => {
    const request = submitted[Number(jobId.slice(4))]?.request;
    if (!request) return [];
    const events: JobEvent[] = [];
    const add = (event: Omit<JobEvent, 'jobId' | 'seq'> & { type: JobEvent['type'] }) =>
      events.push({ ...event, jobId, seq: events.length } as JobEvent);
    add({ type: 'queued', ahead: 0 } as JobEvent);
    add({ type: 'started', attempt: 1 } as JobEvent);
    for (let index = 0; index < request.count; index++) {
      add({ type: 'step', index, step: 1, steps: 1, count: request.count } as JobEvent);
      const result = resultInfo(request, jobId, index);
      infos.set(result.id, result);
      add({ type: 'result', result } as JobEvent);
    }
    add({ type: 'done' } as JobEvent);
    return events;
  };
  return {
    submitted,
    planned,
    cancelled,
    masked,
    mapped,
    previewed,
    status: () =>
      Promise.resolve({
        version: '0.1.0',
        apiVersion: 1,
        device: 'cpu',
        engine: 'idle' as const,
        freeMemoryBytes: 6e9,
        queued: 0,
      }),
    models: () => Promise.resolve({ models: [...models], folders: [] }),
    jobs: () => Promise.resolve({ jobs: [] }),
    plan: (request) => {
      planned.push(request);
      return Promise.resolve(planOf(request));
    },
    submit: (frame, key) => {
      const { body, planes } = decodeFrame(frame);
      submitted.push({
        request: GenerateRequest.parse(body),
        key,
        planes: planes.map((p) => p.name),
      });
      return Promise.resolve(`job-${submitted.length - 1}`);
    },
    events: (jobId, { after }) => Promise.resolve(eventsOf(jobId).filter((e) => e.seq > after)),
    cancel: (jobId) => {
      cancelled.push(jobId);
      return Promise.resolve();
    },
    result: (id) => {
      const info = infos.get(id);
      if (!info) throw new Error(`Expected a known result but received ${id}`);
      return Promise.resolve({
        bounds: info.bounds,
        recipe: info.recipe,
        color: plane('color', info.bounds, 3, 200),
        alpha: plane('alpha', info.bounds, 1, 255),
      });
    },
    openPicture: (file) => {
      const side = Math.max(1, file.byteLength);
      const picture = plane('picture', { width: side, height: 2 }, 3, 90);
      const info = { width: side, height: 2, depth: 8, channels: 3, format: 'png' } as const;
      return file.byteLength > 0
        ? Promise.resolve({ info, picture })
        : Promise.reject(new PentimentoError('E_IMAGE_TYPE'));
    },
    masks: (request, mask) => {
      masked.push(request);
      return Promise.resolve({
        alpha: plane('alpha', mask, 1, 255),
        denoise: plane('denoise', mask, 1, 255),
      });
    },
    controlMap: (request, planes) => {
      mapped.push({ request, planes: planes.map(({ name }) => name) });
      return Promise.resolve(plane('map', { width: 8, height: 8 }, 3, 255));
    },
    modelPreview: (modelId) => {
      previewed.push(modelId);
      return modelId === 'broken'
        ? Promise.reject(new PentimentoError('E_NOT_FOUND'))
        : Promise.resolve(new ArrayBuffer(4));
    },
    samplers: () => Promise.resolve(catalogue),
    styles: () => Promise.resolve(styleList),
    countTokens: ({ texts }) =>
      Promise.resolve(
        texts.map((text) => ({
          tokens: text === '' ? 0 : text.split(' ').length,
          limit: 75,
          unreadable: [],
        })),
      ),
    readRecipe: (file) =>
      file.byteLength > 0
        ? Promise.resolve(readRecipe)
        : Promise.reject(new PentimentoError('E_RECIPE_NONE')),
    pair: () => Promise.resolve(),
  };
}

export function planOf(request: PlanRequest): Plan {
  const context =
    request.kind === 'inpaint' || request.kind === 'remove'
      ? { x: 16, y: 6, width: 16, height: 14 }
      : rectOfSize(request.document);
  return { context, workingSize: { width: 64, height: 56 }, scale: 4, steps: 4, notes: [] };
}

export function sessionOptions(
  host: Host,
  client: ServiceClient,
  stored = new Map<string, string>(),
): SessionOptions {
  let keys = 0;
  let token: string | undefined = 'token';
  return {
    host,
    client,
    tokens: { get: () => token, set: (next) => (token = next) },
    pickPicture: () => Promise.resolve(undefined),
    storage: { getItem: (k) => stored.get(k) ?? null, setItem: (k, v) => void stored.set(k, v) },
    now: () => 0,
    newKey: () => `key-${keys++}`,
    // Short waits end at once; the long ones between two looks at the service never do.
    pause: (ms, signal) =>
      ms < 1000
        ? Promise.resolve()
        : new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  };
}
