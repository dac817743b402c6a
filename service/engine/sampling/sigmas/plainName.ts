/** A name without what programs write differently: case, blanks, dashes, underscores, brackets. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}+]/gu, '');
}
