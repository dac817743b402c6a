import type { Recipe } from '../../shared/recipe.ts';

interface HashedLora {
  readonly name: string;
  readonly path: string;
  readonly hash?: string | undefined;
}

/** For the recipe: the LoRA files that take part and whose hash is known, each once. */
export function usedLoraHashes(
  adapters: ReadonlyArray<{ readonly path: string }>,
  files: readonly HashedLora[],
): NonNullable<Recipe['loras']> {
  const used = new Set(adapters.map(({ path }) => path));
  return files.flatMap(({ name, path, hash }) =>
    used.has(path) && hash !== undefined ? [{ name, hash }] : [],
  );
}

/** For the recipe: the embeddings of these names whose hash is known. */
export function usedEmbeddingHashes(
  names: ReadonlySet<string>,
  files: ReadonlyArray<{ readonly name: string; readonly hash?: string | undefined }>,
): NonNullable<Recipe['embeddings']> {
  return [...names].flatMap((name) => {
    const hash = files.find((file) => file.name === name)?.hash;
    return hash === undefined ? [] : [{ name, hash }];
  });
}
