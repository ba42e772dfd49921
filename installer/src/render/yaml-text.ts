/** Legal in strings, but refused raw by Go's YAML reader, which both Compose and Helm use. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Strings that no reader, of YAML 1.1 or 1.2, takes for anything else. */
const plainWord = /^(?!(?:y|n|yes|no|on|off|true|false|null|nan|inf)$)[a-z/](?:[\w./-]|:(?=\d))*$/i;

/** Text whose lines stand in the file as they are. */
const plainLines = /^[^\s][^\r\t\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]*[^\s]\n$/;

/** A longer key needs a mark before it (YAML 1.2.2, 7.4.2). */
const longestImplicitKey = 1024;

/** Shorter text keeps its line ends as `\n`. */
const shortestFoldedText = 40;

/**
 * A map or list as YAML that every reader takes back unchanged: no folding of long lines, no aliases, no look-alikes, no raw
 * control characters. The text is the one that the package yaml writes with these settings, in a fraction of the time, and
 * without loading it: rendering is most of what `plan --offline` and `render` do.
 */
export function toYamlText(value: object): string {
  return `${writeNode(value, "")}\n`.replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Lines after the first begin with `indent`; there is no line end behind the last. */
function writeNode(value: unknown, indent: string): string {
  if (typeof value === "string") return writeText(value, indent);
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) {
    const items = value.map((item) => `- ${writeNode(item, `${indent}  `)}`);
    return items.length === 0 ? "[]" : items.join(`\n${indent}`);
  }
  const pairs = Object.entries(value).filter(([, item]) => item !== undefined);
  return pairs.length === 0 ? "{}" : pairs.map(([key, item]) => writePair(key, item, indent)).join(`\n${indent}`);
}

function writePair(key: string, value: unknown, indent: string): string {
  const inner = `${indent}  `;
  const name = plainWord.test(key) ? key : quote(key, undefined);
  const text = writeNode(value, inner);
  if (name.length > longestImplicitKey) return `? ${name}\n${indent}: ${text}`;
  const isBlock = typeof value === "object" && value !== null && text !== "{}" && text !== "[]";
  return isBlock ? `${name}:\n${inner}${text}` : `${name}: ${text}`;
}

function writeText(text: string, indent: string): string {
  if (plainWord.test(text)) return text;
  if (!plainLines.test(text)) return quote(text, indent);
  return `|\n${indent}${text.slice(0, -1).replace(/\n+/g, `$&${indent}`)}`;
}

/** Escapes that YAML has a letter for, by what JSON writes in their place. */
const letters: Readonly<Record<string, string>> = { "0000": "0", "0007": "a", "000b": "v", "001b": "e" };

/**
 * Text in double quotes. With an indent, long text breaks where its lines do: one line end is read as a space, so that each
 * stands twice; spaces beside it would be read as part of the indentation and are escaped.
 */
function quote(text: string, indent: string | undefined): string {
  const json = JSON.stringify(text);
  const folds = indent !== undefined && json.length >= shortestFoldedText;
  return json.replace(/\\u([0-9a-f]{4})| ?(?:\\n)+|\\./g, (found: string, code: string | undefined, at: number) => {
    if (code !== undefined) return escapeCode(code);
    if (!/^ ?\\n/.test(found)) return found;
    const space = found.startsWith(" ") ? "\\ " : "";
    const count = (found.length - (space === "" ? 0 : 1)) / 2;
    if (!folds) return space + "\\n".repeat(count);
    const rest = json.slice(at + found.length, at + found.length + 3);
    const kept = rest === '"' ? 1 : 0;
    if (count === kept) return `${space}\\n`;
    // A space that stands before a further line end is escaped with that one.
    const escape = rest.startsWith(" ") && rest !== " \\n" ? "\\" : "";
    return `${space}${"\n".repeat(count - kept + 1)}${indent}${escape}${"\\n".repeat(kept)}`;
  });
}

function escapeCode(code: string): string {
  const letter = letters[code];
  if (letter !== undefined) return `\\${letter}`;
  return code.startsWith("00") ? `\\x${code.slice(2)}` : `\\u${code}`;
}
