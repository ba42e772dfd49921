import { fileURLToPath } from "node:url";
import ts from "typescript";
import { compareText } from "../../installer/src/language/compare-text.ts";

/** A JSON Schema, as far as types need one. */
export interface JsonSchema {
  readonly description?: string;
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** The schema of a whole document: of one type, with those that it refers to. */
export interface DocumentSchema extends JsonSchema {
  readonly definitions: Readonly<Record<string, JsonSchema>>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Reads exported types of a source file as JSON Schemas: what `JSON.stringify` makes of a value of each. Comments become
 * descriptions, and nothing but what is declared is allowed.
 * @throws Error for a type that JSON cannot hold
 */
export function readTypes(file: string): (name: string) => readonly DocumentSchema[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}installer/tsconfig.json`,
    {},
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, " "));
      },
    },
  );
  const program = ts.createProgram([root + file], config?.options ?? {});
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(root + file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`there is no module ${file}`);
  const exported = checker.getExportsOfModule(module);
  return (name) => {
    const symbol = exported.find((candidate) => candidate.name === name);
    if (symbol === undefined) throw new Error(`${file} exports no ${name}`);
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    return (type.isUnion() ? type.types : [type]).map((member) => new Reading(checker).document(member));
  };
}

/** One document: its definitions stand beside it. */
class Reading {
  private readonly checker: ts.TypeChecker;
  private readonly definitions = new Map<string, JsonSchema>();
  private readonly named = new Map<string, ts.Type>();

  constructor(checker: ts.TypeChecker) {
    this.checker = checker;
  }

  document(type: ts.Type): DocumentSchema {
    const description = this.describe(type.symbol);
    const schema = this.objectSchema(type);
    const definitions = Object.fromEntries([...this.definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { ...description, ...schema, definitions };
  }

  private schema(type: ts.Type): JsonSchema {
    if (type.isUnion()) return this.unionSchema(type);
    const simple = simpleSchema(type);
    if (simple !== undefined) return simple;
    if (this.checker.isArrayType(type)) {
      const items = this.checker.getTypeArguments(type as ts.TypeReference).map((item) => this.schema(item));
      return { type: "array", items: items[0] ?? {} };
    }
    if (type.getCallSignatures().length > 0 || this.checker.isTupleType(type) || (type.flags & objectLike) === 0) {
      throw new Error(`JSON has no ${this.checker.typeToString(type)}`);
    }
    return this.isNamed(type) ? this.reference(type) : this.objectSchema(type);
  }

  private unionSchema(type: ts.UnionType): JsonSchema {
    const members = type.types.filter((member) => (member.flags & ts.TypeFlags.Undefined) === 0);
    const [first] = members;
    if (members.length === 1 && first !== undefined) return this.schema(first);
    if (members.every((member) => (member.flags & ts.TypeFlags.BooleanLiteral) !== 0)) return { type: "boolean" };
    // The compiler's order changes with what else it reads.
    if (members.every((member) => member.isStringLiteral())) {
      return {
        type: "string",
        enum: members.map(({ value }) => value).sort(compareText),
      };
    }
    return { anyOf: members.map((member) => this.schema(member)).sort(compareSchemas) };
  }

  /** An interface that others use, too; a type of a library has nothing to say here. */
  private isNamed({ symbol }: ts.Type): boolean {
    return (symbol as ts.Symbol | undefined) !== undefined && (symbol.flags & ts.SymbolFlags.Interface) !== 0;
  }

  private reference(type: ts.Type): JsonSchema {
    const { name } = type.symbol;
    const known = this.named.get(name);
    if (known !== undefined && known !== type) throw new Error(`two types are called ${name}`);
    if (known === undefined) {
      this.named.set(name, type);
      this.definitions.set(name, { ...this.describe(type.symbol), ...this.objectSchema(type) });
    }
    return { $ref: `#/definitions/${name}` };
  }

  private objectSchema(type: ts.Type): JsonSchema {
    const index = this.checker.getIndexInfoOfType(type, ts.IndexKind.String);
    // What every result begins with comes first here, too.
    const properties = this.checker.getPropertiesOfType(type).toSorted((a, b) => rankOf(a) - rankOf(b));
    const required = properties.filter((property) => !this.isOptional(property)).map(nameOf);
    return {
      type: "object",
      ...(properties.length === 0 ? {} : { properties: this.propertySchemas(properties) }),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: index === undefined ? false : this.schema(index.type),
    };
  }

  private propertySchemas(properties: readonly ts.Symbol[]): Record<string, JsonSchema> {
    return Object.fromEntries(
      properties.map((property) => {
        const schema = this.schema(this.checker.getTypeOfSymbol(property));
        const description = this.describe(property);
        // Draft 7 ignores what stands beside a reference.
        if (schema.$ref !== undefined && description.description !== undefined) {
          return [property.name, { ...description, anyOf: [schema] }];
        }
        return [property.name, { ...description, ...schema }];
      }),
    );
  }

  private isOptional(property: ts.Symbol): boolean {
    if ((property.flags & ts.SymbolFlags.Optional) !== 0) return true;
    const type = this.checker.getTypeOfSymbol(property);
    return type.isUnion() && type.types.some((member) => (member.flags & ts.TypeFlags.Undefined) !== 0);
  }

  private describe(symbol: ts.Symbol | undefined): { readonly description?: string } {
    const comment = ts.displayPartsToString(symbol?.getDocumentationComment(this.checker));
    const text = comment === "" ? usual[symbol?.name ?? ""] : comment.replaceAll(/\s*\n\s*/g, " ");
    return text === undefined ? {} : { description: text };
  }
}

/** Fields that mean the same wherever they stand. */
const usual: Readonly<Record<string, string>> = {
  ms: "How long it took, in milliseconds.",
  bytes: "Its size in bytes.",
};

const objectLike = ts.TypeFlags.Object | ts.TypeFlags.Intersection;

function simpleSchema(type: ts.Type): JsonSchema | undefined {
  if ((type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0) return {};
  if (type.isStringLiteral()) return { type: "string", const: type.value };
  if (type.isNumberLiteral()) return { type: "number", const: type.value };
  if ((type.flags & (ts.TypeFlags.String | ts.TypeFlags.TemplateLiteral)) !== 0) return { type: "string" };
  if ((type.flags & ts.TypeFlags.Number) !== 0) return { type: "number" };
  if ((type.flags & ts.TypeFlags.BooleanLiteral) !== 0) return { type: "boolean", const: isTrue(type) };
  if ((type.flags & ts.TypeFlags.Null) !== 0) return { type: "null" };
  return undefined;
}

function isTrue(type: ts.Type): boolean {
  return (type as unknown as { readonly intrinsicName?: string }).intrinsicName === "true";
}

function compareSchemas(a: JsonSchema, b: JsonSchema): number {
  return compareText(JSON.stringify(a), JSON.stringify(b));
}

const head: readonly string[] = ["apiVersion", "kind", "time", "type"];

function rankOf({ name }: ts.Symbol): number {
  const index = head.indexOf(name);
  return index === -1 ? head.length : index;
}

function nameOf({ name }: ts.Symbol): string {
  return name;
}
