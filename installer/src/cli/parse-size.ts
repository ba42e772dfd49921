import { InvalidArgumentError } from "commander";

const binary: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const decimal: Readonly<Record<string, number>> = { K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** "4GiB", "700M", "1073741824" in bytes; K, M, G and T are powers of 1000, KiB and the like of 1024. */
export function parseSize(text: string): number {
  const match = /^([1-9][0-9]{0,14})(?:([KMGT])(iB|i|B)?)?$/i.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be a size such as 4GiB, 700M or 1073741824.");
  const units = /^i/i.test(match[3] ?? "") ? binary : decimal;
  const bytes = Number(match[1]) * (units[(match[2] ?? "").toUpperCase()] ?? 1);
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError("it is too large.");
  return bytes;
}
