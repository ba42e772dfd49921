import { Document, Scalar, visit } from "yaml";

/** Legal in strings, but refused raw by Go's YAML reader, which both Compose and Helm use. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Strings that no reader, of YAML 1.1 or 1.2, takes for anything else. */
const plainWord = /^(?!(?:y|n|yes|no|on|off|true|false|null|nan|inf)$)[a-z/](?:[\w./-]|:(?=\d))*$/i;

/** Text whose lines stand in the file as they are. */
const plainLines = /^[^\s][^\r\t\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]*[^\s]\n$/;

/** A value as YAML that every reader takes back unchanged: no folding, no aliases, no look-alikes, no raw control characters. */
export function toYamlText(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string") node.type = styleOf(node.value);
    },
  });
  const text = document.toString({ lineWidth: 0 });
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function styleOf(text: string): Scalar.Type {
  if (plainWord.test(text)) return Scalar.PLAIN;
  return plainLines.test(text) ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
}
