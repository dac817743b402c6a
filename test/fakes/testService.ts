/** A real service on a free port with the fake engine, in a folder of its own. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobSummary, type ModelInfo } from '../../shared/api.ts';
import { PentimentoError } from '../../shared/errors.ts';
import { isFinal, JobEvent } from '../../shared/event.ts';
import { encodeFrame, type Plane } from '../../shared/frame.ts';
import type { GenerateRequest } from '../../shared/request.ts';
import { configFrom, type Config } from '../../service/config.ts';
import type { ModelSource } from '../../service/http/parts.ts';
import { startService, type Replacements, type RunningService } from '../../service/main.ts';
import { removeFolder } from '../fixtures/removeFolder.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const fakeEnginePath = join(here, 'engineProcess.mjs');

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pentimento-test-'));
}

export function testConfig(dataDir: string, more: Partial<Config> = {}): Config {
  return { ...configFrom(['--data', dataDir, '--port', '0'], {}), reserveBytes: 4096, ...more };
}

const model: ModelInfo = {
  id: 'tiny',
  name: 'tiny',
  kind: 'checkpoint',
  family: 'sd1',
  variant: 'base',
  prediction: 'epsilon',
  sizeBytes: 1000,
  usable: true,
};

export const fakeModels: ModelSource = {
  list: () => Promise.resolve([model]),
  files: (id) =>
    id === model.id
      ? Promise.resolve({
          reference: { id, name: 'tiny', family: 'sd1' },
          layout: 'single',
          path: '/nowhere/tiny.safetensors',
        })
      : Promise.reject(new PentimentoError('E_MODEL_UNKNOWN')),
  refiner: (id) => fakeModels.files(id),
  upscaler: () => Promise.reject(new PentimentoError('E_MODEL_UNKNOWN')),
  rescan: () => Promise.resolve(),
  preview: () => Promise.reject(new PentimentoError('E_NOT_FOUND')),
  close: () => Promise.resolve(),
};

export interface TestService extends RunningService {
  readonly dataDir: string;
  readonly token: string;
  readonly api: Api;
  /** Lets a job go on whose prompt says "held at N" (its Nth step). */
  release(jobId: string): void;
  /** Stops and removes the folder. */
  remove(): Promise<void>;
}

export async function startTestService(
  options: { dataDir?: string; config?: Partial<Config>; replaced?: Replacements } = {},
): Promise<TestService> {
  const dataDir = options.dataDir ?? temporaryFolder();
  const service = await startService(testConfig(dataDir, options.config), {
    enginePath: fakeEnginePath,
    engineArgs: ['60000'],
    models: fakeModels,
    limits: { leastGraceMs: 300, exitGraceMs: 500 },
    ...options.replaced,
  });
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
  return {
    ...service,
    dataDir,
    token,
    api: apiOf(service.url, token),
    release: (jobId) => release(dataDir, jobId),
    async remove() {
      await service.stop();
      removeFolder(dataDir);
    },
  };
}

/** Tells the fake engine of this data folder to go on with a job that it holds. */
export function release(dataDir: string, jobId: string): void {
  writeFileSync(join(dataDir, `release-${jobId}`), '');
}

/** Any answer's document; what a test reads beyond these it parses through its schema. */
interface Document {
  readonly id: string;
  readonly code: string;
  readonly state: string;
  readonly jobs: readonly unknown[];
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly json: () => Document;
}

/** What a listener makes of an event: 'enough' ends the listening. */
type Heard = 'enough' | undefined | void;

export interface Api {
  send(
    method: string,
    path: string,
    options?: { body?: Uint8Array | string; headers?: Record<string, string> },
  ): Promise<Answer>;
  submit(request: GenerateRequest, key?: string): Promise<string>;
  job(id: string): Promise<JobSummary>;
  /** Waits until the job has told an event of this type; a final one ends the waiting with an error. */
  until(id: string, type: JobEvent['type']): Promise<void>;
  /** All events up to the final one, or to where the listener has enough. */
  follow(id: string, onEvent?: (event: JobEvent) => Heard | Promise<Heard>): Promise<JobEvent[]>;
}

export function apiOf(url: string, token: string): Api {
  const send: Api['send'] = async (method, path, options = {}) => {
    const answer = await fetch(url + path, {
      method,
      // A connection that waited may be closed by the service just when it is used again.
      headers: { authorization: `Bearer ${token}`, connection: 'close', ...options.headers },
      ...(options.body === undefined ? {} : { body: options.body as BodyInit }),
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      bytes,
      json: () => JSON.parse(new TextDecoder().decode(bytes)) as Document,
    };
  };
  const follow: Api['follow'] = async (id, onEvent) => {
    const all: JobEvent[] = [];
    let after = -1;
    for (;;) {
      const answer = await send('GET', `/v1/jobs/${id}/events?after=${after}&wait=10`);
      for (const event of JobEvent.array().parse(answer.json())) {
        after = event.seq;
        all.push(event);
        if ((await onEvent?.(event)) === 'enough' || isFinal(event)) return all;
      }
    }
  };
  return {
    send,
    follow,
    async until(id, type) {
      const all = await follow(id, (event) => (event.type === type ? 'enough' : undefined));
      if (all.at(-1)?.type !== type) throw new Error(`Expected ${type}: ${JSON.stringify(all)}`);
    },
    async submit(request, key) {
      const answer = await send('POST', '/v1/jobs', {
        body: frameOf(request),
        headers: key === undefined ? {} : { 'idempotency-key': key },
      });
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.json()));
      return answer.json().id;
    },
    job: async (id) => JobSummary.parse((await send('GET', `/v1/jobs/${id}`)).json()),
  };
}

/** A request whose prompt tells the fake engine what to do. */
export function inpaintRequest(
  prompt: string,
  more: Partial<GenerateRequest> = {},
): GenerateRequest {
  return {
    kind: 'inpaint',
    document: { id: 'd', name: 'photo', width: 64, height: 48, depth: 8, mode: 'rgb' },
    region: { x: 4, y: 2, width: 16, height: 12 },
    model: 'tiny',
    prompt,
    negativePrompt: '',
    sampler: 'Euler',
    schedule: 'automatic',
    steps: 3,
    cfgScale: 7,
    clipSkip: 1,
    dialect: 'pentimento',
    seed: 5,
    count: 1,
    featherPx: 4,
    growPx: 0,
    colorMatch: 1,
    strength: 1,
    maskedContent: 'original',
    area: 'context',
    paddingPx: 32,
    ...more,
  } as GenerateRequest;
}

export function planesOf(request: GenerateRequest): Plane[] {
  const { width, height } = request.region;
  const picture = { name: 'picture', width, height, channels: 3, depth: 8 } as const;
  const mask = { name: 'mask', width, height, channels: 1, depth: 8 } as const;
  const selected = new Uint8Array(width * height);
  selected[selected.length >> 1] = 255;
  return [
    { ...picture, data: new Uint8Array(width * height * 3).fill(90) },
    { ...mask, data: selected },
  ];
}

export function frameOf(request: unknown, planes?: readonly Plane[]): Uint8Array {
  return encodeFrame({ body: request, planes: planes ?? planesOf(request as GenerateRequest) });
}

/** A request with any headers and any target, as no honest client sends it. */
export function rawRequest(
  port: number,
  options: {
    method?: string;
    target: string;
    headers?: Record<string, string | string[]>;
    body?: string;
  },
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: options.method ?? 'GET',
        path: options.target,
        setHost: false,
        headers: options.headers ?? {},
        agent: false,
      },
      (incoming) => {
        let body = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (text: string) => (body += text));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}
