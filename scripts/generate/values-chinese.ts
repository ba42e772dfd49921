import type { Generator } from "./generated-file.ts";
import { formatJson, listSections } from "./values-files.ts";
import { readValuesSchema, type SchemaNode } from "./values-schema.ts";

/** What a `*.zh.json` says of a key, named in full, or of a definition of the schema, named `#name`. */
interface Words {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** Where the schema says in words what is allowed. */
  readonly allowed?: string | undefined;
}

interface Told {
  /** With its reference followed. */
  readonly node: SchemaNode;
  /** What its own keys are named after in the `*.zh.json`. */
  readonly place: string;
  readonly words: Words;
}

/**
 * What every key means in Chinese, in a file of its own: only who asks for it reads it. What lacks a text is left out, and a test names it.
 * @throws Error when a text is about no key
 */
export const generateValuesChinese: Generator = async (readText) => {
  const schema = await readValuesSchema(readText);
  const paths = ["values/base", ...(await listSections()).map(({ path }) => path)];
  const files = await Promise.all(paths.map(async (path) => JSON.parse(await readText(`${path}.zh.json`)) as object));
  const given = new Map<string, Words>(files.flatMap((file) => Object.entries(file as Record<string, Words>)));
  const unused = new Set(given.keys());
  const rows: Record<string, Words> = {};

  function tell(node: SchemaNode, place: string): Told {
    unused.delete(place);
    const own = given.get(place);
    if (node.$ref === undefined) return { node, place, words: own ?? {} };
    const name = node.$ref.replace("#/definitions/", "");
    const shared = tell(schema.definitions?.[name] ?? {}, `#${name}`);
    // As in the schema: what stands beside the reference wins, and an English text has its own Chinese one.
    const words = {
      title: node.title === undefined ? shared.words.title : own?.title,
      description: node.description === undefined ? shared.words.description : own?.description,
      allowed: node["x-allowed"] === undefined ? shared.words.allowed : own?.allowed,
    };
    return { node: { ...shared.node, ...node }, place: shared.place, words };
  }

  function visit(child: SchemaNode, key: string, at: string): void {
    const { node, place, words } = tell(child, at);
    const allowed = node["x-allowed"] === undefined ? describeAllowed(node) : words.allowed;
    rows[key] = { title: words.title, description: words.description, allowed };
    for (const [name, below] of Object.entries(node.properties ?? {}))
      visit(below, `${key}.${name}`, `${place}.${name}`);
    const free = node.items ?? node.additionalProperties;
    if (free) visit(free, `${key}.*`, `${place}.*`);
  }

  for (const [key, node] of Object.entries(schema.properties ?? {})) visit(node, key, key);
  if (unused.size > 0) throw new Error(`a *.zh.json says something of ${[...unused].join(", ")}, which is no key`);
  return [{ path: "values/values.zh.json", contents: formatJson(rows) }];
};

function describeAllowed(node: SchemaNode): string {
  if (node.enum !== undefined) return joinWords(node.enum, "或");
  switch (node.type) {
    case "boolean":
      return "true 或 false";
    case "integer":
      return `${String(node.minimum)} 到 ${String(node.maximum)} 之间的整数`;
    case "number":
      return `${String(node.minimum)} 到 ${String(node.maximum)} 之间的数`;
    case "object":
      if (node.properties === undefined) return "名称由字母、数字和下划线组成，值为文本";
      return `由 ${joinWords(Object.keys(node.properties), "和")} 组成的映射`;
    default:
      return "文本";
  }
}

function joinWords(words: readonly string[], joint: string): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join("、")} ${joint} ${words.at(-1) ?? ""}`;
}
