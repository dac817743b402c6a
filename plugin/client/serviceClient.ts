/**
 * The service as the panel sees it, and the only fetch of the panel. Every answer is parsed through
 * the shared schemas; every failure is a PentimentoError. UXP: fetch takes no `signal`, a Request
 * does; there is no TextDecoder, no EventSource and no timeout option.
 */
import type { z } from 'zod';
import {
  JobCreated,
  JobList,
  ModelList,
  PairAnswer,
  PictureInfo,
  SamplingCatalogue,
  Status,
  TokenCounts,
  type TokenCount,
  type TokenRequest,
} from '../../shared/api.ts';
import { errorOfProblem, PentimentoError, Problem } from '../../shared/errors.ts';
import { JobEvent } from '../../shared/event.ts';
import {
  decodeFrame,
  encodeFrame,
  planeNamed,
  type Frame,
  type Plane,
} from '../../shared/frame.ts';
import { Plan, type PlanRequest } from '../../shared/plan.ts';
import type { ControlMapRequest, MaskRequest } from '../../shared/preview.ts';
import { ReadRecipe } from '../../shared/readRecipe.ts';
import { Recipe } from '../../shared/recipe.ts';
import { Rect } from '../../shared/geometry.ts';
import { StyleList } from '../../shared/styles.ts';

/** Where the pairing token is kept; the panel never shows or logs it. */
export interface TokenBox {
  get(): string | undefined;
  set(token: string | undefined): void;
}

