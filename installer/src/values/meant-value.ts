import { findHostNameFault, isIpv6 } from "./host-names.ts";
import { formatQuantity, parseQuantity } from "./quantity.ts";
import { plainName } from "./suggest-key.ts";

/** How the words for what is allowed begin where a size is. */
const quantityWords = "a size ";
const logSizeWords = "a number followed by k, m or g";
/** And where a host is. */
const hostWords = /^a (lower-case )?host name /;
/** How they end where a number has bounds. */
const boundWords = / from (\S+) to (\S+)$/;

/** What a key may hold. */
export interface Expected {
  readonly type: string;
  readonly allowed: string;
  readonly choices?: readonly string[];
}

/** Whether a size with a unit is allowed. */
export function isSize(allowed: string): boolean {
  return allowed.startsWith(quantityWords) || allowed.startsWith(logSizeWords);
}

/** What a value that does not fit was probably meant to be, as it has to be written; none when nothing is near. */
export function guessMeant(value: unknown, expected: Expected, path: readonly string[]): readonly string[] {
  const { type, allowed, choices } = expected;
  if (choices !== undefined) return guessChoice(value, choices);
  if (allowed.startsWith(quantityWords)) return guessSize(value, path);
  if (allowed.startsWith(logSizeWords)) return guessLogSize(value);
  if (hostWords.test(allowed)) return guessHost(value).filter((host) => !isSmall(allowed) || !host.includes("_"));
  if (type !== "number" && type !== "integer") return [];
  return guessNumber(value).filter((text) => fitsNumber(Number(text), expected));
}

function isSmall(allowed: string): boolean {
  return hostWords.exec(allowed)?.[1] !== undefined;
}

/** What others, and YAML 1.1, call a choice of ours. */
const choiceWords: Readonly<Record<string, string>> = {
  true: "embedded",
  yes: "embedded",
  on: "embedded",
  enabled: "embedded",
  internal: "embedded",
  bundled: "embedded",
  false: "off",
  no: "off",
  none: "off",
  disabled: "off",
  ifnotpresent: "missing",
};

/** The one that is written so but for signs and the case of letters, or is called so elsewhere. */
export function guessChoice(value: unknown, choices: readonly string[]): readonly string[] {
  const word = plainName(String(value));
  return choices.filter((choice) => plainName(choice) === word || choice === choiceWords[word]).slice(0, 1);
}

function fitsNumber(value: number, { type, allowed }: Expected): boolean {
  const [, from = "-Infinity", to = "Infinity"] = boundWords.exec(allowed) ?? [];
  return value >= Number(from) && value <= Number(to) && (type === "number" || Number.isInteger(value));
}

/** Numbers as Kubernetes, YAML 1.1 and people write them, and ports as Docker and Go do. */
function guessNumber(value: unknown): readonly string[] {
  if (typeof value !== "string") return [];
  const text = value.trim();
  const port = /^(?:(?:[0-9.]+:)?([1-9][0-9]*):[0-9]+|:?([1-9][0-9]*))(?:\/(?:tcp|udp))?$/i.exec(text);
  if (port !== null) return [port[1] ?? port[2] ?? ""];
  const thousandths = /^([1-9][0-9]*)m$/.exec(text)?.[1];
  if (thousandths !== undefined) return [String(Number(thousandths) / 1000)];
  if (/^[0-9]+(_[0-9]+)+$/.test(text)) return [text.replaceAll("_", "")];
  if (/^[0-9]{1,3}([, ][0-9]{3})+$/.test(text)) return [text.replaceAll(/[, ]/g, "")];
  if (/^[0-9]+,[0-9]+$/.test(text)) return [text.replace(",", ".")];
  const counted = /^([0-9]+(?:\.[0-9]+)?) *v?(cores?|cpus?)$/i.exec(text)?.[1];
  return counted === undefined ? [] : [counted];
}

