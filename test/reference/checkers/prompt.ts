/** The prompt language: attention, comments, network tags, compositions, schedules. */
import { parseAttention } from '../../../service/engine/prompt/attention.ts';
import { stripComments } from '../../../service/engine/prompt/comments.ts';
import { promptParts } from '../../../service/engine/prompt/compositions.ts';
import {
  loraOf,
  takeNetworkTags,
  type NetworkTag,
} from '../../../service/engine/prompt/extraNetworks.ts';
import { promptSchedule } from '../../../service/engine/prompt/schedule.ts';
import { Unsupported, type Checker } from '../case.ts';

const operations: Readonly<Record<string, (row: never) => unknown>> = {
  attention: (text: string) => {
    const { parts, unreadable } = parseAttention(text);
    // The original raises where we take the text without its weight.
    if (unreadable.length > 0) return { error: 'ValueError' };
    return parts.map((part) => [part.text, part.weight]);
  },
  comments: (text: string) => stripComments(text),
  multicond: (prompts: string[]) => multicond(prompts),
  'extra-networks': (text: string) => {
    const { text: rest, tags } = takeNetworkTags(text);
    const loras = tags.filter(({ type }) => type === 'lora' || type === 'lyco');
    return {
      text: rest,
      networks: byType(tags),
      ...(loras.length > 0 ? { lora: resolved(loras) } : {}),
    };
  },
  'extra-networks-batch': (prompts: string[]) => {
    const taken = prompts.map(takeNetworkTags);
    return { texts: taken.map(({ text }) => text), networks: byType(taken[0]?.tags ?? []) };
  },
  schedule: ([text, steps, hiresSteps, old]: [string, number, number | null, number]) =>
    promptSchedule(text, {
      steps,
      ...(hiresSteps === null ? {} : { hiresSteps }),
      oldTiming: old === 1,
    }).map(({ until, text: at }) => [until, at]),
};

export const check: Checker = (c) => {
  const operation = operations[String(c.input['op'])];
  if (!operation) throw new Unsupported(`prompt ${String(c.input['op'])}`);
  return Promise.resolve({ rows: (c.input['rows'] as never[]).map((row) => operation(row)) });
};

function byType(tags: readonly NetworkTag[]): Record<string, (readonly string[])[]> {
  const networks: Record<string, (readonly string[])[]> = {};
  for (const { type, items } of tags) (networks[type] ??= []).push(items);
  return networks;
}

function resolved(tags: readonly NetworkTag[]): unknown {
  const loras = tags.map(({ items }) => loraOf(items));
  if (loras.includes(undefined)) return { error: 'ValueError' };
  const written = (value: number) => (Number.isFinite(value) ? value : value > 0 ? 'inf' : '-inf');
  return loras.map((lora) => [
    lora!.name,
    written(lora!.textWeight),
    written(lora!.unetWeight),
    lora!.dynamicRank ?? null,
  ]);
}

function multicond(prompts: readonly string[]): unknown {
  const texts: string[] = [];
  const indexes = prompts.map((prompt) =>
    promptParts(prompt).map(({ text, weight }) => {
      if (!texts.includes(text)) texts.push(text);
      return [texts.indexOf(text), weight];
    }),
  );
  return { indexes, texts };
}
