/** Undo and redo as whole values: documents share what did not change, so a step costs little. */

export interface History<T> {
  readonly present: T;
  readonly past: readonly Step<T>[];
  readonly future: readonly Step<T>[];
}

export interface Step<T> {
  readonly name: string;
  /** The value before the step (in the past) or after it (in the future). */
  readonly value: T;
}

const mostSteps = 50;

export function beginHistory<T>(present: T): History<T> {
  return { present, past: [], future: [] };
}

/** One named step to a new value; what was undone before is gone. */
export function advance<T>(history: History<T>, name: string, value: T): History<T> {
  const past = [...history.past, { name, value: history.present }].slice(-mostSteps);
  return { present: value, past, future: [] };
}

/** A change that is no step of its own: what is active, what is shown. */
export function amend<T>(history: History<T>, value: T): History<T> {
  return { ...history, present: value };
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past[history.past.length - 1];
  if (!last) return history;
  return {
    present: last.value,
    past: history.past.slice(0, -1),
    future: [{ name: last.name, value: history.present }, ...history.future],
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [next] = history.future;
  if (!next) return history;
  return {
    present: next.value,
    past: [...history.past, { name: next.name, value: history.present }],
    future: history.future.slice(1),
  };
}
