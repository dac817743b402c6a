/** Comma-separated rows, read and written as Python's csv module does with AUTOMATIC1111's settings. Pure. */

type State = 'fieldStart' | 'plain' | 'quoted' | 'quoteInQuoted';

/**
 * Rows of cells; empty lines are left out. Blanks before a cell are skipped, quotes inside an unquoted cell
 * are ordinary, text behind a closing quote is appended. Never throws; linear time.
 */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let state: State = 'fieldStart';
  const endCell = () => {
    row.push(cell);
    cell = '';
    state = 'fieldStart';
  };
  const endRow = () => {
    if (row.length > 0 || state !== 'fieldStart') endCell();
    if (row.length > 0) rows.push(row);
    row = [];
  };
  for (const character of text) {
    const isNewline = character === '\n' || character === '\r';
    if (state === 'quoted') {
      if (character === '"') state = 'quoteInQuoted';
      else cell += character;
    } else if (isNewline) endRow();
    else if (character === ',') endCell();
    else if (character === '"' && state === 'fieldStart') state = 'quoted';
    else if (character === '"' && state === 'quoteInQuoted') {
      cell += '"';
      state = 'quoted';
    } else if (character !== ' ' || state !== 'fieldStart') {
      cell += character;
      state = 'plain';
    }
  }
  endRow();
  return rows;
}

/** Rows with CRLF ends; cells are quoted only where they must be. */
export function printCsv(rows: ReadonlyArray<readonly string[]>): string {
  const cellText = (cell: string) =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return rows.map((row) => `${row.map(cellText).join(',')}\r\n`).join('');
}
