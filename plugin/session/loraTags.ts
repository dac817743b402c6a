/** LoRAs that a prompt names, `<lora:name:weight>`, and their weights. Pure. */

export interface LoraTag {
  /** As it is written. */
  readonly name: string;
  /** Undefined where what is written is no number. */
  readonly weight: number | undefined;
  /** Where the tag stands in the text. */
  readonly start: number;
  readonly end: number;
}

/** What a weight may be set to here; a prompt may say anything. */
export const loraWeightRange = { min: -4, max: 4 } as const;

/**
 * `<lora:name>`, `<lora:name:0.8>`, `<lyco:name:0.8:0.5>`, `<lora:name:lbw=OUTALL>`; only the first number
 * is its weight, and what has a name of its own (`te=`, `lbw=`) is not.
 */
const tagPattern = /<(lora|lyco):([^:<>]+)(?::([^:<>=]*))?((?::[^<>]*)?)>/gi;

/** In the order of the text. */
export function loraTags(prompt: string): readonly LoraTag[] {
  return [...prompt.matchAll(tagPattern)].map((match) => {
    const [whole, , name = '', weight] = match;
    const number = weight === undefined || weight.trim() === '' ? 1 : Number(weight);
    return {
      name: name.trim(),
      weight: Number.isFinite(number) ? number : undefined,
      start: match.index,
      end: match.index + whole.length,
    };
  });
}

/** The prompt with another weight for one of its tags; what stands behind the weight stays. */
export function withLoraWeight(prompt: string, tag: LoraTag, weight: number): string {
  const whole = prompt.slice(tag.start, tag.end);
  const changed = whole.replace(
    tagPattern,
    (_, kind: string, name: string, _old: string | undefined, rest: string) =>
      `<${kind}:${name}:${weight}${rest}>`,
  );
  return prompt.slice(0, tag.start) + changed + prompt.slice(tag.end);
}

/** The prompt without one of its tags, and without the space that it leaves. */
export function withoutLora(prompt: string, tag: LoraTag): string {
  const before = prompt.slice(0, tag.start);
  const after = prompt.slice(tag.end);
  if (before === '' || /\s$/.test(before)) return before + after.replace(/^[^\S\n]+/, '');
  return before + after;
}
