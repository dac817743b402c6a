/** The one table that every program prints. */

export interface Figure {
  readonly figure: string;
  /** With its unit. */
  readonly measured: string;
  /** "<= 250 ms"; absent where there is nothing to reach. */
  readonly target?: string;
  readonly isReached?: boolean;
}

const widths = { figure: 56, measured: 16, target: 14 };

/** A title, then one line for each figure. */
export function printTable(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  console.log(line('figure', 'measured', 'to reach', 'ok?'));
  for (const { figure, measured, target = '', isReached } of figures) {
    const verdict = isReached === undefined ? '' : isReached ? 'yes' : 'NO';
    console.log(line(figure, measured, target, verdict));
  }
}

function line(figure: string, measured: string, target: string, verdict: string): string {
  const cells = [
    figure.padEnd(widths.figure),
    measured.padStart(widths.measured),
    target.padEnd(widths.target),
    verdict,
  ];
  return cells.join('  ').trimEnd();
}

/** A figure that must not be above its limit; `digits` after the point. */
export function atMost(
  figure: string,
  value: number,
  limit: { readonly most: number; readonly unit: string; readonly digits?: number },
): Figure {
  const { most, unit, digits = 0 } = limit;
  return {
    figure,
    measured: `${value.toFixed(digits)} ${unit}`,
    target: `<= ${most} ${unit}`,
    isReached: value <= most,
  };
}

/** A figure that is only told. */
export function told(figure: string, value: number, unit: string, digits = 0): Figure {
  return { figure, measured: `${value.toFixed(digits)} ${unit}` };
}
