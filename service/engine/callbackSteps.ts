/** Progress of work that tells it by a callback, as steps to be awaited; only the newest is kept. */
import type { Painting } from './runJob.ts';

export interface CallbackSteps {
  report(step: Painting): void;
  /** To be called when the work has ended, however it did. */
  end(): void;
  steps(): AsyncGenerator<Painting, void>;
}

export function makeCallbackSteps(): CallbackSteps {
  let newest: Painting | undefined;
  let last = -1;
  let ended = false;
  let wake: (() => void) | undefined;
  return {
    report(step) {
      if (step.step === last) return;
      last = step.step;
      newest = step;
      wake?.();
    },
    end() {
      ended = true;
      wake?.();
    },
    async *steps() {
      for (;;) {
        if (newest) {
          const step = newest;
          newest = undefined;
          yield step;
        } else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
