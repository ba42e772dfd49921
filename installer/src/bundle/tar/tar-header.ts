import { BundleError } from "../../errors/installer-error.ts";
import { paxRecord } from "./tar-pax.ts";

/** POSIX.1-2017 `pax`, "ustar Interchange Format"; base-256 numbers and the types L and K are GNU tar's. */
export const tarBlock = 512;

/** Names longer than this are in no archive of ours, nor in an honest one of others. */
export const tarNameLimit = 4096;

const octalSizeLimit = 8 * 1024 ** 3;

/** What an entry is; what of it may be in an archive is for the reader's caller to say. */
export type TarKind =
  | "file"
  | "directory"
  | "link"
  | "symlink"
  | "device"
  | "fifo"
  /** Attributes of the next entry. */
  | "pax"
  /** Attributes of all that follow. */
  | "pax-global"
  | "long-name"
  | "long-link"
  | "other";

/** One block of 512 bytes, read. */
export interface TarHeader {
  readonly name: string;
  readonly kind: TarKind;
  /** Bytes of data that follow, padded to whole blocks. */
  readonly size: number;
  readonly linkName: string;
}

const kinds: Readonly<Record<string, TarKind>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "link",
  "2": "symlink",
  "3": "device",
  "4": "device",
  "5": "directory",
  "6": "fifo",
  x: "pax",
  g: "pax-global",
  L: "long-name",
  K: "long-link",
};

/** Bytes of padding after data of this size. */
export function tarPadding(size: number): number {
  return (tarBlock - (size % tarBlock)) % tarBlock;
}

/** Whether a block marks the end of the archive, of which there are two. */
export function isTarEnd(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header block.
 * @throws BundleError when its checksum is wrong or a field is not what it must be
 */
export function parseTarHeader(block: Buffer): TarHeader {
  if (block.length !== tarBlock) throw new BundleError("a tar header is cut short");
  const stated = parseOctal(block, 148, 8, "checksum");
  if (stated !== checksumOf(block)) throw new BundleError("a tar header has a wrong checksum: the archive is damaged");
  const ustar = block.toString("latin1", 257, 262) === "ustar";
  // GNU tar puts times where POSIX has the prefix, and says so with a space.
  const prefix = ustar && block[262] === 0 ? text(block, 345, 155) : "";
  const name = text(block, 0, 100);
  const kind = kinds[String.fromCharCode(block[156] ?? 0)] ?? "other";
  const size = parseSize(block);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    // Links have no data whatever their size field says, and old archives mark a folder by its name only.
    kind: kind === "file" && name.endsWith("/") ? "directory" : kind,
    size: ["link", "symlink", "directory", "device", "fifo"].includes(kind) ? 0 : size,
    linkName: text(block, 157, 100),
  };
}

/** A file, as our archives have it: mode, no owner, no time; the name and size by PAX where USTAR cannot hold them. */
export interface TarFile {
  readonly name: string;
  readonly size: number;
  /** 0644 unless told. */
  readonly mode?: number;
}

/**
 * The blocks that stand before a file's data: one, or three or more with a PAX header. The same input gives the same bytes.
 * @throws BundleError when the name is empty or too long, or the size no whole number
 */
export function formatTarHeader(file: TarFile): Buffer {
  const { name, size } = file;
  const bytes = Buffer.byteLength(name);
  if (name === "" || bytes > tarNameLimit || name.includes("\0")) {
    throw new BundleError(`${JSON.stringify(name.slice(0, 100))} cannot be the name of a tar entry`);
  }
  if (!Number.isSafeInteger(size) || size < 0) throw new BundleError(`${name}: ${size} is not a size of a tar entry`);
  const mode = file.mode ?? 0o644;
  const split = splitName(name);
  const large = size >= octalSizeLimit;
  if (split !== undefined && !large) return headerBlock({ ...split, size, mode, type: "0" });
  const records = Buffer.concat([
    ...(split === undefined ? [paxRecord("path", name)] : []),
    ...(large ? [paxRecord("size", String(size))] : []),
  ]);
  const short = split ?? {
    name: Buffer.from(name)
      .toString("latin1")
      .replace(/[^\x21-\x7e]/g, "_")
      .slice(-100),
    prefix: "",
  };
  return Buffer.concat([
    headerBlock({ name: "PaxHeader", prefix: "", size: records.length, mode: 0o644, type: "x" }),
    records,
    Buffer.alloc(tarPadding(records.length)),
    headerBlock({ ...short, size: large ? 0 : size, mode, type: "0" }),
  ]);
}

/** The end of an archive: two empty blocks. */
export function formatTarEnd(): Buffer {
  return Buffer.alloc(2 * tarBlock);
}

interface HeaderFields {
  readonly name: string;
  readonly prefix: string;
  readonly size: number;
  readonly mode: number;
  readonly type: string;
}

function headerBlock(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(tarBlock);
  block.write(fields.name, 0, 100, "latin1");
  block.write(octal(fields.mode, 7), 100, "latin1");
  block.write(octal(0, 7), 108, "latin1");
  block.write(octal(0, 7), 116, "latin1");
  block.write(octal(fields.size, 11), 124, "latin1");
  block.write(octal(0, 11), 136, "latin1");
  block.write(fields.type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  block.write(octal(0, 7), 329, "latin1");
  block.write(octal(0, 7), 337, "latin1");
  block.write(fields.prefix, 345, 155, "latin1");
  block.write(`${octal(checksumOf(block), 6)}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Undefined when the name does not fit into name and prefix of USTAR, or has letters it cannot hold. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (!/^[\x20-\x7e]+$/.test(name)) return undefined;
  if (name.length <= 100) return { name, prefix: "" };
  const slash = name.lastIndexOf("/", 155);
  const rest = name.slice(slash + 1);
  return slash <= 0 || rest.length === 0 || rest.length > 100
    ? undefined
    : { name: rest, prefix: name.slice(0, slash) };
}

/** The sum of all bytes, with spaces in place of the sum itself. */
function checksumOf(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < tarBlock; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

function parseSize(block: Buffer): number {
  const first = block[124] ?? 0;
  if ((first & 0x80) === 0) return parseOctal(block, 124, 12, "size");
  // Base-256, positive only: the first bit is a mark, the second the sign.
  if ((first & 0x7f) !== 0) throw new BundleError("a tar header has a size that is out of bounds");
  const high = block.readUIntBE(125, 5);
  const low = block.readUIntBE(130, 6);
  const size = high * 2 ** 48 + low;
  if (!Number.isSafeInteger(size)) throw new BundleError("a tar header has a size that is out of bounds");
  return size;
}

function parseOctal(block: Buffer, at: number, length: number, field: string): number {
  const digits = block
    .toString("latin1", at, at + length)
    .replace(/\0.*$/s, "")
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new BundleError(`a tar header has a ${field} that is not a number`);
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

/** A field of text, which ends at the first zero byte. */
function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? length : end);
}
