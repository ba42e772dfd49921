import type { Encoding, EndpointSlot, FileContents, SecretSlot, Slotted, Text, TextPart } from "./model.ts";

/** A slot for a secret; `as` says how it is escaped for what stands around it. */
export function secret(name: string, options: { readonly part?: string; readonly as?: Encoding } = {}): SecretSlot {
  return {
    slot: "secret",
    name,
    ...(options.part === undefined ? {} : { part: options.part }),
    as: options.as ?? "raw",
  };
}

/** A slot for the inside address of an endpoint, `component.endpoint`. */
export function endpoint(ref: string, field: EndpointSlot["field"] = "url", fallback?: string): EndpointSlot {
  return { slot: "endpoint", ref, field, ...(fallback === undefined ? {} : { fallback }) };
}

/** Builds a Text from a template literal: `text\`host=${endpoint("postgres.sql", "host")}\``. */
export function text(literals: TemplateStringsArray, ...slots: readonly (TextPart | number)[]): Text {
  const parts: TextPart[] = [];
  literals.forEach((literal, index) => {
    if (literal !== "") parts.push(literal);
    const slot = slots[index];
    if (slot !== undefined && slot !== "") parts.push(typeof slot === "number" ? String(slot) : slot);
  });
  return parts;
}

/** A JSON string made of literals and slots. */
export function concat(value: Text): { readonly concat: Text } {
  return { concat: value };
}

/** A file whose contents are the given text. */
export function textFile(contents: Text): FileContents {
  return { kind: "text", text: contents };
}

/** A file that holds a JSON document. */
export function jsonFile(value: Slotted): FileContents {
  return { kind: "json", value };
}

export function isSecretSlot(part: unknown): part is SecretSlot {
  return typeof part === "object" && part !== null && "slot" in part && part.slot === "secret";
}

export function isEndpointSlot(part: unknown): part is EndpointSlot {
  return typeof part === "object" && part !== null && "slot" in part && part.slot === "endpoint";
}

function isConcat(value: object): value is { readonly concat: Text } {
  return "concat" in value && Array.isArray(value.concat);
}

/** Turns a JSON document with slots into Text: literals around slots, each slot escaped for JSON. */
export function slottedToText(value: Slotted, indent = 0): Text {
  if (value === null || typeof value !== "object") return [JSON.stringify(value)];
  if (isEndpointSlot(value)) return value.field === "port" ? [value] : ['"', value, '"'];
  if (isSecretSlot(value)) return ['"', { ...value, as: "quoted" }, '"'];
  if (isConcat(value)) return ['"', ...value.concat.map(quotedPart), '"'];
  const inner = " ".repeat(indent + 2);
  const outer = " ".repeat(indent);
  if (isArray(value)) {
    if (value.length === 0) return ["[]"];
    return ["[\n", ...separated(value.map((item) => [inner, ...slottedToText(item, indent + 2)])), `\n${outer}]`];
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return ["{}"];
  return [
    "{\n",
    ...separated(
      entries.map(([key, item]) => [`${inner}${JSON.stringify(key)}: `, ...slottedToText(item, indent + 2)]),
    ),
    `\n${outer}}`,
  ];
}

function isArray(value: unknown): value is readonly Slotted[] {
  return Array.isArray(value);
}

function separated(items: readonly Text[]): Text {
  return items.flatMap((item, index) => (index === 0 ? [...item] : [",\n", ...item]));
}

function quotedPart(part: TextPart): TextPart {
  if (typeof part === "string") return JSON.stringify(part).slice(1, -1);
  return isSecretSlot(part) && part.as === "raw" ? { ...part, as: "quoted" } : part;
}

/** Every slot in a document or text, depth first. */
export function slotsOf(value: Slotted | Text): readonly (SecretSlot | EndpointSlot)[] {
  if (value === null || typeof value !== "object") return [];
  if (isSecretSlot(value) || isEndpointSlot(value)) return [value];
  if (isArray(value)) return value.flatMap((item) => slotsOf(item));
  if (isConcat(value)) return value.concat.flatMap((part) => slotsOf(part));
  return Object.values(value as Record<string, Slotted>).flatMap((item) => slotsOf(item));
}
