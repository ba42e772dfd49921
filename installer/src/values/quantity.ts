const binaryUnits = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 } as const;
const decimalUnits = { k: 1e3, M: 1e6, G: 1e9, T: 1e12 } as const;
const unitBytes: Readonly<Record<string, number>> = { "": 1, ...binaryUnits, ...decimalUnits };

/** Bytes of a Kubernetes quantity such as `512Mi`, `1Gi`, `500M` or `1024`; undefined when it is not one. */
export function parseQuantity(text: string): number | undefined {
  const match = /^([1-9][0-9]{0,14})(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (unitBytes[match[2] ?? ""] ?? Number.NaN);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Whether a quantity says what it counts; a bare number counts bytes, and hardly anybody means that. */
export function hasUnit(quantity: string): boolean {
  return /[A-Za-z]$/.test(quantity);
}

/**
 * Bytes of a quantity that validation has already accepted.
 * @throws RangeError when it is not a quantity
 */
export function quantityBytes(text: string): number {
  const bytes = parseQuantity(text);
  if (bytes === undefined) throw new RangeError(`${JSON.stringify(text)} is not a quantity`);
  return bytes;
}

/** The shortest quantity with a binary unit that is exactly this many bytes: 536870912 is `512Mi`. */
export function formatQuantity(bytes: number): string {
  const units = Object.entries(binaryUnits).reverse();
  const exact = units.find(([, size]) => bytes >= size && bytes % size === 0);
  return exact === undefined ? String(bytes) : `${bytes / exact[1]}${exact[0]}`;
}

/** A size for people, rounded to one decimal: 1610612736 is `1.5 GiB`. */
export function describeBytes(bytes: number): string {
  const unit = Object.entries(binaryUnits)
    .reverse()
    .find(([, size]) => bytes >= size);
  if (unit === undefined) return `${bytes} B`;
  return `${Number((bytes / unit[1]).toFixed(1))} ${unit[0]}B`;
}
