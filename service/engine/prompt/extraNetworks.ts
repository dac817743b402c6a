/** `<lora:name:0.8>` and the like: found, taken out of the text, and read. */

export interface NetworkTag {
  /** `lora`, `hypernet`, ... as written. */
  readonly type: string;
  /** What stands between the colons. */
  readonly items: readonly string[];
}

const tag = /<([\p{L}\p{N}\p{M}_]+):([^>]+)>/gu;

/** The text without its tags, and the tags in their order. Linear in the length. */
export function takeNetworkTags(prompt: string): { text: string; tags: NetworkTag[] } {
  const tags: NetworkTag[] = [];
  // Behind the last ">" there is no tag, and looking for one would take long.
  const end = prompt.lastIndexOf('>') + 1;
  const text = prompt.slice(0, end).replace(tag, (_whole, type: string, rest: string) => {
    tags.push({ type, items: rest.split(':') });
    return '';
  });
  return { text: text + prompt.slice(end), tags };
}

export interface LoraTag {
  readonly name: string;
  /** Strength in the text encoder. */
  readonly textWeight: number;
  /** Strength in the UNet. */
  readonly unetWeight: number;
  /** Rank to which it is cut down, if asked. */
  readonly dynamicRank: number | undefined;
  /** What `lbw=` says of its blocks (blockWeights.ts). */
  readonly blockWeights: string | undefined;
  /** Words that would change it from step to step or from part to part of a block. */
  readonly unknown: readonly string[];
}

/** Further arguments of sd-webui-lora-block-weight. */
const unknownArguments = new Set(['lbwe', 'start', 'stop', 'step']);

/**
 * A `<lora:name:te:unet:dyn>` tag: named arguments (`te=`, `unet=`, `dyn=`) win over positional ones,
 * the text weight is 1 unless told, the UNet's weight that of the text. Undefined when a number cannot
 * be read (a1111: extensions-builtin/Lora extra_networks_lora.py).
 */
export function loraOf(items: readonly string[]): LoraTag | undefined {
  const positional: string[] = [];
  const named = new Map<string, string>();
  for (const item of items) {
    const [key, value, more] = item.split('=');
    if (value !== undefined && more === undefined) named.set(key!, value);
    else positional.push(item);
  }
  const [name, te, unet, dyn] = positional;
  if (name === undefined) return undefined;
  const textWeight = numberOf([te, named.get('te')], 1);
  const unetWeight = numberOf([unet, named.get('unet')], textWeight);
  const rankTexts = [dyn, named.get('dyn')].filter((text) => text !== undefined);
  if (Number.isNaN(textWeight) || Number.isNaN(unetWeight)) return undefined;
  if (!rankTexts.every((text) => /^\s*[+-]?\d+\s*$/.test(text))) return undefined;
  const rank = rankTexts.at(-1);
  return {
    name,
    textWeight,
    unetWeight,
    dynamicRank: rank === undefined ? undefined : Number(rank),
    blockWeights: named.get('lbw'),
    unknown: [...named.keys()].filter((key) => unknownArguments.has(key)),
  };
}

/** The last text that is there, as a number; all of them must be readable, else NaN. */
function numberOf(texts: readonly (string | undefined)[], fallback: number): number {
  let value = fallback;
  for (const text of texts) {
    if (text === undefined) continue;
    const plain = text.trim().toLowerCase();
    if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain)) {
      const infinite = /^([+-]?)inf(inity)?$/.exec(plain);
      if (!infinite) return Number.NaN;
      value = infinite[1] === '-' ? -Infinity : Infinity;
    } else value = Number(plain);
  }
  return value;
}