export interface ServiceClientOptions {
  /** Origin of the service without a slash at the end, 'http://127.0.0.1:47860'; '' for the page's own. */
  readonly baseUrl: string;
  readonly tokens: TokenBox;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** A finished picture: opaque colour and the layer mask, both over `bounds`. */
export interface ResultPicture {
  readonly bounds: Rect;
  readonly recipe: Recipe;
  readonly color: Plane;
  readonly alpha: Plane;
}

/** What will be seen and what may change: one channel of 8 bits each. */
export interface RunMasks {
  readonly alpha: Plane;
  readonly denoise: Plane;
}

export interface OpenedPicture {
  readonly info: PictureInfo;
  readonly picture: Plane;
}

export interface ServiceClient {
  status(): Promise<Status>;
  models(): Promise<ModelList>;
  samplers(): Promise<SamplingCatalogue>;
  /** Read anew from their files. */
  styles(): Promise<StyleList>;
  jobs(): Promise<JobList>;
  plan(request: PlanRequest, signal?: AbortSignal): Promise<Plan>;
  /** Both masks of a run, of the selection over its context. */
  masks(request: MaskRequest, mask: Plane, signal?: AbortSignal): Promise<RunMasks>;
  /** What a ControlNet will see of `picture`; `inpaint` needs the mask as well. */
  controlMap(request: ControlMapRequest, planes: readonly Plane[]): Promise<Plane>;
  /** The file beside a model. Throws E_NOT_FOUND. */
  modelPreview(modelId: string): Promise<ArrayBuffer>;
  /** One count per text. */
  countTokens(request: TokenRequest, signal?: AbortSignal): Promise<TokenCount[]>;
  /** The recipe in a file, whichever program wrote it. */
  readRecipe(file: ArrayBuffer): Promise<ReadRecipe>;
  /** Sends one frame; the same key is never run twice. Answers the job's id. */
  submit(frame: Uint8Array, idempotencyKey: string): Promise<string>;
  /** Events after `seq`, waiting up to `waitSeconds` for the first one. */
  events(jobId: string, query: EventQuery): Promise<JobEvent[]>;
  cancel(jobId: string): Promise<void>;
  result(resultId: string): Promise<ResultPicture>;
  /** Decodes an encoded picture file: profile, orientation and depth are honoured by the service. */
  openPicture(file: ArrayBuffer): Promise<OpenedPicture>;
  /** Exchanges a pairing code for a token and keeps it. */
  pair(code: string, clientName: string): Promise<void>;
}

export interface EventQuery {
  /** -1 for all of them. */
  readonly after: number;
  readonly waitSeconds: number;
  readonly signal?: AbortSignal;
}

interface Call {
  readonly method?: 'GET' | 'POST';
  readonly json?: unknown;
  readonly bytes?: ArrayBuffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const quickMs = 15_000;
/** Large pictures travel on the loopback only, but a slow disk may be behind it. */
const transferMs = 120_000;

/**
 * Opens no connection by itself. Calls throw PentimentoError: what the service answered, E_SERVICE_DOWN
 * when it does not answer (in time), E_API_VERSION when it answers in another language.
 */
export function createServiceClient(options: ServiceClientOptions): ServiceClient {
  const call = (path: string, request: Call = {}) => send(options, path, request);
  const id = encodeURIComponent;
  return {
    status: async () => parse(Status, await readJson(await call('/v1/status'))),
    models: async () =>
      parse(ModelList, await readJson(await call('/v1/models', { timeoutMs: transferMs }))),
    samplers: async () => parse(SamplingCatalogue, await readJson(await call('/v1/samplers'))),
    styles: async () => parse(StyleList, await readJson(await call('/v1/styles'))),
    jobs: async () => parse(JobList, await readJson(await call('/v1/jobs'))),
    plan: async (request, signal) =>
      parse(
        Plan,
        await readJson(await call('/v1/plan', { method: 'POST', json: request, signal })),
      ),
    masks: async (request, mask, signal) => {
      const bytes = exactBuffer(
        encodeFrame({ body: request, planes: [{ ...mask, name: 'mask' }] }),
      );
      const asked: Call = { method: 'POST', bytes, signal, timeoutMs: transferMs };
      const frame = decodeFrame(await readBytes(await call('/v1/masks', asked)));
      return { alpha: requirePlane(frame, 'alpha'), denoise: requirePlane(frame, 'denoise') };
    },
    controlMap: async (request, planes) => {
      const bytes = exactBuffer(encodeFrame({ body: request, planes }));
      const asked: Call = { method: 'POST', bytes, timeoutMs: transferMs };
      const frame = decodeFrame(await readBytes(await call('/v1/control-maps', asked)));
      return requirePlane(frame, 'map');
    },
    modelPreview: async (modelId) => {
      const answer = await call(`/v1/models/${id(modelId)}/preview`, { timeoutMs: transferMs });
      return exactBuffer(await readBytes(answer));
    },
    countTokens: async (request, signal) =>
      parse(
        TokenCounts,
        await readJson(await call('/v1/tokens', { method: 'POST', json: request, signal })),
      ),
    readRecipe: async (file) => {
      const request: Call = { method: 'POST', bytes: file, timeoutMs: transferMs };
      return parse(ReadRecipe, await readJson(await call('/v1/recipes', request)));
    },
    submit: async (frame, idempotencyKey) => {
      const answer = await call('/v1/jobs', {
        method: 'POST',
        bytes: exactBuffer(frame),
        headers: { 'Idempotency-Key': idempotencyKey },
        timeoutMs: transferMs,
      });
      return parse(JobCreated, await readJson(answer)).id;
    },
    events: async (jobId, query) => {
      const path = `/v1/jobs/${id(jobId)}/events?after=${query.after}&wait=${query.waitSeconds}`;
      const timeoutMs = query.waitSeconds * 1000 + quickMs;
      const answer = await call(path, { timeoutMs, signal: query.signal });
      return parse(JobEvent.array(), await readJson(answer));
    },
    cancel: async (jobId) => {
      await call(`/v1/jobs/${id(jobId)}/cancel`, { method: 'POST' });
    },
    result: async (resultId) => {
      const answer = await call(`/v1/results/${id(resultId)}/frame`, { timeoutMs: transferMs });
      return resultOf(decodeFrame(await readBytes(answer)));
    },
    openPicture: async (file) => {
      const request: Call = { method: 'POST', bytes: file, timeoutMs: transferMs };
      const frame = decodeFrame(await readBytes(await call('/v1/pictures', request)));
      return { info: parse(PictureInfo, frame.body), picture: requirePlane(frame, 'picture') };
    },
    pair: async (code, clientName) => {
      const json = { code, clientName };
      const answer = await readJson(await call('/v1/pair', { method: 'POST', json }));
      options.tokens.set(parse(PairAnswer, answer).token);
    },
  };
}

async function send(options: ServiceClientOptions, path: string, call: Call): Promise<Response> {
  const headers: Record<string, string> = { ...call.headers };
  const token = options.tokens.get();
  if (token !== undefined) headers['Authorization'] = `Bearer ${token}`;
  if (call.json !== undefined) headers['Content-Type'] = 'application/json';
  if (call.bytes !== undefined) headers['Content-Type'] = 'application/octet-stream';
  const body = call.json === undefined ? call.bytes : JSON.stringify(call.json);
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  call.signal?.addEventListener('abort', onAbort);
  if (call.signal?.aborted === true) stop.abort();
  const timer = setTimeout(() => stop.abort(), call.timeoutMs ?? quickMs);
  let answer: Response;
  try {
    const request = new Request(options.baseUrl + path, {
      method: call.method ?? 'GET',
      headers,
      credentials: 'omit',
      cache: 'no-store',
      signal: stop.signal,
      ...(body === undefined ? {} : { body }),
    });
    answer = await (options.fetch ?? fetch)(request);
  } catch (cause) {
    throw new PentimentoError('E_SERVICE_DOWN', undefined, { cause });
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener('abort', onAbort);
  }
  if (!answer.ok) throw await failureOf(answer);
  return answer;
}

async function failureOf(answer: Response): Promise<PentimentoError> {
  try {
    const problem = Problem.safeParse(await answer.json());
    if (problem.success) return errorOfProblem(problem.data);
  } catch {
    // Not JSON: something else answers on the port, or the service died half way.
  }
  if (answer.status === 401) return new PentimentoError('E_AUTH_REQUIRED');
  return new PentimentoError('E_API_VERSION', `The service answered ${answer.status}.`);
}

async function readJson(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch (cause) {
    throw new PentimentoError('E_SERVICE_DOWN', 'Its answer broke off.', { cause });
  }
}

async function readBytes(answer: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await answer.arrayBuffer());
  } catch (cause) {
    throw new PentimentoError('E_SERVICE_DOWN', 'Its answer broke off.', { cause });
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PentimentoError('E_API_VERSION', 'Its answer is not as agreed.', {
    cause: parsed.error,
  });
}

function resultOf(frame: Frame): ResultPicture {
  const body = frame.body as { bounds?: unknown; recipe?: unknown } | null;
  const bounds = parse(Rect, body?.bounds);
  const recipe = parse(Recipe, body?.recipe);
  const color = requirePlane(frame, 'color');
  const alpha = requirePlane(frame, 'alpha');
  for (const plane of [color, alpha]) {
    if (plane.width !== bounds.width || plane.height !== bounds.height) {
      throw new PentimentoError('E_FRAME', 'A plane does not cover the bounds.');
    }
  }
  return { bounds, recipe, color, alpha };
}

function requirePlane(frame: Frame, name: string): Plane {
  const plane = planeNamed(frame, name);
  if (!plane) throw new PentimentoError('E_FRAME', `It has no plane "${name}".`);
  return plane;
}

/** UXP sends the whole buffer behind a view, so the view must cover it. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && byteOffset === 0 && byteLength === buffer.byteLength) {
    return buffer;
  }
  return bytes.slice().buffer;
}
