import type { Problem } from "./hardening-input.ts";

/** Names after which a value is a secret. */
const secretName =
  /(?:^|[_.-])(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|secret_?key|private_?key|credentials?)$/i;

/** `name = value` and `name: value` in the formats our configuration files have. */
const assignment = /^\s*["']?([A-Za-z][\w.-]*)["']?\s*[:=]\s*(.+?)\s*,?\s*$/;

/** A value that is a path, a number, a switch or empty holds no secret. */
const harmless = /^(?:|[/.~].*|\d+|true|false|null|yes|no|on|off|[[{].*)$/i;

const userInfo = /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:([^\s@/"]+)@/i;
const privateKeyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const slotOnly = /^(?:\$\{secret:[^}]+\})+$/;

/** Why a text looks like it carries a secret in the clear, by what stands in it; `name` is what it is the value of, if anything. */
export function secretIn(value: string, name = ""): string | undefined {
  if (privateKeyBlock.test(value)) return "a private key";
  const password = userInfo.exec(value)?.[1];
  if (password !== undefined && !slotOnly.test(password)) return "a URL with a password";
  const plainName = name.replace(/([a-z])([A-Z])/g, "$1_$2");
  if (secretName.test(plainName) && !harmless.test(value) && !slotOnly.test(value)) return `the value of ${name}`;
  const random = value.split(/[^A-Za-z0-9+=_-]+/).find(looksRandom);
  return random === undefined ? undefined : `a random string of ${random.length} characters`;
}

/** The same question of every line of a configuration file. Slots are where secrets belong. */
export function secretsInText(where: string, text: string): readonly Problem[] {
  const whole = privateKeyBlock.test(text) ? [{ where, message: "holds a private key" }] : [];
  const lines = text.split("\n").flatMap((line, index) => {
    const [, name, quoted = ""] = assignment.exec(line) ?? [];
    const value = quoted.replace(/^(["'])(.*)\1$/, "$2");
    const found = name === undefined ? secretIn(line.replaceAll(/\$\{secret:[^}]+\}/g, "")) : secretIn(value, name);
    return found === undefined ? [] : [{ where, message: `line ${index + 1} holds ${found}` }];
  });
  return [...whole, ...lines];
}

/** Long, of several character classes, and with no repetition that words and dotted names have. */
function looksRandom(word: string): boolean {
  if (word.length < 24 || /[-_]/.test(word.slice(1, -1))) return false;
  if (/^[0-9a-f]+$/.test(word)) return word.length >= 40 && entropy(word) > 3.3;
  return /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word) && entropy(word) > 4;
}

/** Bits a character. */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const character of word) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / word.length) * Math.log2(count / word.length), 0);
}
