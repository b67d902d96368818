/** The result of a bench as one line of JSON, or as a table. Pure. */
import type { Figure, Metrics } from './figures.js';

type Figures = Readonly<Record<string, Figure>>;

/** The one object that --json ends with. */
export function jsonLine(name: string, quick: boolean, figures: Figures): string {
  return JSON.stringify({ name, quick, figures });
}

const COLUMNS = ['n', 'min', 'median', 'p95', 'p99', 'max'] as const;

function rowsOf(figures: Figures): string[][] {
  const rows = Object.entries(figures).map(([name, figure]) => [
    name,
    ...COLUMNS.map((column) => String(figure[column])),
    figure.unit,
  ]);
  return [['metric', ...COLUMNS, 'unit'], ...rows];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const isText = column === 0 || column === row.length - 1;
        return isText ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

export function tableLines(figures: Figures, metrics: Metrics): string[] {
  const help = Object.entries(metrics).map(([name, metric]) => `  ${name}: ${metric.help}`);
  return [...aligned(rowsOf(figures)), '', ...help];
}
