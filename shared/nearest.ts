/** Finds what somebody probably meant: shared by samplers, schedules and models. */

/**
 * Edit distance (Damerau-Levenshtein, adjacent swaps count one), cut off above `limit`: then the
 * answer is `limit + 1`.
 */
export function editDistance(a: string, b: string, limit = Number.MAX_SAFE_INTEGER): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    before = last;
    last = row;
  }
  return Math.min(last[b.length], limit + 1);
}

/** Letters and digits only, lower case: `DPM++ 2M Karras` and `dpmpp_2m-karras` come close. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('++', 'pp')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

const longestCompared = 200;

/**
 * The candidates most like `name`, nearest first, at most `count` (default 3). Case, spaces and
 * punctuation do not matter; a candidate that contains the name, or begins with it, counts as near.
 * Empty when nothing resembles it.
 */
export function nearestNames(name: string, candidates: Iterable<string>, count = 3): string[] {
  const wanted = plain(name.slice(0, longestCompared));
  if (wanted.length === 0) return [];
  const limit = Math.max(2, Math.floor(wanted.length / 2));
  const scored: Array<{ candidate: string; score: number }> = [];
  for (const candidate of new Set(candidates)) {
    const other = plain(candidate.slice(0, longestCompared));
    let score = editDistance(wanted, other, limit);
    if (other.startsWith(wanted)) score = Math.min(score, 0.5);
    else if (other.includes(wanted) && wanted.length >= 2) score = Math.min(score, 1.5);
    if (score <= limit && score < Math.max(wanted.length, other.length))
      scored.push({ candidate, score });
  }
  return scored
    .sort((a, b) => a.score - b.score || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
