/** Replaces every known secret by its name, however it is written. */
export type Redactor = (text: string) => string;

/** Values shorter than this are no secrets of ours and would blot out ordinary words. */
const shortest = 6;

/** Builds a redactor from secrets by name; public parts must not be among them. */
export function createRedactor(secrets: ReadonlyMap<string, string>): Redactor {
  const forms = new Map<string, string>();
  for (const [name, value] of secrets) {
    for (const form of formsOf(value)) if (form.length >= shortest) forms.set(form, name);
  }
  // Longest first: a form must not be cut by one that it contains.
  const ordered = [...forms].sort(([a], [b]) => b.length - a.length);
  if (ordered.length === 0) return (text) => text;
  const pattern = new RegExp(ordered.map(([form]) => form.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")).join("|"), "g");
  return (text) => text.replace(pattern, (form) => `[secret ${forms.get(form) ?? ""}]`);
}

function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  // A key in PEM shows up line by line, in logs and in JSON.
  const lines = value.includes("\n")
    ? value.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"))
    : [];
  return [
    value,
    ...lines,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value),
    ...base64Forms(value),
    Buffer.from(value, "utf8").toString("hex"),
  ];
}

/** Base64 of the value alone, and of the value behind one or two other bytes, less the characters those share. */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value, "utf8");
  const shifted = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const cleanStart = offset === 0 ? 0 : offset + 1;
    const complete = (offset + bytes.length) % 3 === 0;
    return text.slice(cleanStart, complete ? undefined : -1);
  });
  return [...shifted, ...shifted.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
