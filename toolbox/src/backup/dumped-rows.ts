/** What went through a dump, table by table. */
export interface DumpedRows {
  readonly tables: number;
  readonly rows: number;
  readonly sequences: number;
}

/** Longest line that matters outside of a table's rows: its name and those of 1,600 columns. */
const longest = 262_144;
const newline = 10;

/**
 * Counts tables, rows and sequences in the output of `pg_dump --data-only`, as it comes. Within `copy … from stdin`
 * every line is one row, because line ends in values are escaped; rows of any length pass without being kept.
 */
export function dumpCounter(): { readonly write: (chunk: Buffer) => void; readonly result: () => DumpedRows } {
  const counted = { tables: 0, rows: 0, sequences: 0 };
  let isInRows = false;
  /** The beginning of a line whose end has not come yet. */
  let begun: Buffer[] = [];
  let begunLength = 0;
  const keep = (part: Buffer): void => {
    const wanted = part.subarray(0, Math.max(0, (isInRows ? 3 : longest) - begunLength));
    if (wanted.length > 0) begun.push(Buffer.from(wanted));
    begunLength += part.length;
  };
  const takeLine = (end: Buffer): void => {
    if (isInRows) {
      if (isEndOfRows(begun, begunLength, end)) isInRows = false;
      else counted.rows += 1;
    } else {
      const line = Buffer.concat([...begun, end.subarray(0, longest)]).toString("latin1");
      if (line.startsWith("COPY ") && line.endsWith(" FROM stdin;")) {
        isInRows = true;
        counted.tables += 1;
      } else if (line.startsWith("SELECT pg_catalog.setval(")) counted.sequences += 1;
    }
    begun = [];
    begunLength = 0;
  };
  return {
    result: () => ({ ...counted }),
    write: (chunk) => {
      let from = 0;
      for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
        takeLine(chunk.subarray(from, to));
        from = to + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    },
  };
}

function isEndOfRows(begun: readonly Buffer[], begunLength: number, end: Buffer): boolean {
  if (begunLength + end.length !== 2) return false;
  return Buffer.concat([...begun, end]).toString("latin1") === "\\.";
}
