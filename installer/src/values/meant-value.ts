import { findHostNameFault, isIpv6 } from "./host-names.ts";
import { formatQuantity, parseQuantity } from "./quantity.ts";

/** How the words for what is allowed begin where a size is. */
const quantityWords = "a size ";
const logSizeWords = "a number followed by k, m or g";
/** And where a host is. */
const hostWords = /^a (lower-case )?host name /;

/** Whether a size with a unit is allowed. */
export function isSize(allowed: string): boolean {
  return allowed.startsWith(quantityWords) || allowed.startsWith(logSizeWords);
}

/** What a value that does not fit was probably meant to be, as it has to be written; none when nothing is near. */
export function guessMeant(
  value: unknown,
  { type, allowed }: { readonly type: string; readonly allowed: string },
  path: readonly string[],
): readonly string[] {
  if (allowed.startsWith(quantityWords)) return guessSize(value, path);
  if (allowed.startsWith(logSizeWords)) return guessLogSize(value);
  if (hostWords.test(allowed)) return guessHost(value);
  return type === "number" || type === "integer" ? guessNumber(value) : [];
}

/** Numbers as Kubernetes, YAML 1.1 and people write them. */
function guessNumber(value: unknown): readonly string[] {
  if (typeof value !== "string") return [];
  const text = value.trim();
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
  const match = typeof value === "string" ? /^0*([0-9]+)(\.[0-9]+)? *([kmgt])(i?)(b?)$/i.exec(value.trim()) : null;
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

/** Whether a text is left for somebody else to fill in: `${NAME}`, `$NAME` or `{{ name }}` anywhere in it. */
export function holdsPlaceholder(text: string): boolean {
  return /\$\{[^}]*\}|^\$[A-Za-z_][A-Za-z0-9_]*$|\{\{.*\}\}/.test(text);
}

/** Whether all of a text is one `${NAME}`: nobody chooses that for a value. */
export function isPlaceholder(text: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*(:?[-?+][^}]*)?\}$/.test(text);
}
