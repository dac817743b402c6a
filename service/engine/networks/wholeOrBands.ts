import { PentimentoError } from '../../../shared/errors.ts';

export interface TwoWays<T> {
  whole(): Promise<T>;
  /** Lets go of what the failed way has loaded. */
  free(): Promise<void>;
  /** `bandBytes`: for the widest intermediate result of one band. */
  bands(bandBytes: number): Promise<T>;
}

/** About this many of a band's widest results are alive at once, weights and copies included. */
const resultsAlive = 12;
/** Below, bands are mostly what they see beyond their own; above, they are no faster. */
const [leastBandBytes, mostBandBytes] = [16e6, 96e6];

/** Whole where that fits into `roomBytes` and the device agrees, else in bands. */
export async function wholeOrBands<T>(
  wholeBytes: number,
  roomBytes: number,
  ways: TwoWays<T>,
): Promise<T> {
  if (wholeBytes <= roomBytes) {
    try {
      return await ways.whole();
    } catch (error) {
      if (!(error instanceof PentimentoError) || error.code !== 'E_MEMORY') throw error;
      await ways.free();
    }
  }
  const bandBytes = Math.max(leastBandBytes, roomBytes / resultsAlive);
  return ways.bands(Math.min(mostBandBytes, bandBytes));
}
