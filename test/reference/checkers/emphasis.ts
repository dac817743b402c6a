/** Emphasis: token weights on the encoder's output, and whole prompts through a text encoder. */
import type {
  DiffusionFacts,
  DiffusionModel,
  TextContext,
} from '../../../service/engine/diffusion.ts';
import { conditionFeeds } from '../../../service/engine/networks/conditionFeeds.ts';
import { pipelineOptions } from '../../../service/engine/plan/pipelineOptions.ts';
import { encodePrompts } from '../../../service/engine/prompt/conditioning.ts';
import type { PromptEmbedding } from '../../../service/engine/prompt/embeddings.ts';
import { applyEmphasis, type EmphasisMode } from '../../../service/engine/prompt/emphasis.ts';
import { clipSkipOf, tokenizerOf } from '../../../service/engine/promptConditioning.ts';
import { usualScores, withConditions } from '../../../service/engine/textConditions.ts';
import { synthTensor } from '../../fixtures/synth.ts';
import { Unsupported, type Case, type Checker } from '../case.ts';
import { caseModel } from '../pipelineModel.ts';
import { joined } from '../trace.ts';

export const check: Checker = (c) => {
  if (c.input['op'] === 'modes') return Promise.resolve(modes(c));
  if (c.input['op'] === 'conditioning') return conditioning(c);
  throw new Unsupported(`emphasis ${JSON.stringify(c.input['op'])}`);
};

function modes(c: Case): Record<string, unknown> {
  const z = c.tensor(c.input['z']);
  const multipliers = c.tensor(c.input['multipliers']);
  const [batch, tokens] = multipliers.shape as [number, number];
  const weights = Array.from({ length: batch }, (_, b) =>
    Float64Array.from(multipliers.data.slice(b * tokens, (b + 1) * tokens) as Float32Array),
  );
  const all: EmphasisMode[] = ['none', 'ignore', 'original', 'no-norm'];
  const answers = all.map((mode) => {
    const data = Float32Array.from(z.data as Float32Array);
    applyEmphasis(data, weights, mode);
    return [mode, data] as const;
  });
  return Object.fromEntries(answers);
}

const emphases: Readonly<Record<string, EmphasisMode>> = {
  Original: 'original',
  'No norm': 'no-norm',
  Ignore: 'ignore',
  None: 'none',
};

interface Options {
  readonly CLIP_stop_at_last_layers?: number;
  readonly emphasis?: string;
  readonly sdxl_clip_l_skip?: boolean;
  readonly sdxl_crop_top?: number;
  readonly sdxl_crop_left?: number;
  readonly sdxl_refiner_high_aesthetic_score?: number;
  readonly sdxl_refiner_low_aesthetic_score?: number;
}
const optionsInUse: ReadonlySet<string> = new Set<keyof Options>([
  'CLIP_stop_at_last_layers',
  'emphasis',
  'sdxl_clip_l_skip',
  'sdxl_crop_top',
  'sdxl_crop_left',
  'sdxl_refiner_high_aesthetic_score',
  'sdxl_refiner_low_aesthetic_score',
]);

async function conditioning(c: Case): Promise<Record<string, unknown>> {
  const options = c.input['options'] as Options;
  const unknown = Object.keys(options).find((key) => !optionsInUse.has(key));
  if (unknown) throw new Unsupported(`option ${unknown}`);
  const named = { name: c.input['model'], seed: c.input['seed'] };
  const model = await caseModel(c, named, 'webui');
  const { encode, encodeNegative } = encodersOf(c, model, options);
  const texts = c.input['texts'] as string[];
  const contexts = await (c.input['negative'] === true ? encodeNegative : encode)(texts);
  return {
    crossattn: joined(contexts.map(({ data }) => data)),
    vector: contexts.some(({ sizes }) => sizes) ? joined(contexts.map(vectorOf)) : undefined,
  };
}

/**
 * The reference ran SD 2 with an OpenCLIP of three layers, the last one unused, where the file has four
 * (its tiny architecture is SDXL's): as a skip of 2 does here. SD 2 itself has no clip skip.
 */
const layersOfReference = 2;

function encodersOf(c: Case, { facts, encodeText }: DiffusionModel, options: Options) {
  const webui = pipelineOptions('a1111');
  const settings = {
    clipSkip: options.CLIP_stop_at_last_layers ?? 1,
    advanced: { sdxlClipSkip: options.sdxl_clip_l_skip ?? false },
  };
  const encode = (texts: readonly string[]) =>
    encodePrompts(texts, {
      tokenizer: tokenizerOf(facts, webui),
      encodeText,
      clipSkip: facts.family === 'sd2' ? layersOfReference : clipSkipOf(facts, settings, webui),
      padId: facts.padId,
      encoderWidths: facts.encoderWidths,
      embeddings: embeddingsOf(c, facts),
      emphasis: emphases[options.emphasis ?? 'Original'] ?? 'original',
    });
  const size = { width: Number(c.input['width'] ?? 512), height: Number(c.input['height'] ?? 512) };
  const crop = { top: options.sdxl_crop_top ?? 0, left: options.sdxl_crop_left ?? 0 };
  return withConditions(
    { encode, encodeNegative: encode },
    facts,
    { original: size, crop, target: size },
    {
      wanted: options.sdxl_refiner_high_aesthetic_score ?? usualScores.wanted,
      avoided: options.sdxl_refiner_low_aesthetic_score ?? usualScores.avoided,
    },
  );
}

/** Embeddings of synthetic vectors, `{ name: how many }`. */
function embeddingsOf(c: Case, facts: DiffusionFacts): PromptEmbedding[] {
  const widths = facts.encoderWidths ?? [facts.contextWidth];
  if (c.input['embeddings'] && widths.length > 1) throw new Unsupported('embeddings of SDXL');
  const counts = (c.input['embeddings'] ?? {}) as Record<string, number>;
  return Object.entries(counts).map(([name, vectors]) => ({
    name,
    vectors,
    parts: widths.map((width) => {
      const shape = [vectors, width];
      const seed = Number(c.input['embedding_seed']);
      return { data: synthTensor(`embedding.${name}.weight`, shape, seed), shape };
    }),
  }));
}

/** The vector that SDXL's UNets take, as they are fed. */
function vectorOf(context: TextContext): Float32Array {
  const { pooled, sizes } = context;
  if (!pooled || !sizes) throw new Error('Expected a pooled text and sizes');
  const addedWidth = pooled.shape[1]! + 256 * sizes.shape[1]!;
  const config = { blockOutChannels: [2], addedWidth } as unknown as Parameters<
    typeof conditionFeeds
  >[0];
  return conditionFeeds(config, Float32Array.of(0), context)['added']!.data;
}
