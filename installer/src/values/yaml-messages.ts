import type { ErrorCode } from "yaml";

/** Our own words for what the YAML parser found: its messages quote the text, which may be a password. */
const messages: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: "an alias (*name) is written wrongly, put the text in quotes if it begins with *",
  ALIAS_PROPS: "an alias (*name) cannot have an anchor or a tag",
  BAD_DQ_ESCAPE:
    "a text in double quotes holds an unknown escape sequence, write \\\\ for a backslash or use single quotes",
  BAD_INDENT: "the indentation does not fit the lines around it, or a bracket is not closed",
  BAD_SCALAR_START: "a text begins with a character that has a meaning in YAML (such as @ or `), put it in quotes",
  BLOCK_AS_IMPLICIT_KEY:
    "a map or list stands where one value belongs, check the indentation and quote texts with ': '",
  BLOCK_IN_FLOW: "a map or list of several lines stands inside { } or [ ]",
  DUPLICATE_KEY: "a key is given twice",
  KEY_OVER_1024_CHARS: "a key is longer than 1024 characters",
  MISSING_CHAR: "a quote, a comma, a colon, the space after a colon or a closing bracket is missing",
  MULTILINE_IMPLICIT_KEY: "a key goes over several lines, check the colons, the space after each, and quotes around it",
  MULTIPLE_ANCHORS: "a value has more than one anchor (&name)",
  MULTIPLE_DOCS: "the file holds a second document (---), only one is allowed",
  TAB_AS_INDENT: "a tab is used for indentation, use spaces",
  UNEXPECTED_TOKEN: "this does not belong here, check quotes, brackets and indentation",
};

/** What is wrong with the text, without quoting any of it. */
export function describeYamlError(code: ErrorCode): string {
  return `not valid YAML: ${messages[code] ?? "check quotes, brackets and indentation"}`;
}
