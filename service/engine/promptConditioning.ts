/** A prompt and what to avoid, as what each model call is told. Distinct texts are encoded once. */
import type { Size } from '../../shared/geometry.ts';
import type { ContextPadding } from '../../shared/advanced.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionFacts, DiffusionModel, TextContext } from './diffusion.ts';
import { PentimentoError } from '../../shared/errors.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { stripComments } from './prompt/comments.ts';
import { promptParts } from './prompt/compositions.ts';
import { encodePrompts, lengthenContext } from './prompt/conditioning.ts';
import { padContexts } from './prompt/contextPadding.ts';
import type { PromptEmbedding } from './prompt/embeddings.ts';
import { promptText } from './prompt/promptText.ts';
import { promptSchedule, type ScheduledText } from './prompt/schedule.ts';
import { clipTokenizer, type Tokenizer } from './prompt/tokenizer.ts';
import type { Conditioning } from './sampling/conditionRows.ts';
import { findSampler } from './sampling/samplers/registry.ts';
import { usualScores, wholePicture, withConditions, type EncodeTexts } from './textConditions.ts';

export type PromptSettings = Pick<
  DiffusionRequest,
  'prompt' | 'negativePrompt' | 'clipSkip' | 'steps' | 'sampler' | 'emphasis' | 'advanced'
> & {
  /** What the prompt names, made for this model (promptEmbeddings.ts). */
  readonly embeddings?: readonly PromptEmbedding[];
  /** As in PromptPlanSettings. */
  readonly secondPass?: Pick<DiffusionRequest, 'steps' | 'sampler'> | undefined;
};

/** A context that holds up to and including a model call. */
interface Scheduled {
  readonly until: number;
  readonly context: TextContext;
}

/**
 * The prompt and what to avoid, encoded for a picture of `size` (what the networks paint, pixels).
 * Throws what the text encoder throws.
 */
export function conditioningOf(
  model: DiffusionModel,
  settings: PromptSettings,
  options: Pick<PipelineOptions, 'promptLanguage' | 'tokenizer' | 'clipSkip'>,
  size: Size,
): Promise<(call: number) => Conditioning> {
  const { facts } = model;
  const tokenizer = tokenizerOf(facts, options);
  const encodeAt = (clipSkip: number | readonly number[]) => (texts: readonly string[]) =>
    encodePrompts(texts, {
      tokenizer,
      encodeText: (ids, layers, inserted) => model.encodeText(ids, layers, inserted),
      clipSkip,
      padId: facts.padId,
      encoderWidths: facts.encoderWidths,
      language: options.promptLanguage,
      emphasis: settings.emphasis ?? 'original',
      embeddings: settings.embeddings ?? [],
    });
  const plan = planPrompts(settings, options.promptLanguage);
  const encode = encodeAt(clipSkipOf(facts, settings, options));
  const encodeNegative = options.clipSkip === 'both' ? encode : encodeAt(1);
  const encoders = { encode, encodeNegative };
  return scheduleConditioning(plan, {
    ...withConditions(encoders, facts, wholePicture(size), usualScores),
    padding: settings.advanced?.contextPadding ?? 'none',
  });
}

type TextFacts = Pick<DiffusionFacts, 'family'>;

/** Families whose only text encoder is OpenCLIP's, which cleans its text in a way of its own. */
const openClipFamilies: readonly string[] = ['sd2', 'sdxl-refiner'];

/** The tokenizer of a model's (first) text encoder. */
export function tokenizerOf(
  { family }: TextFacts,
  { tokenizer }: Pick<PipelineOptions, 'tokenizer'>,
): Tokenizer {
  const isOpenClip = tokenizer === 'webui' && openClipFamilies.includes(family);
  return clipTokenizer(isOpenClip ? 'open-clip' : tokenizer);
}

/**
 * Later families were trained with one layer: the WebUI takes that whatever is asked, but for SDXL's
 * first encoder where that is set; its skip 2 is the layer before the last, as usual.
 */
export function clipSkipOf(
  { family }: TextFacts,
  { clipSkip: asked, advanced }: Pick<PromptSettings, 'clipSkip' | 'advanced'>,
  { clipSkip }: Pick<PipelineOptions, 'clipSkip'>,
): number | readonly number[] {
  if (clipSkip !== 'both' || family === 'sd1') return asked;
  return family === 'sdxl' && advanced?.sdxlClipSkip === true ? [asked - 1, 1] : 1;
}

export interface PromptPlan {
  /** AND parts: weight and texts over the model calls. */
  readonly positive: ReadonlyArray<{
    readonly weight: number;
    readonly texts: readonly ScheduledText[];
  }>;
  readonly negative: readonly ScheduledText[];
}

