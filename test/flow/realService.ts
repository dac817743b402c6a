/** The real service with the built engine, and the pictures that are sent to it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFrame, planeNamed, type Frame, type Plane } from '../../shared/frame.ts';
import type { JobEvent, ResultInfo } from '../../shared/event.ts';
import type { GenerateRequest, InpaintRequest } from '../../shared/request.ts';
import { configFrom } from '../../service/config.ts';
import { startService, type RunningService } from '../../service/main.ts';
import { apiOf, frameOf, type Api } from '../fakes/testService.ts';
import { manifestPath, readManifest } from '../fixtures/manifest.ts';
import { safetensorsBytes } from '../fixtures/safetensorsBytes.ts';
import { writeModel } from '../fixtures/writeModel.ts';

export interface RealService extends RunningService {
  readonly api: Api;
  readonly dataDir: string;
  readonly token: string;
}

export async function startReal(dataDir: string, ...flags: string[]): Promise<RealService> {
  const fixed = ['--data', dataDir, '--port', '0', '--device', 'cpu', '--no-open'];
  const service = await startService(configFrom([...fixed, ...flags], {}));
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
  return { ...service, dataDir, token, api: apiOf(service.url, token) };
}

/** Process id of the engine that runs now. */
export function enginePid({ dataDir }: RealService): number {
  return Number(readFileSync(join(dataDir, 'engine.pid'), 'utf8'));
}

const region = { x: 8, y: 4, width: 72, height: 64 };

/** A request for a tiny model at a tiny size. */
export function tinyInpaint(model: string, more: Partial<InpaintRequest> = {}): InpaintRequest {
  return {
    kind: 'inpaint',
    document: { id: 'd', name: 'photo', width: 96, height: 80, depth: 8, mode: 'rgb' },
    region,
    model,
    prompt: 'a wooden boat, (morning:1.2)',
    negativePrompt: 'fog',
    sampler: 'Euler a',
    schedule: 'automatic',
    steps: 3,
    cfgScale: 4,
    clipSkip: 1,
    dialect: 'pentimento',
    workingSize: { width: 64, height: 64 },
    seed: 5,
    count: 1,
    featherPx: 3,
    growPx: 0,
    colorMatch: 1,
    strength: 0.8,
    maskedContent: 'original',
    area: 'whole',
    paddingPx: 8,
    ...more,
  };
}

/** Picture and selection over the region. */
export function regionPlanes(): Plane[] {
  const { width, height } = region;
  const colors = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return 128 + 90 * Math.sin((pixel % width) / 11 + (i % 3)) * Math.cos(pixel / width / 9);
  });
  const selected = new Uint8Array(width * height);
  for (let y = 20; y < 44; y++) selected.fill(y === 20 ? 128 : 255, y * width + 24, y * width + 50);
  return [
    { name: 'picture', width, height, channels: 3, depth: 8, data: colors },
    { name: 'mask', width, height, channels: 1, depth: 8, data: selected },
  ];
}

export async function submit(
  { api }: RealService,
  request: GenerateRequest,
  planes: readonly Plane[] = regionPlanes(),
): Promise<string> {
  const kept = planes.filter(
    (p) => request.kind !== 'text' && (p.name === 'picture' || 'featherPx' in request),
  );
  const answer = await api.send('POST', '/v1/jobs', { body: frameOf(request, kept) });
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.json()));
  return answer.json().id;
}

export interface Run {
  readonly id: string;
  readonly events: readonly JobEvent[];
  readonly results: readonly ResultInfo[];
}

export async function runToEnd(service: RealService, request: GenerateRequest): Promise<Run> {
  const id = await submit(service, request);
  const events = await service.api.follow(id);
  return { id, events, results: events.flatMap((e) => (e.type === 'result' ? [e.result] : [])) };
}

export async function fetchFrame({ api }: RealService, id: string): Promise<Frame> {
  const answer = await api.send('GET', `/v1/results/${id}/frame`);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json()));
  return decodeFrame(answer.bytes);
}

/** The colours of each result. */
export async function colorsOf(service: RealService, { results }: Run): Promise<Uint8Array[]> {
  const colors: Uint8Array[] = [];
  for (const { id } of results) {
    const plane = planeNamed(await fetchFrame(service, id), 'color');
    colors.push(Uint8Array.from(plane?.data ?? []));
  }
  return colors;
}

/** The files that a run meets when somebody's models folder is a mess. */
export async function writeBrokenModels(folder: string, good: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const whole = readFileSync(good);
  writeFileSync(join(folder, 'truncated.safetensors'), whole.subarray(0, whole.length >> 1));
  writeFileSync(join(folder, 'text.safetensors'), 'This is not a model.');
  writeFileSync(join(folder, 'empty.safetensors'), '');
  const stem = 'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k';
  const header = {
    [`${stem}.lora_down.weight`]: { dtype: 'F16', shape: [1, 768], data_offsets: [0, 1536] },
    [`${stem}.lora_up.weight`]: { dtype: 'F16', shape: [4, 1], data_offsets: [1536, 1544] },
  };
  writeFileSync(join(folder, 'style.safetensors'), safetensorsBytes(header, { dataBytes: 1544 }));
  const later = { dtype: 'F16', shape: [2, 2], data_offsets: [0, 8] };
  writeFileSync(
    join(folder, 'flux.safetensors'),
    safetensorsBytes({ 'double_blocks.0.img_attn.qkv.weight': later }, { dataBytes: 8 }),
  );
  await writeWithoutVae(folder);
}

async function writeWithoutVae(folder: string): Promise<void> {
  const manifest = readManifest(manifestPath('tiny/tiny-sd1/single.json'));
  const rows = Object.entries(manifest.tensors).filter(
    ([name]) => !name.startsWith('first_stage_model.'),
  );
  const path = join(folder, 'no-vae.json');
  writeFileSync(path, JSON.stringify({ ...manifest, tensors: Object.fromEntries(rows) }));
  await writeModel({
    manifest: path,
    out: join(folder, 'no-vae.safetensors'),
    seed: 1,
    dtype: 'F16',
  });
}
