/** Pairing codes: eight characters that a person carries from here to a panel; valid once. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { PentimentoError } from '../../shared/errors.ts';
import type { Clock } from '../jobs/clock.ts';
import { normalizeCode, randomText } from '../jobs/ids.ts';

interface OpenCode {
  /** Two groups of four characters, 40 random bits. */
  readonly code: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface PairingDesk {
  open(validMs?: number): OpenCode;
  /** Uses a code up. Throws E_PAIR_CLOSED, E_PAIR_CODE. */
  redeem(typed: string): void;
}

const defaultValidMs = 5 * 60_000;
const mostWrongTries = 5;
const mostOpenCodes = 8;

export function makePairingDesk(clock: Clock): PairingDesk {
  let codes: Array<{ hash: Buffer; until: number }> = [];
  let wrongTries = 0;
  const dropExpired = () => {
    codes = codes.filter((open) => open.until > clock.monotonicMs());
  };
  return {
    open(validMs = defaultValidMs) {
      dropExpired();
      const text = randomText(8);
      wrongTries = 0;
      codes = [...codes, { hash: hashOf(text), until: clock.monotonicMs() + validMs }];
      codes = codes.slice(-mostOpenCodes);
      return {
        code: `${text.slice(0, 4)}-${text.slice(4)}`,
        expiresAt: clock.wallMs() + validMs,
      };
    },
    redeem(typed) {
      dropExpired();
      if (codes.length === 0) throw new PentimentoError('E_PAIR_CLOSED');
      const hash = hashOf(normalizeCode(typed));
      const found = codes.find((open) => timingSafeEqual(open.hash, hash));
      if (found) {
        codes = codes.filter((open) => open !== found);
        return;
      }
      wrongTries += 1;
      if (wrongTries >= mostWrongTries) codes = [];
      throw new PentimentoError('E_PAIR_CODE');
    },
  };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
