/**
 * One request is one picture: asked for again, after the engine was started anew, as one of several or
 * alone, with previews or without. The real engine process with real (tiny) networks; what is compared
 * is every plane of every result.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame } from '../../shared/frame.ts';
import type { InpaintRequest } from '../../shared/request.ts';
import { FromEngine, type ToEngine } from '../../service/messages.ts';
import { buildService, packageRoot } from '../fixtures/builtProgram.ts';
import { manifestPath } from '../fixtures/manifest.ts';
import { safetensorsFile, type FileTensor } from '../fixtures/safetensorsBytes.ts';
import { temporaryFolder } from '../fixtures/temporaryFolder.ts';
import { writeModel } from '../fixtures/writeModel.ts';
import { regionPlanes, tinyInpaint } from './realService.ts';

const folder = temporaryFolder();
const input = join(folder, 'input.frame');
const models = { plain: 'tiny-sd1', inpaint: 'tiny-sd1-inpaint', edit: 'tiny-sd1-ip2p' } as const;
type Model = keyof typeof models;

interface Made {
  /** One per result: of all its planes, with their names and sizes. */
  readonly hashes: readonly string[];
  readonly previews: number;
}

/** An engine process, as the service starts it. */
class Engine {
  readonly #child: ChildProcess;
  #jobs = 0;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const program = join(packageRoot, 'dist/service/engine/process.js');
    const options = ['--device', 'cpu', '--cache', join(folder, 'cache')];
    this.#child = fork(program, options, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  }

  async run(model: Model, request: InpaintRequest, preview: boolean): Promise<Made> {
    const jobId = `${this.#name}-${this.#jobs++}`;
    const outDir = join(folder, jobId);
    mkdirSync(outDir);
    const ended = this.#ending(jobId);
    const message: ToEngine = {
      type: 'run',
      jobId,
      attempt: 1,
      request,
      framePath: input,
      inputSha256: 'a'.repeat(64),
      outDir,
      model: {
        reference: { id: model, name: model, family: 'sd1' },
        layout: 'single',
        path: join(folder, `${model}.safetensors`),
        loras,
      },
      preview,
    };
    this.#child.send(message);
    const previews = await ended;
    const hashes = Array.from({ length: request.count }, (_, i) =>
      hashOf(join(outDir, `result-${i}.frame`)),
    );
    return { hashes, previews };
  }

  /** Answers the number of previews; rejects when the job fails or the process ends. */
  #ending(jobId: string): Promise<number> {
    return new Promise((resolve, reject) => {
      let previews = 0;
      const end = (settle: () => void) => {
        this.#child.off('message', hear);
        this.#child.off('exit', leave);
        settle();
      };
      const leave = () => end(() => reject(new Error('The engine process ended')));
      const hear = (raw: unknown) => {
        const message = FromEngine.parse(raw);
        if (!('jobId' in message) || message.jobId !== jobId) return;
        if (message.type === 'preview') previews++;
        if (message.type === 'done') end(() => resolve(previews));
        if (message.type === 'failed') {
          end(() => reject(new Error(JSON.stringify(message.problem))));
        }
      };
      this.#child.on('message', hear);
      this.#child.on('exit', leave);
    });
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    const message: ToEngine = { type: 'exit' };
    this.#child.send(message);
    await gone;
  }
}

