/** The one table that every program prints. */
import type { Summary } from './timing.ts';

export interface Figure {
  readonly figure: string;
  /** With its unit; the median where something was repeated. */
  readonly measured: string;
  /** The best of the repetitions. */
  readonly best?: string;
  /** "<= 250 ms"; absent where there is nothing to reach. */
  readonly target?: string;
  readonly isReached?: boolean;
}

const widths = { figure: 54, measured: 14, best: 12, target: 12 };

/** A title, then one line for each figure. */
export function printTable(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  console.log(line(['figure', 'measured', 'best', 'to reach', 'ok?']));
  for (const { figure, measured, best = '', target = '', isReached } of figures) {
    const verdict = isReached === undefined ? '' : isReached ? 'yes' : 'NO';
    console.log(line([figure, measured, best, target, verdict]));
  }
}

function line([figure, measured, best, target, verdict]: readonly string[]): string {
  const cells = [
    figure.padEnd(widths.figure),
    measured.padStart(widths.measured),
    best.padStart(widths.best),
    target.padEnd(widths.target),
    verdict,
  ];
  return cells.join('  ').trimEnd();
}

interface Limit {
  readonly most: number;
  readonly unit: string;
  /** After the point (0). */
  readonly digits?: number;
}

/** A figure that must not be above its limit; of repetitions the median counts. */
export function atMost(figure: string, value: number | Summary, limit: Limit): Figure {
  const { most, unit, digits } = limit;
  return {
    ...told(figure, value, unit, digits),
    target: `<= ${most} ${unit}`,
    isReached: (typeof value === 'number' ? value : value.median) <= most,
  };
}

/** A rate that must not be below its limit; of repetitions the median counts. */
export function atLeast(
  figure: string,
  value: Summary,
  {
    least,
    unit,
    digits,
  }: { readonly least: number; readonly unit: string; readonly digits?: number },
): Figure {
  return {
    ...told(figure, value, unit, digits),
    target: `>= ${least} ${unit}`,
    isReached: value.median >= least,
  };
}

/** A figure that is only told. */
export function told(figure: string, value: number | Summary, unit: string, digits = 0): Figure {
  const text = (v: number): string => `${v.toFixed(digits)} ${unit}`.trimEnd();
  if (typeof value === 'number') return { figure, measured: text(value) };
  return { figure, measured: text(value.median), best: text(value.least) };
}
