import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { defaultsText, readText } from "../../test/support/values-sources.ts";
import { findSchemaErrors } from "./values-validator.generated.js";
import { schemaFileName, valuesFileHeader } from "./values-file-header.ts";
import { valuesKeys } from "./values-keys.generated.ts";

interface Node {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly enum?: readonly string[];
  readonly additionalProperties?: boolean | Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly definitions?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

const schemaUrl = new URL("../../../values/values.schema.json", import.meta.url);
const schema = JSON.parse(readFileSync(schemaUrl, "utf8")) as Node;

/** Every node of the schema with the place where it stands. */
function listNodes(node: Node, path: string): readonly (readonly [string, Node])[] {
  return [
    [path, node] as const,
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => listNodes(child, `${path}/properties/${key}`)),
    ...Object.entries(node.definitions ?? {}).flatMap(([key, child]) => listNodes(child, `${path}/definitions/${key}`)),
    ...(typeof node.additionalProperties === "object"
      ? listNodes(node.additionalProperties, `${path}/additionalProperties`)
      : []),
    ...(node.items === undefined ? [] : listNodes(node.items, `${path}/items`)),
  ];
}

const nodes = listNodes(schema, "#");
const ajv = new Ajv({ strict: true, allErrors: true, keywords: ["x-allowed", "x-names"] });
ajv.addSchema(schema, "values");

describe("the schema", () => {
  test.each(nodes)("%s has a title, a description that is a sentence, and examples", (_, node) => {
    expect(node.title).toMatch(/^[A-Z]/);
    expect(node.description).toMatch(/^[A-Za-z].*\.$/);
    expect(node.examples).not.toHaveLength(0);
    expect(node.examples).toBeDefined();
  });

  test.each(nodes)("the examples of %s fit it", (path, node) => {
    const validate = ajv.getSchema(`values${path}`);

    for (const example of node.examples ?? []) {
      expect(validate?.(example), JSON.stringify(example)).toBe(true);
    }
  });

  test.each(
    nodes.filter(([, node]) => node.type === "object" && !/^(Extra environment|Annotations)/.test(node.title ?? "")),
  )("the map %s is closed", (_, node) => {
    expect(node.additionalProperties).toBe(false);
  });

  test.each(nodes.filter(([, node]) => node.type === "string" && node.enum === undefined))(
    "the text %s has a greatest length",
    (_, node) => {
      expect(node.maxLength).toBeGreaterThan(0);
    },
  );

  test("uses no pattern that Go's RE2, and so older Helm, cannot read", () => {
    const patterns = nodes.flatMap(([, node]) => (node.pattern === undefined ? [] : [node.pattern]));

    expect(patterns.length).toBeGreaterThan(10);
    expect(patterns.filter((pattern) => /\(\?[=!<]|\\[1-9]/.test(pattern))).toEqual([]);
  });

  test("takes any part of the values", () => {
    const validate = ajv.getSchema("values");

    expect(validate?.({})).toBe(true);
    expect(validate?.({ postgres: { external: { port: 5433 } } })).toBe(true);
    expect(validate?.({ postgres: { externals: {} } })).toBe(false);
  });
});

describe("the compiled validator", () => {
  const defaults = parse(defaultsText.text, { schema: "core" }) as Record<string, unknown>;

  test("accepts the defaults, which hold every key", () => {
    expect(findSchemaErrors(defaults)).toEqual([]);
  });

  test("misses each section that is taken away", () => {
    for (const key of Object.keys(defaults)) {
      const rest = Object.fromEntries(Object.entries(defaults).filter(([other]) => other !== key));

      expect(findSchemaErrors(rest)).toMatchObject([{ keyword: "required", params: { missingProperty: key } }]);
    }
  });

  test("agrees with a freshly compiled schema on values that do not fit", () => {
    const wrong = { ...defaults, edition: "x", ports: 1, redis: { mode: "off" } };
    const validate = ajv.getSchema("values");
    const fresh = validate?.(wrong) === true ? [] : (validate?.errors ?? []);
    const compiled = findSchemaErrors(wrong).filter(({ keyword }) => keyword !== "required");

    expect(compiled.map(({ instancePath, keyword }) => [instancePath, keyword])).toEqual(
      fresh.map(({ instancePath, keyword }) => [instancePath, keyword]),
    );
  });
});

test("every secret is known as one", () => {
  const secrets = Object.entries(valuesKeys).filter(([, key]) => key.secret === true);

  expect(secrets.map(([path]) => path).filter((path) => !path.includes(".extraEnv."))).toEqual([
    "postgres.external.adminPassword",
    "redis.external.password",
    "objectStore.external.secretKey",
    "nats.external.password",
    "gitaly.external.token",
    "registry.external.password",
    "casdoor.provider.clientSecret",
    "casdoor.external.clientSecret",
    "notifier.mail.password",
    "backup.repository.secretKey",
    "backup.repository.password",
  ]);
});

test("the first line of a generated file leads editors to the schema beside it", () => {
  expect(valuesFileHeader().split("\n")[0]).toBe(`# yaml-language-server: $schema=./${schemaFileName}`);
  expect(defaultsText.text.startsWith("# yaml-language-server: $schema=./values.schema.json\n")).toBe(true);
  expect(readText("values/profiles/infra.yaml").text).toMatch(
    /^# yaml-language-server: \$schema=\.\.\/values\.schema\.json\n/,
  );
});
