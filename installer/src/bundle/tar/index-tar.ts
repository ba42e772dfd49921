import { BundleError } from "../../errors/installer-error.ts";
import type { OpenedFile } from "../../platform/content-ports.ts";
import { createTarEntries, type TarEntryHeader } from "./tar-entries.ts";
import { formatTarHeader, tarBlock, tarNameLimit, tarPadding } from "./tar-header.ts";

/** A file in a tar; the offset is that of its bytes. */
export interface IndexedEntry {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** More entries than this are in no bundle: each image has some ten. */
export const entryLimit = 100_000;

/** GNU tar fills its last record with zeros; more than that is not a tail. */
const tailLimit = 1024 * 1024;

/** Bytes read at a time: one page, which a medium reads anyway. */
const readAhead = 4096;

type Readable = Pick<OpenedFile, "path" | "size" | "read">;

/**
 * Finds every file in a tar by its headers alone, without reading what is in the files. Takes only what Slipway writes:
 * plain files with canonical names, each once, headers in the one form, zeros between and after.
 * @throws BundleError naming entry and offset otherwise
 */
export async function indexTar(opened: Readable, limit: number = entryLimit): Promise<readonly IndexedEntry[]> {
  const file = readingAhead(opened);
  const entries: IndexedEntry[] = [];
  const names = new Set<string>();
  const refuse = (why: string, at: number): never => {
    throw new TarError(`${file.path} is not a bundle: ${why} (at byte ${at})`, at);
  };
  let position = 0;
  let padding = 0;
  for (;;) {
    const head = await readHead(file, { position, padding });
    if (head.entry === undefined) {
      await checkTail(file, head.end, refuse);
      return entries;
    }
    const { entry, end } = head;
    const problem = problemOf(entry, names) ?? formProblem(entry, head.blocks);
    if (problem !== undefined) refuse(problem, head.start);
    if (end + entry.size + tarPadding(entry.size) > file.size) {
      refuse(`it ends inside ${entry.name}: ${file.size} bytes of at least ${end + entry.size}`, head.start);
    }
    if (entries.length >= limit) refuse(`it has more than ${limit} entries`, head.start);
    names.add(entry.name);
    entries.push({ path: entry.name, offset: end, size: entry.size });
    position = end + entry.size;
    padding = tarPadding(entry.size);
  }
}

/** The same file for reading onwards: small entries lie side by side, and one read finds the headers of several. */
function readingAhead(file: Readable): Readable {
  let start = 0;
  let bytes: Buffer = Buffer.alloc(0);
  return {
    path: file.path,
    size: file.size,
    read: async (from, length) => {
      if (from < start || from + length > start + bytes.length) {
        bytes = await file.read(from, Math.max(length, readAhead));
        start = from;
      }
      return bytes.subarray(from - start, from - start + length);
    },
  };
}

/** Also says where. */
export class TarError extends BundleError {
  readonly offset: number;

  constructor(message: string, offset: number, cause?: unknown) {
    super(message, { hint: "get the file again from where it came, and compare its sha256", cause });
    this.offset = offset;
  }
}

interface Head {
  /** Absent at the end of the archive. */
  readonly entry?: TarEntryHeader;
  readonly blocks: Buffer;
  readonly start: number;
  /** Where the data begins. */
  readonly end: number;
}

/** Reads the padding before an entry and all headers of the entry. */
async function readHead(file: Readable, at: { readonly position: number; readonly padding: number }): Promise<Head> {
  const start = at.position + at.padding;
  const reader = createTarEntries();
  const first = await file.read(at.position, at.padding + tarBlock);
  try {
    if (first.length < at.padding + tarBlock) throw new BundleError("it ends without the mark of an end");
    if (!isZero(first.subarray(0, at.padding))) throw new BundleError("there are bytes between its entries");
    let block = first.subarray(at.padding);
    const blocks = [block];
    for (let end = start + tarBlock; ; ) {
      const step = reader.header(block);
      if (step.kind === "end") return { blocks: block, start, end };
      if (step.kind === "entry") return { entry: step.entry, blocks: Buffer.concat(blocks), start, end };
      const length = step.size + tarPadding(step.size);
      const data = await file.read(end, length + tarBlock);
      if (data.length < length + tarBlock) throw new BundleError("it ends inside a header");
      reader.metadata(data.subarray(0, step.size));
      block = data.subarray(length);
      blocks.push(data);
      end += length + tarBlock;
    }
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new TarError(
      `${file.path} is not a bundle, or a damaged one: ${error.message} (at byte ${start})`,
      start,
      error,
    );
  }
}

function problemOf(entry: TarEntryHeader, names: ReadonlySet<string>): string | undefined {
  const { name, kind } = entry;
  const shown = JSON.stringify(name.slice(0, 200));
  if (kind !== "file") return `${shown} is a ${kind}, and only plain files may be in it`;
  if (!isCanonical(name)) return `${shown} is not a plain relative path`;
  return names.has(name) ? `${shown} is in it twice` : undefined;
}

/** Whether a name stands for itself wherever it is unpacked. */
function isCanonical(name: string): boolean {
  if (Buffer.byteLength(name) > tarNameLimit || /[\p{Cc}\\]/u.test(name) || name !== name.normalize("NFC"))
    return false;
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** One entry has one header; a second way to write it could hide something. */
function formProblem(entry: TarEntryHeader, blocks: Buffer): string | undefined {
  const { name, size } = entry;
  const matches = [0o644, 0o755].some((mode) => formatTarHeader({ name, size, mode }).equals(blocks));
  return matches ? undefined : `the header of ${JSON.stringify(name.slice(0, 200))} is not as Slipway writes it`;
}

async function checkTail(file: Readable, from: number, refuse: (why: string, at: number) => never): Promise<void> {
  const rest = file.size - from;
  if (rest < tarBlock) refuse("it ends without the mark of an end", from);
  if (rest > tailLimit) refuse(`${rest} bytes follow the mark of its end`, from);
  if (!isZero(await file.read(from, rest))) refuse("something follows the mark of its end", from);
}

const zeros = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const part = bytes.subarray(at, at + zeros.length);
    if (!part.equals(zeros.subarray(0, part.length))) return false;
  }
  return true;
}
