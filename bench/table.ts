/** What a figure should be. */
export type Aim = { most: number } | { least: number };

export interface Column {
  title: string;
  align?: "left";
}

/** Prints an aligned table; numbers to the right unless a column says otherwise. */
export function printTable(title: string, columns: readonly Column[], rows: readonly string[][]): void {
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  console.log(`\n${title}`);
  console.log(`  ${line(columns.map((column) => column.title))}`);
  for (const row of rows) console.log(`  ${line(row)}`);
}

export function printNote(text: string): void {
  console.log(`  ${text}`);
}

/** `aim ≤ 7.00, reached` */
export function verdict(value: number, aim: Aim): string {
  const [sign, bound, reached] =
    "most" in aim ? ["≤", aim.most, value <= aim.most] : ["≥", aim.least, value >= aim.least];
  return `aim ${sign} ${bound.toFixed(2)}, ${reached ? "reached" : "NOT REACHED"}`;
}

/** With so many digits after the point, and a comma between thousands. */
export function figure(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
