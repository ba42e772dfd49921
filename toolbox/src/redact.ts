/** The fields of documents that hold secrets, wherever they stand. */
const secretFields: ReadonlySet<string> = new Set([
  "password",
  "secretKey",
  "token",
  "clientSecret",
  "builtInAdminPasswordHash",
  "privateKey",
]);

const mark = "[redacted]";

export type Redact = (text: string) => string;

/** Every secret value of a document, found by the name of its field at any depth. */
export function secretsOf(document: unknown): string[] {
  const found = new Set<string>();
  collect(document, found);
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
    return;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [field, item] of Object.entries(value)) {
    if (secretFields.has(field) && typeof item === "string" && item !== "") found.add(item);
    else collect(item, found);
  }
}

/**
 * Removes secrets from text by their values: as they are, percent-encoded, form-encoded, JSON-escaped, and in
 * base64 also where they stand in the middle of something longer.
 */
export function redactor(secrets: readonly string[]): Redact {
  const needles = [...new Set(secrets.flatMap(spellings))].sort((a, b) => b.length - a.length);
  return (text) => needles.reduce((current, needle) => current.replaceAll(needle, mark), text);
}

function spellings(secret: string): string[] {
  if (secret.length < 4) return [secret];
  const percent = [...Buffer.from(secret, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase(),
    encodeURI(secret),
    percent,
    percent.toUpperCase(),
    new URLSearchParams({ s: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret, "utf8").toString("hex"),
    ...base64Spellings(secret),
  ];
}

/** Base64 groups three bytes, so the same secret has three spellings by its place; the shared ends are cut off. */
function base64Spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  const spelled: string[] = [bytes.toString("base64"), bytes.toString("base64url")];
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const from = shift === 0 ? 0 : shift + 1;
    const whole = (shift + bytes.length) % 3 === 0;
    const core = encoded.slice(from, whole ? undefined : -1);
    if (core.length >= 6) spelled.push(core, core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return spelled;
}
