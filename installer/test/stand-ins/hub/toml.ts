import { StartRefusal } from "./start-refusal.ts";

/** Paths, `table.key` in small letters and without underscores, to what they hold. */
export type Tables = ReadonlyMap<string, { readonly value: string | number | boolean; readonly line: number }>;

/**
 * As much of TOML 1.0 as a configuration of the hub needs: tables, bare keys, basic and literal strings of one line, integers and booleans.
 * @throws {StartRefusal} for every other line, and for a key or table that stands twice.
 */
export function readTables(text: string): Tables {
  const found = new Map<string, { readonly value: string | number | boolean; readonly line: number }>();
  const tables = new Set<string>();
  let table = "";
  for (const [index, raw] of text.split("\n").entries()) {
    const line = index + 1;
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const header = /^\[\s*([\w-]+)\s*\]\s*(?:#.*)?$/.exec(trimmed)?.[1];
    if (header !== undefined) {
      table = normal(header);
      if (tables.has(table))
        throw new StartRefusal(`line ${line}: table \`${header}' is in conflict with an earlier one`);
      tables.add(table);
      continue;
    }
    const pair = /^([\w-]+)\s*=\s*(.+)$/s.exec(trimmed);
    if (pair === null) throw new StartRefusal(`line ${line}: invalid TOML syntax`);
    const path = table === "" ? normal(pair[1] ?? "") : `${table}.${normal(pair[1] ?? "")}`;
    const earlier = found.get(path);
    if (earlier !== undefined)
      throw new StartRefusal(`line ${line}: key \`${pair[1] ?? ""}' is in conflict with line ${earlier.line}`);
    found.set(path, { value: valueOf(pair[2] ?? "", line), line });
  }
  return found;
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll("_", "");
}

function valueOf(text: string, line: number): string | number | boolean {
  const bare = /^(true|false|[+-]?\d+)\s*(?:#.*)?$/.exec(text)?.[1];
  if (bare !== undefined) return bare === "true" || bare === "false" ? bare === "true" : Number(bare);
  const literal = /^'([^']*)'\s*(?:#.*)?$/.exec(text)?.[1];
  if (literal !== undefined) return literal;
  const basic = /^("(?:[^"\\\u0000-\u001f\u007f]|\\(?:["\\bfnrt]|u[0-9A-Fa-f]{4}))*")\s*(?:#.*)?$/.exec(text)?.[1];
  // What a basic string may hold then is a string of JSON, too.
  if (basic !== undefined) return JSON.parse(basic) as string;
  throw new StartRefusal(`line ${line}: invalid TOML syntax`);
}
