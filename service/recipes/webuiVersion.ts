/** Versions as AUTOMATIC1111 writes them into recipes, ordered by Python's rules for version numbers (PEP 440). */

interface Version {
  readonly release: readonly number[];
  /** Before the release (development, alpha, beta, candidate) below 0, the release 0, after it above. */
  readonly stage: readonly number[];
}

const pattern =
  /^v?(?:\d+!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/;
const preRanks: Readonly<Record<string, number>> = { a: -3, alpha: -3, b: -2, beta: -2 };
const candidateRank = -1;
const longestVersion = 200;

/** "v1.7.0-225-gabcdef" is the 225th change after 1.7.0. Undefined for what is no version. */
function readVersion(text: string): Version | undefined {
  const plain = text.trim().slice(0, longestVersion).toLowerCase();
  const parts = plain.split('-');
  const described = parts.length > 2 && parts[0] !== '' && parts[1] !== '';
  const match = pattern.exec(described ? `${parts[0]}-${parts[1]}` : plain);
  if (!match) return undefined;
  const [, numbers, pre, preNumber, shortPost, post, postNumber, dev, devNumber] = match;
  const rank = pre === undefined ? 0 : (preRanks[pre] ?? candidateRank);
  const postRank = shortPost ?? (post === undefined ? '-1' : postNumber || '0');
  const isBareDev = dev !== undefined && pre === undefined && postRank === '-1';
  return {
    release: numbers.split('.').map(Number),
    stage: [
      isBareDev ? -4 : rank,
      Number(preNumber ?? 0),
      Number(postRank),
      dev === undefined ? Infinity : Number(devNumber || 0),
    ],
  };
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** True when `text` is a version and older than `other`. */
export function isOlderVersion(text: string, other: string): boolean {
  const version = readVersion(text);
  const limit = readVersion(other);
  if (!version || !limit) return false;
  const order = compare(version.release, limit.release) || compare(version.stage, limit.stage);
  return order < 0;
}
