/** recipe: what some program wrote into a picture, and what of it a new run can take over. */
import { basename } from 'node:path';
import { PentimentoError } from '../../shared/errors.ts';
import type { ReadRecipe } from '../../shared/readRecipe.ts';
import { readRecipeFile } from '../recipes/readRecipe.ts';
import { readWebuiView } from '../recipes/webuiView.ts';
import type { Options } from './options.ts';
import { readStyles } from './styleOptions.ts';
import type { Terminal } from './terminal.ts';

/** Throws E_FILE, E_IMAGE_TYPE, E_RECIPE_NONE, E_RECIPE_DAMAGED; each names the file. */
export function openRecipe(path: string): Promise<ReadRecipe> {
  return naming(path, readRecipeFile(path));
}

async function naming<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof PentimentoError)) throw cause;
    const detail = `"${basename(path)}"${cause.detail === undefined ? '.' : `: ${cause.detail}`}`;
    throw new PentimentoError(cause.code, detail, { cause });
  }
}

const widestValue = 120;

/** Prints it readable; the whole ReadRecipe with --json. With --as-webui as AUTOMATIC1111 reads it. */
export async function showRecipe(
  path: string,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  if (options['as-webui'] === true) return showAsWebui(path, options, terminal);
  const read = await openRecipe(path);
  terminal.json(read);
  const line = (text: string) => terminal.line(printable(text));
  const { prompt, negativePrompt } = read.settings;
  line(`made with ${read.program} (${read.place})`);
  if (prompt) line(`prompt: ${prompt}`);
  if (negativePrompt) line(`avoid: ${negativePrompt}`);
  for (const { name, value } of read.fields) line(`${name}: ${shorten(value)}`);
  if (read.notUsed.length > 0) line('not taken over:');
  for (const { name, value, why } of read.notUsed) {
    line(`  ${name}: ${shorten(value)} (${why})`);
  }
}

async function showAsWebui(path: string, options: Options, terminal: Terminal): Promise<void> {
  const view = await naming(path, readWebuiView(path, await readStyles(options)));
  terminal.json(view);
  terminal.line(printable(view.text ?? ''));
  for (const [name, value] of Object.entries(view.fields)) {
    terminal.line(printable(`  ${name}: ${shorten(String(value))}`));
  }
  for (const [name, value] of Object.entries(view.settings)) {
    terminal.line(printable(`  setting ${name}: ${shorten(String(value))}`));
  }
}

function shorten(text: string): string {
  return text.length > widestValue ? `${text.slice(0, widestValue)} ...` : text;
}

/** A stranger's file must not speak to the terminal: control characters become blanks. */
function printable(text: string): string {
  return text.replaceAll(/(?![\n\t])\p{Cc}/gu, ' ');
}
