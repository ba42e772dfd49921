import { InternalError } from "../errors/installer-error.ts";

/**
 * Reed–Solomon erasure code over GF(256) with the polynomial x⁸+x⁴+x³+x²+1. The parity rows are a Cauchy matrix whose
 * columns are scaled so that the first row is all ones: one parity part is the plain XOR of all parts. Any square part
 * of a Cauchy matrix can be inverted, which is why any parts, as many as there is parity, can be rebuilt.
 */
export type Matrix = readonly Uint8Array[];

/** Parts and parity parts together: each has one element of the field. */
export const mostShards = 255;

const exponents = new Uint8Array(510);
const logarithms = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  exponents[power] = value;
  exponents[power + 255] = value;
  logarithms[value] = power;
  value = value & 0x80 ? (value << 1) ^ 0x11d : value << 1;
}

function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return at(exponents, at(logarithms, a) + at(logarithms, b));
}

function invert(a: number): number {
  return at(exponents, 255 - at(logarithms, a));
}

function at(row: Uint8Array, index: number): number {
  return row[index] ?? 0;
}

/** Coefficient of a part in a parity part; it does not depend on how many of either there are. */
function coefficient(parity: number, part: number): number {
  const plain = invert((255 - parity) ^ part);
  return multiply(plain, 255 ^ part);
}

/** How parity parts come out of parts: one row for each parity part. */
export function parityMatrix(parts: number, parity: number): Matrix {
  if (parts + parity > mostShards) {
    throw new InternalError(`${parts} parts with ${parity} parity parts are more than ${mostShards}`);
  }
  return Array.from({ length: parity }, (_, row) =>
    Uint8Array.from({ length: parts }, (__, part) => coefficient(row, part)),
  );
}

export interface Rebuild {
  /** Numbers of what is read: parts from 0, parity parts from `parts` on. */
  readonly inputs: readonly number[];
  /** One row for each lost part or parity part, one column for each input. */
  readonly matrix: Matrix;
}

/**
 * How lost parts and parity parts come out of what is left.
 * @param lost numbers of what is lost: parts from 0, parity parts from `parts` on
 * @returns undefined when more is lost than can be rebuilt
 */
export function planRebuild(parts: number, parity: number, lost: readonly number[]): Rebuild | undefined {
  const rows = parityMatrix(parts, parity);
  const lostParts = lost.filter((number) => number < parts);
  const left = rows.map((_, row) => row).filter((row) => !lost.includes(parts + row));
  const used = left.slice(0, lostParts.length);
  if (used.length < lostParts.length) return undefined;
  const good = Array.from({ length: parts }, (_, part) => part).filter((part) => !lost.includes(part));
  const inputs = [...good, ...used.map((row) => parts + row)];
  const inverse = invertMatrix(used.map((row) => Uint8Array.from(lostParts, (part) => at(rows[row] ?? empty, part))));
  const rebuilt = new Map<number, Uint8Array>();
  for (const [index, part] of lostParts.entries()) {
    const weights = inverse[index] ?? empty;
    const ofGood = good.map((column) =>
      used.reduce((sum, row, place) => sum ^ multiply(at(weights, place), at(rows[row] ?? empty, column)), 0),
    );
    rebuilt.set(part, Uint8Array.from([...ofGood, ...weights]));
  }
  for (const number of lost.filter((candidate) => candidate >= parts)) {
    rebuilt.set(number, parityRow(rows[number - parts] ?? empty, { good, lostParts, rebuilt, width: inputs.length }));
  }
  return { inputs, matrix: lost.map((number) => rebuilt.get(number) ?? empty) };
}

const empty = new Uint8Array(0);

/** A lost parity part: its row over the parts, with the lost ones replaced by what they are rebuilt from. */
function parityRow(
  row: Uint8Array,
  from: {
    readonly good: readonly number[];
    readonly lostParts: readonly number[];
    readonly rebuilt: ReadonlyMap<number, Uint8Array>;
    readonly width: number;
  },
): Uint8Array {
  const { good, lostParts, rebuilt, width } = from;
  return Uint8Array.from({ length: width }, (_, column) => {
    const part = good[column];
    const direct = part === undefined ? 0 : at(row, part);
    return lostParts.reduce(
      (sum, lost) => sum ^ multiply(at(row, lost), at(rebuilt.get(lost) ?? empty, column)),
      direct,
    );
  });
}

/** Gauss–Jordan; the matrices here always have an inverse. */
function invertMatrix(matrix: Matrix): Matrix {
  const size = matrix.length;
  const work = matrix.map((row, index) =>
    Uint8Array.from({ length: 2 * size }, (_, column) =>
      column < size ? at(row, column) : Number(column - size === index),
    ),
  );
  for (let column = 0; column < size; column++) {
    const pivot = work.findIndex((row, index) => index >= column && row[column] !== 0);
    const found = work[pivot];
    if (found === undefined) throw new InternalError("a parity matrix has no inverse");
    work[pivot] = work[column] ?? empty;
    const scale = invert(at(found, column));
    work[column] = found.map((value) => multiply(value, scale));
    eliminate(work, column);
  }
  return work.map((row) => row.subarray(size));
}

function eliminate(work: Uint8Array[], column: number): void {
  const base = work[column] ?? empty;
  for (const [index, row] of work.entries()) {
    const factor = at(row, column);
    if (index === column || factor === 0) continue;
    work[index] = row.map((value, place) => value ^ multiply(factor, at(base, place)));
  }
}

/** Products of one coefficient with every byte, for each of the four bytes of a word. */
export type ProductTable = Uint32Array;

/** Made once and used for gigabytes: 256 products in each of the four places of a word. */
export function productTable(factor: number): ProductTable {
  return Uint32Array.from({ length: 1024 }, (_, index) => multiply(factor, index & 255) << (8 * (index >> 8)));
}

/** Adds an input times a coefficient to an output: what the time of parity goes into. Four bytes at a time. */
export function addProduct(output: Uint8Array, input: Uint8Array, factor: number, table: ProductTable): void {
  if (factor === 0) return;
  const aligned = output.byteOffset % 4 === 0 && input.byteOffset % 4 === 0;
  const words = aligned ? Math.floor(input.length / 4) : 0;
  if (words > 0) {
    const sums = new Uint32Array(output.buffer, output.byteOffset, words);
    const from = new Uint32Array(input.buffer, input.byteOffset, words);
    if (factor === 1) addWords(sums, from);
    else addProducts(sums, from, table);
  }
  for (let index = words * 4; index < input.length; index++) {
    output[index] = (output[index] ?? 0) ^ ((table[input[index] ?? 0] ?? 0) & 255);
  }
}

function addWords(sums: Uint32Array, from: Uint32Array): void {
  const { length } = from;
  for (let index = 0; index < length; index++) sums[index] = (sums[index] ?? 0) ^ (from[index] ?? 0);
}

/** Whatever the order of bytes in a word is, each stays in its place. */
function addProducts(sums: Uint32Array, from: Uint32Array, table: ProductTable): void {
  const { length } = from;
  for (let index = 0; index < length; index++) {
    const word = from[index] ?? 0;
    sums[index] =
      (sums[index] ?? 0) ^
      (table[word & 255] ?? 0) ^
      (table[256 + ((word >>> 8) & 255)] ?? 0) ^
      (table[512 + ((word >>> 16) & 255)] ?? 0) ^
      (table[768 + (word >>> 24)] ?? 0);
  }
}
