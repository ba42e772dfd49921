import { createHash, type Hash } from "node:crypto";
import { basename, join } from "node:path";
import { BundleError, UsageError } from "../errors/installer-error.ts";
import type { BulkFiles, Hashing, OpenedFile, WritableFile } from "../platform/content-ports.ts";
import { findParts, type FoundPart } from "./parts.ts";
import {
  addProduct,
  type Matrix,
  mostShards,
  parityMatrix,
  planRebuild,
  productTable,
  type ProductTable,
} from "./reed-solomon.ts";
import { parityName, type SplitHeader, type SplitPart } from "./split-header.ts";

export interface ParityRequest {
  /** File name of the whole bundle; parity parts are `NAME.parity001` and so on. */
  readonly name: string;
  /** Where the parity parts go. */
  readonly folder: string;
  /** The parts, in order, as they lie on disk; `size` may be smaller than `partSize` for the last one. */
  readonly parts: readonly { readonly path: string; readonly size: number }[];
  readonly partSize: number;
  /** How many lost parts shall be rebuildable. */
  readonly count: number;
  readonly onBytes?: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Writes parity parts over the parts of a split bundle, each as long as a part, and durably.
 * @returns what stands of them in the header
 * @throws UsageError when there are too many parts; PreflightError or ApplyError when the disk does not hold them
 */
export async function writeParity(request: ParityRequest, files: BulkFiles): Promise<readonly SplitPart[]> {
  const { name, folder, parts, partSize, count, signal } = request;
  checkShards(parts.length, count);
  const matrix = parityMatrix(parts.length, count);
  const outputs = Array.from({ length: count }, (_, index) => ({
    path: join(folder, parityName(name, index + 1)),
    size: partSize,
  }));
  const digests = await combine(
    { inputs: parts, outputs, matrix, length: partSize, signal, onBytes: request.onBytes ?? (() => undefined) },
    files,
  );
  return outputs.map(({ path, size }, index) => ({ file: basename(path), size, digest: digests[index] ?? "" }));
}

/** @throws UsageError when so many parts cannot have so much parity */
export function checkShards(parts: number, count: number): void {
  if (parts + count <= mostShards) return;
  throw new UsageError(
    `${parts} parts with ${count} parity parts are more than the ${mostShards} that parity can be made over`,
    { hint: parts > count ? "take larger parts with --split" : "ask for less --parity" },
  );
}

export interface RepairRequest {
  readonly header: SplitHeader;
  /** Where parts and parity parts are looked for. */
  readonly folders: readonly string[];
  /** Where what is rebuilt is written. */
  readonly output: string;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface RepairResult {
  readonly rebuilt: readonly { readonly file: string; readonly path: string; readonly why: string }[];
  /** Parts that were whole. */
  readonly good: number;
}

/**
 * Rebuilds the parts and parity parts that are missing or damaged. What is given is only read.
 * @throws BundleError when more is lost than parity can make up for; PreflightError when the disk does not hold the result
 */
export async function repairParts(
  request: RepairRequest,
  ports: { readonly bulkFiles: BulkFiles; readonly hashing: Hashing },
): Promise<RepairResult> {
  const { header, folders, output, signal } = request;
  const all = [...header.parts, ...(header.parity?.parts ?? [])];
  const states = await examine(await findParts(all, folders, ports.bulkFiles), { hashing: ports.hashing, signal });
  const lost = states.flatMap(({ why }, index) => (why === undefined ? [] : [index]));
  const good = all.length - lost.length;
  if (lost.length === 0) return { rebuilt: [], good };
  const plan = planRebuild(header.parts.length, header.parity?.count ?? 0, lost);
  if (plan === undefined) throw tooMuchLost(header, states);
  const outputs = lost.map((index) => {
    const part = all[index];
    if (part === undefined) throw new BundleError("a part is not in the header");
    return { path: join(output, part.file), size: part.size, digest: part.digest };
  });
  for (const { path } of outputs) await refusePresent(path, ports.bulkFiles);
  const inputs = plan.inputs.map((index) => ({ path: states[index]?.path ?? "", size: all[index]?.size ?? 0 }));
  const { matrix } = plan;
  await combine(
    { inputs, outputs, matrix, length: header.partSize, signal, onBytes: request.onBytes },
    ports.bulkFiles,
  );
  return {
    good,
    rebuilt: lost.map((index, place) => ({
      file: all[index]?.file ?? "",
      path: outputs[place]?.path ?? "",
      why: states[index]?.why ?? "",
    })),
  };
}

interface State {
  readonly part: SplitPart;
  readonly path?: string;
  /** Undefined when it is as it should be. */
  readonly why?: string;
}

async function examine(
  found: readonly FoundPart[],
  ports: { readonly hashing: Hashing; readonly signal: AbortSignal },
): Promise<readonly State[]> {
  const whole = found.flatMap(({ part, path, size }) =>
    path !== undefined && size === part.size ? [{ part, path }] : [],
  );
  const tasks = whole.map(({ part, path }) => ({ path, start: 0, end: part.size }));
  const digests = await ports.hashing.sha256(tasks, () => undefined, ports.signal);
  const digestOf = new Map(whole.map(({ path }, index) => [path, digests[index]]));
  return found.map(({ part, path, size }): State => {
    if (path === undefined) return { part, why: "is missing" };
    if (size !== part.size) return { part, path, why: `is ${size ?? 0} bytes of ${part.size}` };
    return digestOf.get(path) === part.digest ? { part, path } : { part, path, why: "is damaged" };
  });
}

function tooMuchLost(header: SplitHeader, states: readonly State[]): BundleError {
  const isPart = new Set(header.parts.map(({ file }) => file));
  const lost = states.filter(({ part, why }) => why !== undefined && isPart.has(part.file));
  const parity = states.filter(({ part, why }) => why === undefined && !isPart.has(part.file)).length;
  const details = states.flatMap(({ part, why }) => (why === undefined ? [] : [`${part.file} ${why}`]));
  return new BundleError(
    `${header.name} cannot be repaired: ${lost.length} of its parts are lost, and parity is left for ${parity}`,
    { details, hint: `get ${lost.length - parity} of them again from where they came` },
  );
}

/** What is given is never written over, whatever its state. */
async function refusePresent(path: string, files: BulkFiles): Promise<void> {
  const present = await files.open(path);
  if (present === undefined) return;
  await present.close();
  throw new UsageError(`${path} exists and is not replaced`, { hint: "name an empty folder with -o" });
}

interface Output {
  readonly path: string;
  readonly size: number;
  /** What it must have. */
  readonly digest?: string;
}

interface Combination {
  readonly inputs: readonly { readonly path: string; readonly size: number }[];
  readonly outputs: readonly Output[];
  /** One row for each output, one column for each input. */
  readonly matrix: Matrix;
  /** Of the longest input; shorter ones count as filled up with zeros. */
  readonly length: number;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** All buffers of one stripe together. */
const stripeMemory = 16 * 1024 * 1024;
const longestStripe = 1024 * 1024;

/** Every output is a sum of inputs, stripe by stripe; outputs get their names when they are whole and right. */
async function combine(combination: Combination, files: BulkFiles): Promise<readonly string[]> {
  const { inputs, outputs, length } = combination;
  const opened: OpenedFile[] = [];
  const written: { readonly file: WritableFile; readonly hash: Hash; readonly output: Output }[] = [];
  try {
    for (const { path } of inputs) {
      const file = await files.open(path);
      if (file === undefined) throw new BundleError(`${path} is not there any more`);
      opened.push(file);
    }
    for (const output of outputs) {
      const file = await files.create(`${output.path}.partial`);
      written.push({ file, hash: createHash("sha256"), output });
      await file.reserve(output.size);
    }
    const stripe = Math.max(
      4096,
      Math.min(longestStripe, Math.floor(stripeMemory / (outputs.length + 2) / 4096) * 4096),
    );
    const tables = combination.matrix.map((row) => [...row].map(productTable));
    for (let start = 0; start < length; start += stripe) {
      combination.signal.throwIfAborted();
      const sums = await sumStripe(combination, { opened, tables, start, size: Math.min(stripe, length - start) });
      await Promise.all(
        written.map(async ({ file, hash, output }, index) => {
          const bytes = sums[index]?.subarray(0, Math.max(0, output.size - start)) ?? new Uint8Array(0);
          hash.update(bytes);
          await file.write(start, bytes);
        }),
      );
    }
    for (const { file } of written) await file.sync();
  } finally {
    await Promise.all([...opened, ...written.map(({ file }) => file)].map((file) => file.close()));
  }
  const digests = written.map(({ hash }) => `sha256:${hash.digest("hex")}`);
  for (const [index, { output }] of written.entries()) {
    if (output.digest !== undefined && output.digest !== digests[index]) {
      throw new BundleError(
        `${basename(output.path)} came out with the digest ${digests[index] ?? ""}, not ${output.digest}`,
        {
          hint: "the header is not the one of these parts; get it again from where it came",
        },
      );
    }
    await files.rename(`${output.path}.partial`, output.path);
  }
  return digests;
}

async function sumStripe(
  { matrix, inputs, onBytes }: Combination,
  stripe: {
    readonly opened: readonly OpenedFile[];
    readonly tables: readonly (readonly ProductTable[])[];
    readonly start: number;
    readonly size: number;
  },
): Promise<readonly Uint8Array[]> {
  const { opened, tables, start, size } = stripe;
  const sums = matrix.map(() => new Uint8Array(size));
  const readAt = (index: number): Promise<Buffer> => {
    const length = Math.max(0, Math.min(size, (inputs[index]?.size ?? 0) - start));
    return opened[index]?.read(start, length) ?? Promise.resolve(Buffer.alloc(0));
  };
  let next = readAt(0);
  for (let index = 0; index < opened.length; index++) {
    const bytes = await next;
    // The next one is read while this one is added.
    if (index + 1 < opened.length) next = readAt(index + 1);
    for (const [row, sum] of sums.entries()) {
      const table = tables[row]?.[index];
      if (table !== undefined) addProduct(sum, bytes, matrix[row]?.[index] ?? 0, table);
    }
    onBytes(bytes.length);
  }
  return sums;
}
