import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../shared/utf8.ts';

describe('utf8', () => {
  it('agrees with the platform on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Encode(text)).toEqual(new TextEncoder().encode(text));
        expect(utf8Decode(utf8Encode(text))).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text)),
        );
      }),
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof utf8Decode(bytes) === 'string'));
  });

  it('replaces a lone surrogate', () => {
    expect(utf8Encode('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd));
  });

  it('is quick on long texts', () => {
    const text = 'ä'.repeat(200_000);
    expect(utf8Decode(utf8Encode(text))).toBe(text);
  });
});