function hashOf(path: string): string {
  const bytes = readFileSync(path);
  const { planes } = decodeFrame(new Uint8Array(bytes));
  expect(planes.map((plane) => plane.name)).toEqual(['color', 'alpha']);
  const hash = createHash('sha256');
  for (const { data, ...head } of planes) {
    hash.update(JSON.stringify(head));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

const longPrompt = Array.from({ length: 90 }, (_, i) => `word${i}`).join(' ');

/** Every source of randomness, and every option that reaches into a run. */
const requests: ReadonlyArray<readonly [what: string, model: Model, request: InpaintRequest]> = [
  [
    'ancestral noise, a seed delta and a variation',
    'plain',
    tinyInpaint('plain', {
      count: 2,
      sampler: 'Euler a',
      etaNoiseSeedDelta: 31_337,
      variation: { seed: 9, strength: 0.4 },
    }),
  ],
  [
    'Brownian noise and many options',
    'plain',
    tinyInpaint('plain', {
      count: 2,
      sampler: 'DPM++ SDE',
      noiseSource: 'nv',
      prompt: `${longPrompt} AND a boat :0.5 [on:by:0.5] the lake`,
      guidanceRescale: 0.4,
      advanced: {
        contextPadding: 'empty',
        skipNegativeBelowSigma: 3,
        skipNegativeEarly: 0.2,
        noiseMultiplier: 1.03,
        extraNoise: 0.1,
        seedSize: { width: 96, height: 64 },
        sigmaMin: 0.05,
        sigmaMax: 12,
        dropPenultimate: true,
        wholeTimesteps: true,
        halfAlphas: true,
      },
    }),
  ],
  [
    'AUTOMATIC1111’s rules with an inpainting model',
    'inpaint',
    tinyInpaint('inpaint', {
      count: 2,
      dialect: 'a1111',
      sampler: 'DPM++ 2M SDE',
      maskedContent: 'latent-noise',
      advanced: { exactSteps: true, maskedPictureWeight: 0.6, zeroTerminalSnr: true },
    }),
  ],
  [
    'diffusers’ rules, where all noise is of one generator',
    'plain',
    tinyInpaint('plain', {
      count: 2,
      dialect: 'diffusers',
      sampler: 'DDIM',
      samplerOptions: { eta: 1 },
    }),
  ],
  [
    'a LoRA',
    'plain',
    tinyInpaint('plain', { count: 2, prompt: 'a boat <lora:light:0.8:lbw=ALL0.5>' }),
  ],
  [
    'a LoRA that the network is loaded for, beside one',
    'plain',
    tinyInpaint('plain', { count: 2, prompt: 'a boat <lora:light:-1> <lora:loaded:0.5:dyn=1>' }),
  ],
  ['no LoRA', 'plain', tinyInpaint('plain', { count: 2, prompt: 'a boat' })],
  [
    'an edit model',
    'edit',
    tinyInpaint('edit', { count: 2, strength: 1, advanced: { imageCfgScale: 1.7 } }),
  ],
];

/** Low-rank for one layer of UNet and text encoder, which comes with each run; with a bias, loaded anew. */
const loras = ['light', 'loaded'].map((name) => {
  return { name, path: join(folder, `${name}.safetensors`), family: 'sd1' };
});

function writeLoras(): void {
  const unet = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1';
  const values = (count: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 7.7));
  const layer = (name: string, width: number): [string, FileTensor][] => [
    [`${name}.lora_down.weight`, { dtype: 'F32', shape: [2, width], data: values(2 * width) }],
    [`${name}.lora_up.weight`, { dtype: 'F32', shape: [width, 2], data: values(2 * width) }],
  ];
  const bias: FileTensor = { dtype: 'F32', shape: [32], data: values(32) };
  const light = [
    ...layer(`${unet}_to_q`, 32),
    ...layer('lora_te_text_model_encoder_layers_0_self_attn_q_proj', 64),
  ];
  const [first, second] = loras;
  writeFileSync(first.path, safetensorsFile(new Map(light)));
  const more: [string, FileTensor] = [`${unet}_to_out_0.diff_b`, bias];
  writeFileSync(second.path, safetensorsFile(new Map([...light, more])));
}

/** The second of the pictures, asked for by itself. */
function alone(request: InpaintRequest): InpaintRequest {
  const { variation } = request;
  if (!variation) return { ...request, count: 1, seed: request.seed + 1 };
  return { ...request, count: 1, variation: { ...variation, seed: variation.seed + 1 } };
}

describe('the same request', () => {
  const first = new Map<string, Made>();
  let engine: Engine;

  beforeAll(async () => {
    buildService();
    writeFileSync(input, encodeFrame({ body: {}, planes: regionPlanes() }));
    writeLoras();
    for (const [model, name] of Object.entries(models)) {
      const manifest = manifestPath(`tiny/${name}/single.json`);
      const out = join(folder, `${model}.safetensors`);
      await writeModel({ manifest, out, seed: 3, dtype: 'F16' });
    }
    engine = new Engine('first');
    for (const [what, model, request] of requests) {
      first.set(what, await engine.run(model, request, true));
    }
  });
  afterAll(() => engine.stop());

  const hashesOf = (what: string) => first.get(what)?.hashes ?? expect.fail(`No ${what}`);

  it.each(requests)('gives two different pictures: %s', (what) => {
    expect(hashesOf(what)).toHaveLength(2);
    expect(new Set(hashesOf(what)).size).toBe(2);
  });

  it('gives another picture for each of them', () => {
    const all = requests.flatMap(([what]) => hashesOf(what));
    expect(new Set(all).size).toBe(all.length);
  });

  describe.each(requests)('with %s', (what, model, request) => {
    it('has the same bytes when asked for again', async () => {
      expect((await engine.run(model, request, true)).hashes).toEqual(hashesOf(what));
    });

    it('has the same bytes alone as in one of several', async () => {
      const made = await engine.run(model, alone(request), true);
      expect(made.hashes).toEqual(hashesOf(what).slice(1));
    });

    it('has the same bytes without previews', async () => {
      const made = await engine.run(model, request, false);
      expect(made.previews).toBe(0);
      expect(first.get(what)?.previews).toBeGreaterThan(0);
      expect(made.hashes).toEqual(hashesOf(what));
    });
  });

  it('has the same bytes after a restart of the engine, whatever ran before', async () => {
    await engine.stop();
    engine = new Engine('second');
    for (const [what, model, request] of requests.toReversed()) {
      expect((await engine.run(model, request, true)).hashes, what).toEqual(hashesOf(what));
    }
  });
});
