/**
 * Strengths of a LoRA block by block: `lbw=1,0,0.5,...` or a preset's name. Forms, presets and the order of
 * the blocks: the sd-webui-lora-block-weight extension's documentation.
 */

/** The text encoders, 12 blocks on the way in, the middle, 12 on the way out. */
const blockCount = 26;
const inputs = (...numbers: readonly number[]) => numbers.map((number) => 1 + number);
const outputs = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => 14 + first + i);
const [base, middle] = [0, 13];

/** Which of the 26 blocks the numbers of a form stand for; the others count 0. */
const forms = {
  sd: [base, ...inputs(1, 2, 4, 5, 7, 8), middle, ...outputs(3, 11)],
  sdxl: [base, ...inputs(4, 5, 7, 8), middle, ...outputs(0, 5)],
  sdxlWhole: [base, ...inputs(0, 1, 2, 3, 4, 5, 6, 7, 8), middle, ...outputs(0, 8)],
  whole: Array.from({ length: blockCount }, (_, i) => i),
} as const;

/** In the form of SD 1: text, six inputs, middle, nine outputs. */
const presets: Readonly<Record<string, string>> = {
  INS: '11110000000000000',
  IND: '10001110000000000',
  INALL: '11111110000000000',
  MIDD: '10001111111100000',
  OUTD: '10000000111100000',
  OUTS: '10000000000011111',
  OUTALL: '10000000111111111',
};
const uniform: Readonly<Record<string, number>> = { NONE: 0, ALL: 1, 'ALL0.5': 0.5 };

/**
 * 26 strengths in the order of layerBlock.ts; undefined when the text is neither a preset of the family nor
 * as many numbers as one of its forms has.
 */
export function blockWeightsOf(text: string, family: string): readonly number[] | undefined {
  const name = text.trim().toUpperCase();
  if (Object.hasOwn(uniform, name)) return Array<number>(blockCount).fill(uniform[name]);
  const isXl = family.startsWith('sdxl');
  if (Object.hasOwn(presets, name)) {
    return isXl ? undefined : spread(Array.from(presets[name], Number), forms.sd);
  }
  const parts = text.split(',').map((part) => part.trim());
  const values = parts.map((part) => (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(part) ? Number(part) : NaN));
  if (values.some((value) => Number.isNaN(value))) return undefined;
  const known = isXl ? [forms.sdxl, forms.sdxlWhole, forms.whole] : [forms.sd, forms.whole];
  const form = known.find(({ length }) => length === values.length);
  return form && spread(values, form);
}

function spread(values: readonly number[], form: readonly number[]): readonly number[] {
  const all = Array<number>(blockCount).fill(0);
  form.forEach((block, i) => {
    all[block] = values[i];
  });
  return all;
}
