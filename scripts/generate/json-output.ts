import { renderJsonPage } from "../../installer/src/cli/docs/json-page.ts";
import { describeProgram } from "../../installer/src/cli/docs/describe-program.ts";
import { compareText } from "../../installer/src/language/compare-text.ts";
import type { GeneratedFile } from "./generated-file.ts";
import { type DocumentSchema, type JsonSchema, readTypes } from "./json-types.ts";

const draft = "http://json-schema.org/draft-07/schema#";

/** A schema of every kind that `--json` prints, one of the events, and the page about them, made from the types of the results. */
export async function generateJsonOutput(): Promise<readonly GeneratedFile[]> {
  const typesOf = readTypes("installer/src/cli/json-output.ts");
  const documents = typesOf("JsonOutput").map((schema) => ({ name: kindOf(schema), schema }));
  const event = { anyOf: readTypes("installer/src/cli/ui/reporter-json.ts")("JsonEvent") };
  return [
    ...documents.map(({ name, schema }) => toFile(name, schema)),
    toFile("Event", lifted(event.anyOf)),
    { path: "docs/json.md", contents: renderJsonPage(await describeProgram()) },
  ];
}

function kindOf({ properties }: DocumentSchema): string {
  return String(properties?.["kind"]?.const);
}

/** One document out of several: their definitions stand beside them all. */
function lifted(members: readonly DocumentSchema[]): object {
  const definitions = Object.assign({}, ...members.map((member) => member.definitions)) as object;
  return {
    description: "One line that is written to standard error with --log-format json.",
    anyOf: members.map(withoutDefinitions).sort(byType),
    definitions,
  };
}

function withoutDefinitions(schema: DocumentSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "definitions"));
}

function byType(a: JsonSchema, b: JsonSchema): number {
  return compareText(String(a.properties?.["type"]?.const), String(b.properties?.["type"]?.const));
}

function toFile(name: string, schema: object): GeneratedFile {
  const document = { $schema: draft, title: name, ...schema };
  return { path: `docs/json/${name}.schema.json`, contents: `${JSON.stringify(document, undefined, 2)}\n` };
}
