import { StartRefusal } from "./start-refusal.ts";
import { readTables, type Tables } from "./toml.ts";

/** What a program does with settings of one group; it reads those of the groups it works with. */
export type Use =
  | "platform"
  | "database"
  | "redis"
  | "nats"
  | "temporal"
  | "gitaly"
  | "objects"
  | "previews"
  | "signIn"
  | "session"
  | "answers"
  | "peers";

/** One setting that the stand-in reads: a row of `server-settings.ts` or `portal-settings.ts`. */
export interface Setting {
  /** Variable of the environment. */
  readonly env: string;
  /** Field of the file, `Table.Field` or `Field`, as the hub's configuration names it. */
  readonly field?: string;
  readonly kind: "text" | "number" | "port" | "flag";
  readonly fallback: string;
  readonly use: Use;
  /** Everybody knows the fallback, so that no installation may run with it. */
  readonly known?: true;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a program. */
export class Settings {
  readonly #table: readonly Setting[];
  readonly #values: ReadonlyMap<string, string>;

  constructor(table: readonly Setting[], values: ReadonlyMap<string, string>) {
    this.#table = table;
    this.#values = values;
  }

  /** By the name of its variable. */
  text(env: string): string {
    const value = this.#values.get(env);
    if (value === undefined) throw new TypeError(`${env} is in no table of settings`);
    return value;
  }

  number(env: string): number {
    return Number(this.text(env));
  }

  flag(env: string): boolean {
    return trueWords.has(this.text(env));
  }

  /** Names of those that still are what everybody knows, among the groups given. */
  known(uses: readonly Use[]): readonly string[] {
    return this.#table
      .filter(({ use, known, env, fallback }) => known === true && uses.includes(use) && this.text(env) === fallback)
      .map(({ env }) => env);
  }
}

/** As Go's strconv.ParseBool has them. */
const trueWords: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const falseWords: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/**
 * Defaults, then the file, then the environment, which wins; an empty variable leaves a number or a flag as it was.
 * @throws {StartRefusal} for a file that is no TOML or holds what no table knows, and for malformed values.
 */
export function readSettings(table: readonly Setting[], environment: Environment, file = ""): Settings {
  const tables = readTables(file);
  refuseUnknown(table, tables);
  const values = new Map<string, string>();
  for (const setting of table) {
    const { env, fallback, kind } = setting;
    const given = environment[env];
    const fromFile = inFile(setting, tables) ?? fallback;
    values.set(env, given === undefined || (given === "" && kind !== "text") ? fromFile : given);
    checkForm(setting, values.get(env) ?? "");
  }
  return new Settings(table, values);
}

function inFile({ field, kind }: Setting, tables: Tables): string | undefined {
  if (field === undefined) return undefined;
  const found = tables.get(normal(field));
  if (found === undefined) return undefined;
  const wanted = kind === "text" ? "string" : kind === "flag" ? "boolean" : "number";
  if (typeof found.value !== wanted)
    throw new StartRefusal(`line ${found.line}: (${field}) cannot unmarshal TOML ${typeof found.value} into ${wanted}`);
  return String(found.value);
}

/** The real one passes over keys it does not know; a misspelt one would then be found much later, or never. */
function refuseUnknown(table: readonly Setting[], tables: Tables): void {
  const known = new Set(table.map(({ field }) => (field === undefined ? "" : normal(field))));
  for (const [path, { line }] of tables)
    if (!known.has(path))
      throw new StartRefusal(`line ${line}: no setting is called ${path} (strictness of the stand-in)`);
}

/** Keys match fields without regard to capitals and underscores. */
function normal(path: string): string {
  return path.toLowerCase().replaceAll("_", "");
}

function checkForm({ env, kind }: Setting, value: string): void {
  if (kind === "flag" && !trueWords.has(value) && !falseWords.has(value))
    throw new StartRefusal(`${env}("${value}"): strconv.ParseBool: parsing "${value}": invalid syntax`);
  if (kind !== "number" && kind !== "port") return;
  if (!/^[+-]?\d+$/.test(value))
    throw new StartRefusal(`${env}("${value}"): strconv.ParseInt: parsing "${value}": invalid syntax`);
  if (kind === "port" && (Number(value) < 1 || Number(value) > 65_535))
    throw new StartRefusal(`listen tcp: address ${value}: invalid port (${env})`);
}
