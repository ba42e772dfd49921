import { formatQuantity, parseQuantity } from "./quantity.ts";

/** How the words for what is allowed begin where a size is. */
const quantityWords = "a size ";
const logSizeWords = "a number followed by k, m or g";

/** Whether a size with a unit is allowed. */
export function isSize(allowed: string): boolean {
  return allowed.startsWith(quantityWords) || allowed.startsWith(logSizeWords);
}

/** What a value that does not fit was probably meant to be, as it has to be written; none when nothing is near. */
export function guessMeant(
  value: unknown,
  { type, allowed }: { readonly type: string; readonly allowed: string },
): readonly string[] {
  if (allowed.startsWith(quantityWords)) return guessSize(value);
  if (allowed.startsWith(logSizeWords)) return guessLogSize(value);
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

/** From here on a bare number is taken for bytes, below for MiB. */
const leastBytes = 2 ** 20;

function guessSize(value: unknown): readonly string[] {
  if (typeof value === "number") {
    if (!Number.isInteger(value) || value <= 0) return [];
    return [value < leastBytes ? `${value}Mi` : formatQuantity(value)];
  }
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
