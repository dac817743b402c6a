/** What is worth knowing before a run of how its prompt will be read. */
import type { DiffusionRequest } from '../../shared/request.ts';
import type { DiffusionFacts } from './diffusion.ts';
import { pipelineOptions } from './plan/pipelineOptions.ts';
import { languageNotes } from './prompt/languageNotes.ts';
import { scheduledCalls } from './promptConditioning.ts';
import { embeddingsOf, type EmbeddingFile } from './promptEmbeddings.ts';

/** Sentences; none for most prompts, and none for a language without rules. Throws what planPrompts throws. */
export async function readingNotes(
  request: DiffusionRequest,
  facts: Pick<DiffusionFacts, 'family' | 'encoderWidths' | 'contextWidth'>,
  files: readonly EmbeddingFile[],
): Promise<string[]> {
  if (pipelineOptions(request.dialect).promptLanguage === 'plain') return [];
  const { prompt, negativePrompt, emphasis } = request;
  const notes = languageNotes({
    prompt,
    negativePrompt,
    steps: scheduledCalls(request),
    literalBrackets: emphasis === 'none',
  });
  const { notes: unusable } = await embeddingsOf(request, facts, files);
  return [...notes, ...unusable];
}