/** The host of a URL, without port and in small letters. */
function guessHost(value: unknown): readonly string[] {
  if (typeof value !== "string") return [];
  const host = value
    .trim()
    .replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//, "")
    .replace(/[/?#].*$/, "")
    .replace(/^.*@/, "")
    .replace(/:[0-9]*$/, "")
    .replace(/\.$/, "")
    .toLowerCase();
  const fits = host !== value && host !== "" && !isIpv6(host) && findHostNameFault(host) === undefined;
  return fits ? [host] : [];
}

/** From here on a bare number is taken for bytes. */
const leastBytes = 2 ** 20;
/** Nobody has so little memory, or so small a disk, in MiB. */
const fewMiB = { memory: 64, disk: 1024 };

/** What a number without a unit was probably meant to be: nobody means so few bytes. */
export function sizeMeant(count: number, path: readonly string[]): string {
  if (count >= leastBytes) return formatQuantity(count);
  const few = path.includes("storage") ? fewMiB.disk : fewMiB.memory;
  return `${count}${count < few ? "Gi" : "Mi"}`;
}

function guessSize(value: unknown, path: readonly string[]): readonly string[] {
  if (typeof value === "number") return Number.isInteger(value) && value > 0 ? [sizeMeant(value, path)] : [];
  const text = typeof value === "string" ? value.trim().replaceAll(/(?<=[0-9])[_,](?=[0-9]{3}(?![0-9]))/g, "") : "";
  const match = /^0*([0-9]+)(\.[0-9]+)? *([kmgt])(i?)(b?)$/i.exec(text);
  if (match === null) return [];
  const [, whole = "", fraction = "", letter = "", binary = ""] = match;
  const large = letter.toUpperCase();
  const units = [...(binary === "" ? [large === "K" ? "k" : large] : []), `${large}i`];
  return units.flatMap((unit) => inWholeUnits(`${whole}${fraction}`, unit));
}

/** `1.5Gi` is `1536Mi`: no fraction is left. */
function inWholeUnits(number: string, unit: string): readonly string[] {
  const whole = `${number}${unit}`;
  if (parseQuantity(whole) !== undefined) return [whole];
  const one = parseQuantity(`1${unit}`) ?? 0;
  const smaller = { Ti: "Gi", Gi: "Mi", Mi: "Ki", T: "G", G: "M", M: "k" }[unit];
  const step = unit.endsWith("i") ? 1024 : 1000;
  const count = Number(number) * step;
  return smaller !== undefined && one > 0 && Number.isInteger(count) && count > 0 ? [`${count}${smaller}`] : [];
}

function guessLogSize(value: unknown): readonly string[] {
  if (typeof value === "number") return Number.isInteger(value) && value > 0 ? [`${value}m`] : [];
  const match = typeof value === "string" ? /^([1-9][0-9]*) *([kmg])i?b?$/i.exec(value.trim()) : null;
  return match === null ? [] : [`${match[1] ?? ""}${(match[2] ?? "").toLowerCase()}`];
}

/** What is left for somebody else to fill in, in the forms of shells, templates, Windows, build tools and manuals. */
const placeholders = [
  String.raw`\$\{[A-Za-z_][^}]*\}`,
  String.raw`\$\([A-Za-z_][^)]*\)`,
  String.raw`\{\{.*\}\}`,
  String.raw`#\{[^}]*\}`,
  String.raw`<[A-Za-z_][\w .-]*>`,
  String.raw`%[A-Z_][A-Z0-9_]+%`,
  String.raw`@[A-Z_][A-Z0-9_]+@`,
  String.raw`__[A-Z][A-Z0-9_]*__`,
].join("|");
const holding = new RegExp(String.raw`${placeholders}|\$\{[^}]*\}|^\$[A-Za-z_]\w*`);
const wholly = new RegExp(String.raw`^(?:${placeholders}|\$[A-Z_][A-Z0-9_]{2,})$`);

/** Whether a text that cannot stand as it is holds something to be filled in. */
export function holdsPlaceholder(text: string): boolean {
  return holding.test(text);
}

/** Whether all of a text is to be filled in: nobody chooses that for a value. */
export function isPlaceholder(text: string): boolean {
  return wholly.test(text);
}
