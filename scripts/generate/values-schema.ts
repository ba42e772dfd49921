import type { ReadText } from "./generated-file.ts";

/** The part of JSON Schema draft-07 that `values/values.schema.json` uses. */
export interface SchemaNode {
  readonly $schema?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: false | SchemaNode;
  /** What each entry of a list is. */
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Marks a secret: its value is never shown. */
  readonly writeOnly?: boolean;
  /** What is allowed, in words, where a pattern would not tell a reader. */
  readonly "x-allowed"?: string;
  /** The same for the names of a map whose names are free. */
  readonly "x-names"?: string;
}

/** Reads the schema of values files. */
export async function readValuesSchema(readText: ReadText): Promise<SchemaNode> {
  return JSON.parse(await readText("values/values.schema.json")) as SchemaNode;
}

/** The node with its reference followed; annotations beside the reference win. */
export function resolveNode(root: SchemaNode, node: SchemaNode): SchemaNode {
  if (node.$ref === undefined) return node;
  const target = root.definitions?.[node.$ref.replace("#/definitions/", "")];
  if (target === undefined) throw new Error(`the schema refers to ${node.$ref}, which is not defined`);
  const annotations = Object.fromEntries(Object.entries(node).filter(([key]) => key !== "$ref")) as SchemaNode;
  return { ...resolveNode(root, target), ...annotations };
}

/** The schema of the fully merged form: every key of every closed object is required. */
export function requireEveryKey(node: SchemaNode): SchemaNode {
  const { properties, definitions } = node;
  return {
    ...node,
    ...(properties === undefined
      ? {}
      : { properties: mapNodes(properties, requireEveryKey), required: Object.keys(properties) }),
    ...(definitions === undefined ? {} : { definitions: mapNodes(definitions, requireEveryKey) }),
  };
}

/** Applies `change` to every node of a record of nodes. */
export function mapNodes(
  nodes: Readonly<Record<string, SchemaNode>>,
  change: (node: SchemaNode, key: string) => SchemaNode,
): Record<string, SchemaNode> {
  return Object.fromEntries(Object.entries(nodes).map(([key, node]) => [key, change(node, key)]));
}
