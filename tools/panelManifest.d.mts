export function problemsOfManifest(
  manifest: unknown,
  options: { readonly files: readonly string[]; readonly version: string },
): string[];
