import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv, type ValidateFunction } from "ajv";

const folder = fileURLToPath(new URL("../../../docs/json/", import.meta.url));
const suffix = ".schema.json";

/** Names of the kinds that have a schema in `docs/json/`, and `Event`. */
export const kindsWithSchema: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(suffix))
  .map((name) => name.slice(0, -suffix.length))
  .sort();

/** A schema as it is committed. */
export function readSchema(kind: string): unknown {
  return JSON.parse(readFileSync(`${folder}${kind}${suffix}`, "utf8"));
}

const ajv = new Ajv({ strict: true, allErrors: true, discriminator: false });
const compiled = new Map<string, ValidateFunction>();

function checkOf(kind: string): ValidateFunction {
  const known = compiled.get(kind) ?? ajv.compile(readSchema(kind) as object);
  compiled.set(kind, known);
  return known;
}

/** What of one printed object its schema does not allow. */
export function schemaProblems(printed: unknown): readonly string[] {
  const kind = (printed as { readonly kind?: unknown } | null)?.kind;
  if (typeof kind !== "string" || !kindsWithSchema.includes(kind)) return [`no schema for the kind ${String(kind)}`];
  return problems(kind, printed);
}

/** What of one line of `--log-format json` the schema of events does not allow. */
export function eventProblems(event: unknown): readonly string[] {
  return problems("Event", event);
}

function problems(kind: string, value: unknown): readonly string[] {
  const check = checkOf(kind);
  if (check(value)) return [];
  return (check.errors ?? []).map(
    ({ instancePath, message = "", params }) => `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The objects of a text that holds one after the other, each on a line of its own or the only one. */
export function parsePrinted(text: string): readonly unknown[] {
  const lines = text.trimEnd().split("\n");
  const isLines = lines.length > 1 && lines.every((line) => line.startsWith("{") && line.endsWith("}"));
  return isLines ? lines.map((line) => JSON.parse(line) as unknown) : [JSON.parse(text) as unknown];
}
