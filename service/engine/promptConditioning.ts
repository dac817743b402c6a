/** A prompt and what to avoid, as what each model call is told. Distinct texts are encoded once. */
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionModel } from './diffusion.ts';
import type { PipelineOptions } from './plan/pipelineOptions.ts';
import { stripComments } from './prompt/comments.ts';
import { promptParts } from './prompt/compositions.ts';
import { encodePrompts, lengthenContext } from './prompt/conditioning.ts';
import { takeNetworkTags } from './prompt/extraNetworks.ts';
import { promptSchedule, type ScheduledText } from './prompt/schedule.ts';
import { clipTokenizer } from './prompt/tokenizer.ts';
import type { Conditioning } from './sampling/denoiser.ts';
import { findSampler } from './sampling/samplers/registry.ts';
import type { Tensor } from './tensor.ts';

type PromptSettings = Pick<
  DiffusionRequest,
  'prompt' | 'negativePrompt' | 'clipSkip' | 'steps' | 'sampler'
>;

/** A context that holds up to and including a model call. */
interface Scheduled {
  readonly until: number;
  readonly context: Tensor;
}

/** The prompt and what to avoid, encoded. Throws what the text encoder throws. */
export function conditioningOf(
  model: DiffusionModel,
  settings: PromptSettings,
  options: Pick<PipelineOptions, 'promptLanguage' | 'tokenizer' | 'clipSkip'>,
): Promise<(call: number) => Conditioning> {
  const tokenizer = clipTokenizer(options.tokenizer);
  const encodeAt = (clipSkip: number) => (texts: readonly string[]) =>
    encodePrompts(texts, {
      tokenizer,
      encodeText: (ids, layers) => model.encodeText(ids, layers),
      clipSkip,
      padId: model.facts.padId,
      language: options.promptLanguage,
    });
  const plan = planPrompts(settings, options.promptLanguage);
  const encode = encodeAt(settings.clipSkip);
  return scheduleConditioning(plan, encode, options.clipSkip === 'both' ? encode : encodeAt(1));
}

export interface PromptPlan {
  /** AND parts: weight and texts over the model calls. */
  readonly positive: ReadonlyArray<{
    readonly weight: number;
    readonly texts: readonly ScheduledText[];
  }>;
  readonly negative: readonly ScheduledText[];
}

/**
 * Which text holds until which model call. Changes on the way ([a:b:0.5], [a|b]) are placed over the
 * full step count, and second-order samplers have two calls a step, as in AUTOMATIC1111.
 */
export function planPrompts(
  settings: Pick<PromptSettings, 'prompt' | 'negativePrompt' | 'steps' | 'sampler'>,
  language: PipelineOptions['promptLanguage'],
): PromptPlan {
  const { entry } = findSampler(settings.sampler);
  const calls = settings.steps * (entry.secondOrder === true ? 2 : 1);
  const { prompt, negativePrompt } = settings;
  if (language === 'plain') {
    const all = (text: string) => [{ until: calls, text }];
    return { positive: [{ weight: 1, texts: all(prompt) }], negative: all(negativePrompt) };
  }
  const scheduled = (text: string) => promptSchedule(text, { steps: calls });
  return {
    positive: promptParts(promptText(prompt)).map(({ weight, text }) => ({
      weight,
      texts: scheduled(text),
    })),
    negative: scheduled(promptText(negativePrompt)),
  };
}

type EncodeTexts = (texts: readonly string[]) => Promise<Tensor[]>;

/** Encodes every distinct schedule once; answers the conditioning of a model call, counted from 0. */
export async function scheduleConditioning(
  plan: PromptPlan,
  encode: EncodeTexts,
  encodeNegative: EncodeTexts = encode,
): Promise<(call: number) => Conditioning> {
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
  return (call) => conditioningAt(call, positive, negative);
}

/** The prompt as the model reads it: without comments and without tags that name files. */
export function promptText(prompt: string): string {
  return stripComments(takeNetworkTags(prompt).text);
}

function conditioningAt(
  call: number,
  positive: ReadonlyArray<{ weight: number; schedule: readonly Scheduled[] }>,
  negative: readonly Scheduled[],
): Conditioning {
  const parts = positive.map(({ weight, schedule }) => ({
    weight,
    context: contextAt(call, schedule),
  }));
  const longest = Math.max(...parts.map((p) => p.context.shape[1]));
  const equal = parts.map((p) => ({ ...p, context: lengthenContext(p.context, longest) }));
  return { positive: [equal], negative: [contextAt(call, negative)] };
}

function contextAt(call: number, schedule: readonly Scheduled[]): Tensor {
  const found = schedule.find((s) => call <= s.until) ?? schedule.at(-1);
  if (!found) throw new RangeError('Expected at least one text');
  return found.context;
}
