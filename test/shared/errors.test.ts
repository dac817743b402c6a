import { describe, expect, it } from 'vitest';
import {
  errorCodes,
  errorEntry,
  errorOfProblem,
  PentimentoError,
  Problem,
  problemOf,
  toProblem,
} from '../../shared/errors.ts';

describe('errors', () => {
  it('has a sentence and a next step for every code', () => {
    expect(errorCodes.length).toBeGreaterThan(30);
    for (const code of errorCodes) {
      const { title, next, status } = errorEntry(code);
      expect(title, code).toMatch(/^[A-Z].*[.]$/);
      expect(next, code).toMatch(/^[A-Z].*[.]$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(Problem.safeParse(problemOf(code, 'detail')).success).toBe(true);
    }
  });

  it('travels and comes back the same', () => {
    const error = errorOfProblem(toProblem(new PentimentoError('E_MASK_SIZE', 'It is 3 x 4.')));
    expect(error).toMatchObject({ code: 'E_MASK_SIZE', detail: 'It is 3 x 4.' });
  });

  it('never tells the text of an error that is not ours', () => {
    const problem = toProblem(new Error('/home/anna/secret.png is broken'));
    expect(problem.code).toBe('E_INTERNAL');
    expect(JSON.stringify(problem)).not.toContain('anna');
  });
});
