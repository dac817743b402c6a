import { stripComments } from './comments.ts';
import { takeNetworkTags } from './extraNetworks.ts';

/** The prompt as the model reads it: without comments and without tags that name files. */
export function promptText(prompt: string): string {
  return stripComments(takeNetworkTags(prompt).text);
}
