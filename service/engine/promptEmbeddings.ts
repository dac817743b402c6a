/** The embeddings that a prompt names, read from their files. */
import { PentimentoError } from '../../shared/errors.ts';
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionFacts } from './diffusion.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { promptTokens } from './prompt/conditioning.ts';
import type { PromptEmbedding } from './prompt/embeddings.ts';
import type { EmphasisMode } from './prompt/emphasis.ts';
import type { Tokenizer } from './prompt/tokenizer.ts';
import { planPrompts, tokenizerOf, type PromptSettings } from './promptConditioning.ts';
import { openEmbedding, type OpenedEmbedding } from './weights/openEmbedding.ts';

/** An embedding in the library: the word that calls it, and where it lies. */
export interface EmbeddingFile {
  readonly name: string;
  readonly path: string;
  /** It travels in a LoRA file, under this name. */
  readonly inside?: string;
  /** For recipes. */
  readonly hash?: string | undefined;
}

interface EmbeddingQuestion {
  /** All texts of prompt and negative prompt. */
  readonly texts: readonly string[];
  readonly files: readonly EmbeddingFile[];
  readonly tokenizer: Tokenizer;
  readonly emphasis: EmphasisMode;
  /** Widths of the model's text encoders. */
  readonly widths: readonly number[];
}

interface NamedEmbeddings {
  readonly embeddings: readonly PromptEmbedding[];
  /** Why some that are named are not used. */
  readonly notes: readonly string[];
}

/**
 * The embeddings that a request's texts name and that fit the model, and why others that they name are
 * not used. diffusers' own language knows none. Throws what planPrompts throws.
 */
export async function embeddingsOf(
  request: PromptSettings & Pick<DiffusionRequest, 'dialect'>,
  facts: Pick<DiffusionFacts, 'family' | 'encoderWidths' | 'contextWidth'>,
  files: readonly EmbeddingFile[],
): Promise<NamedEmbeddings> {
  const options = pipelineOptions(request.dialect);
  if (options.promptLanguage === 'plain' || files.length === 0)
    return { embeddings: [], notes: [] };
  const { positive, negative } = planPrompts(request, options.promptLanguage);
  const texts = [...positive.flatMap((part) => part.texts), ...negative].map(({ text }) => text);
  return namedEmbeddings({
    texts: [...new Set(texts)],
    files,
    tokenizer: tokenizerOf(facts, options),
    emphasis: request.emphasis ?? 'original',
    widths: facts.encoderWidths ?? [facts.contextWidth],
  });
}

/**
 * Only files whose names stand in the texts are read. One that does not fit the model, or cannot be
 * read, gives way to a shorter name or one of the same name, else to the plain words. Never throws.
 */
async function namedEmbeddings(question: EmbeddingQuestion): Promise<NamedEmbeddings> {
  const embeddings = new Map<EmbeddingFile, PromptEmbedding>();
  const notes: string[] = [];
  let files = [...question.files];
  for (;;) {
    const named = filesNamed(question, files).filter((file) => !embeddings.has(file));
    if (named.length === 0) return { embeddings: [...embeddings.values()], notes };
    for (const file of named) {
      const { embedding, problem } = await read(file, question.widths);
      if (embedding) embeddings.set(file, embedding);
      else files = files.filter((other) => other !== file);
      if (problem !== undefined) notes.push(problem);
    }
  }
}

function filesNamed(question: EmbeddingQuestion, files: readonly EmbeddingFile[]): EmbeddingFile[] {
  if (files.length === 0) return [];
  const { texts, tokenizer, emphasis } = question;
  // How many vectors there are does not matter for which names are found.
  const embeddings = files.map(({ name }) => ({ name, vectors: 1 }));
  const names = new Set(
    texts.flatMap((text) =>
      promptTokens(text, { tokenizer, emphasis, embeddings }).chunks.flatMap((chunk) =>
        chunk.embeddings.map(({ name }) => name),
      ),
    ),
  );
  return [...names].flatMap((name) => files.find((file) => file.name === name) ?? []);
}

async function read(
  { name, path, inside }: EmbeddingFile,
  widths: readonly number[],
): Promise<{ embedding?: PromptEmbedding; problem?: string }> {
  try {
    const opened = await openEmbedding(path, inside);
    const own = opened.parts.map(({ shape }) => shape[1]);
    if (own.length === widths.length && own.every((width, i) => width === widths[i])) {
      return { embedding: { name, vectors: opened.vectors, parts: opened.parts } };
    }
    const why = `is an embedding for ${madeFor(opened)} and does not fit this model`;
    return { problem: `"${name}" ${why}; the prompt's words are read as they are.` };
  } catch (error) {
    if (!(error instanceof PentimentoError)) throw error;
    return { problem: `The embedding "${name}" cannot be used: ${error.message}` };
  }
}

const families: ReadonlyMap<number, string> = new Map([
  [768, 'Stable Diffusion 1'],
  [1024, 'Stable Diffusion 2'],
  [1280, "SDXL's refiner"],
]);

function madeFor({ parts }: OpenedEmbedding): string {
  const widths = parts.map(({ shape }) => shape[1]);
  if (widths.length > 1) return 'SDXL';
  return families.get(widths[0]) ?? `a text encoder ${widths[0]} wide`;
}
