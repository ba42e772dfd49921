import { type ByteFinder, type ByteMatch, createByteFinder } from "./find-bytes.ts";
import { type SecretEncoding, secretForms } from "./secret-forms.ts";

/** Replaces every known secret by its name, however it is written. */
export type Redactor = (text: string) => string;

/** Where a secret stands, in bytes. */
export interface FoundSecret extends Omit<ByteMatch, "pattern"> {
  readonly secret: string;
  readonly encoding: SecretEncoding;
}

/** Finds secrets, in every form of them. */
export interface SecretFinder {
  /** Most bytes that a form has. */
  readonly longest: number;
  /** In the order of their starts; they may overlap. */
  find(bytes: Uint8Array): readonly FoundSecret[];
  /** What stands in place of a secret: its name, where that gives no secret away. */
  label(secret: string): string;
}

/** Builds a finder of secrets by name; public parts must not be among them. */
export function createSecretFinder(secrets: ReadonlyMap<string, string>): SecretFinder {
  const forms = new Map<string, { readonly secret: string; readonly encoding: SecretEncoding }>();
  for (const [secret, value] of secrets) {
    for (const { text, encoding } of secretForms(value)) if (!forms.has(text)) forms.set(text, { secret, encoding });
  }
  const known = [...forms.values()];
  const labels = new Map<string, string>();
  const bytes: ByteFinder = createByteFinder([...forms.keys()].map((text) => Buffer.from(text, "utf8")));
  return {
    longest: bytes.longest,
    find: (haystack) =>
      bytes.find(haystack).flatMap(({ start, end, pattern }) => {
        const form = known[pattern];
        return form === undefined ? [] : [{ start, end, ...form }];
      }),
    label: (secret) => {
      const named = labels.get(secret) ?? withoutSecret(`[secret ${secret}]`, bytes);
      labels.set(secret, named);
      return named;
    },
  };
}

/** A name may hold the value of another secret. */
function withoutSecret(named: string, bytes: ByteFinder): string {
  return bytes.find(Buffer.from(named, "utf8")).length === 0 ? named : "[secret]";
}

/** Builds a redactor from secrets by name, or from a finder of them; public parts must not be among them. */
export function createRedactor(secrets: ReadonlyMap<string, string> | SecretFinder): Redactor {
  const finder = "find" in secrets ? secrets : createSecretFinder(secrets);
  return (text) => {
    const bytes = Buffer.from(text, "utf8");
    const found = finder.find(bytes);
    if (found.length === 0) return text;
    let redacted = "";
    let at = 0;
    for (const { start, end, secret } of found) {
      // One that begins inside another goes with it, and so does what it has beyond.
      if (start >= at) redacted += bytes.toString("utf8", at, start) + finder.label(secret);
      at = Math.max(at, end);
    }
    return redacted + bytes.toString("utf8", at);
  };
}
