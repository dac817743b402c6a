import { expect, it } from 'vitest';
import { JobQueue, type QueueParts } from '../../service/jobs/queue.ts';

it('looks again when it is woken in the turn in which it found nothing', () => {
  let looks = 0;
  const next = () => {
    looks += 1;
    return undefined;
  };
  const queue = new JobQueue({ jobs: { next } } as unknown as QueueParts);
  queue.wake();
  queue.wake();
  expect(looks).toBe(2);
});
