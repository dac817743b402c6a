/** AUTOMATIC1111's styles: files read and written, applied, taken out again. */
import { parseStyles, printStyles } from '../../../service/recipes/styles.ts';
import { applyStyles, applyStyleTexts, takeStyles, takeStyleText } from '../../../shared/styles.ts';
import { Unsupported, type Checker } from '../case.ts';

const operations: Readonly<Record<string, (row: never) => unknown>> = {
  csv: wholeFile,
  merge: ([prompt, styles]: [string, string[]]) => applyStyleTexts(prompt, styles),
  extract: ([style, prompt]: [string, string]) => {
    const rest = takeStyleText(style, prompt);
    return [rest !== undefined, rest ?? prompt];
  },
};

/** The row's question, as the case states it: applied to these prompts, the first three styles. */
function wholeFile(csv: string): unknown {
  const styles = parseStyles(csv);
  const read = styles.map((s) => [s.name, s.prompt ?? null, s.negativePrompt ?? null]);
  // The original raises as soon as a style with a missing cell is used or saved.
  if (styles.some((s) => s.prompt === undefined || s.negativePrompt === undefined)) {
    return { styles: read };
  }
  const prompts = { prompt: 'my prompt', negativePrompt: 'my negative' };
  const names = styles.slice(0, 3).map((s) => s.name);
  const applied = applyStyles(styles, names, prompts);
  const taken = takeStyles(styles, applied);
  return {
    styles: read,
    applied: [names, applied.prompt, applied.negativePrompt],
    unknown: applyStyles(styles, ['a name that is not there'], prompts).prompt,
    extracted: [taken.names, taken.prompt, taken.negativePrompt],
    saved: printStyles(styles),
  };
}

export const check: Checker = (c) => {
  const operation = operations[String(c.input['op'])];
  if (!operation) throw new Unsupported(`styles ${String(c.input['op'])}`);
  return Promise.resolve({ rows: (c.input['rows'] as never[]).map((row) => operation(row)) });
};
