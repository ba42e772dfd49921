/** What the schema says of a key to people. */
export interface SchemaWords {
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

interface SchemaNode extends SchemaWords {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly $ref?: string;
}

interface Schema extends SchemaNode {
  readonly definitions?: Readonly<Record<string, SchemaNode>>;
}

/** Looks keys up in the text of the schema; undefined for one that it does not describe. */
export function readSchemaWords(text: string): (path: readonly string[]) => SchemaWords | undefined {
  const schema = JSON.parse(text) as Schema;
  const resolved = (node: SchemaNode): SchemaNode => {
    const name = node.$ref?.replace("#/definitions/", "");
    // What stands beside the reference is about this key, and wins.
    return name === undefined ? node : { ...schema.definitions?.[name], ...node };
  };
  return (path) => {
    let node: SchemaNode | undefined = schema;
    for (const key of path) {
      const child: SchemaNode | undefined = node?.properties?.[key];
      node = child === undefined ? undefined : resolved(child);
    }
    return node;
  };
}