export interface PromptPlanSettings extends Pick<
  PromptSettings,
  'prompt' | 'negativePrompt' | 'steps' | 'sampler'
> {
  /** Of the second pass over an enlarged picture; steps and sampler are then those of the first one. */
  readonly secondPass?: PromptSettings['secondPass'];
}

/**
 * Which text holds until which model call. Changes on the way ([a:b:0.5], [a|b]) are placed over the
 * full step count, and second-order samplers have two calls a step, as in AUTOMATIC1111. Throws
 * E_PROMPT_WEIGHT for an AND weight that is not finite, E_SAMPLER_UNKNOWN.
 */
export function planPrompts(
  settings: PromptPlanSettings,
  language: PipelineOptions['promptLanguage'],
): PromptPlan {
  const calls = scheduledCalls(settings);
  const { prompt, negativePrompt, secondPass } = settings;
  if (language === 'plain') {
    const all = (text: string) => [{ until: calls, text }];
    return { positive: [{ weight: 1, texts: all(prompt) }], negative: all(negativePrompt) };
  }
  const timing = {
    steps: calls,
    ...(secondPass ? { hiresSteps: scheduledCalls(secondPass) } : {}),
  };
  const scheduled = (text: string) => promptSchedule(text, timing);
  return {
    positive: promptParts(promptText(prompt)).map(({ weight, text }) => {
      if (!Number.isFinite(weight)) throw new PentimentoError('E_PROMPT_WEIGHT');
      return { weight, texts: scheduled(text) };
    }),
    // Tags that name files are words there.
    negative: scheduled(stripComments(negativePrompt)),
  };
}

/** Model calls over which the changes of a prompt are spread. */
export function scheduledCalls({
  steps,
  sampler,
}: Pick<PromptSettings, 'steps' | 'sampler'>): number {
  return steps * (findSampler(sampler).entry.secondOrder === true ? 2 : 1);
}

export interface EncodeOptions {
  readonly encode: EncodeTexts;
  /** For what is to be avoided, where that is read in another way. */
  readonly encodeNegative?: EncodeTexts;
  readonly padding?: ContextPadding;
}

/** Encodes every distinct schedule once; answers the conditioning of a model call, counted from 0. */
export async function scheduleConditioning(
  plan: PromptPlan,
  options: EncodeOptions,
): Promise<(call: number) => Conditioning> {
  const { encode, encodeNegative = encode, padding = 'none' } = options;
  const kept = new Map<string, Scheduled[]>();
  const encoded = async (
    texts: readonly ScheduledText[],
    encodeWith: EncodeTexts,
  ): Promise<Scheduled[]> => {
    const key = JSON.stringify([encodeWith === encode, texts]);
    const contexts = kept.has(key) ? [] : await encodeWith(texts.map((t) => t.text));
    const made =
      kept.get(key) ?? contexts.map((context, i) => ({ until: texts[i].until, context }));
    kept.set(key, made);
    return made;
  };
  const positive: Array<{ weight: number; schedule: Scheduled[] }> = [];
  for (const part of plan.positive) {
    positive.push({ weight: part.weight, schedule: await encoded(part.texts, encode) });
  }
  const negative = await encoded(plan.negative, encodeNegative);
  const [empty] = padding === 'empty' ? await encode(['']) : [];
  const parts = { positive, negative };
  return (call) => conditioningAt(call, parts, padding, empty);
}

interface ScheduledParts {
  readonly positive: ReadonlyArray<{ weight: number; schedule: readonly Scheduled[] }>;
  readonly negative: readonly Scheduled[];
}

function conditioningAt(
  call: number,
  parts: ScheduledParts,
  padding: ContextPadding,
  empty: TextContext | undefined,
): Conditioning {
  const own = parts.positive.map(({ schedule }) => contextAt(call, schedule));
  const longest = Math.max(...own.map((context) => context.shape[1]));
  const { positive, negative } = padContexts(
    {
      positive: own.map((context) => lengthenContext(context, longest)),
      negative: contextAt(call, parts.negative),
    },
    padding,
    empty,
  );
  const weighted = positive.map((context, i) => ({ context, weight: parts.positive[i].weight }));
  return { positive: [weighted], negative: [negative] };
}

function contextAt(call: number, schedule: readonly Scheduled[]): TextContext {
  const found = schedule.find((s) => call <= s.until) ?? schedule.at(-1);
  if (!found) throw new RangeError('Expected at least one text');
  return found.context;
}
