import { describe, expect, it } from 'vitest';
import { loadedBytes } from '../../service/http/planAnswer.ts';

describe('what a model takes when it is loaded', () => {
  it('follows from its family, whatever its file holds', () => {
    for (const sizeBytes of [2.1e9, 4.3e9, 7.7e9]) {
      expect(loadedBytes({ family: 'sd1', sizeBytes }, 'cpu')).toBe(4.28e9);
      expect(loadedBytes({ family: 'sd1', sizeBytes }, 'cuda')).toBe(2.14e9);
    }
  });

  it('is never more than a small file can hold, and the file itself where the family is not known', () => {
    expect(loadedBytes({ family: 'sd1', sizeBytes: 24e6 }, 'cpu')).toBe(96e6);
    expect(loadedBytes({ family: 'sd3', sizeBytes: 5e9 }, 'cpu')).toBe(5e9);
  });
});
