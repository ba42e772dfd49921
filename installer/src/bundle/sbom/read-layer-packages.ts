import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { BundleError } from "../../errors/installer-error.ts";
import { readTarStream } from "../tar/read-tar-stream.ts";
import type { TarEntryHeader } from "../tar/tar-entries.ts";
import { createZstdUnpackers } from "../unpack-zstd.ts";
import { parseDpkgStatus } from "./dpkg-status.ts";
import { scanGoBuildInfo } from "./go-build-info.ts";
import { parseNpmPackage } from "./npm-package.ts";
import type { LayerPackages, SoftwarePackage } from "./packages.ts";

const databaseLimit = 64 * 1024 * 1024;
const smallLimit = 1024 * 1024;
/** No layer unpacks to more. */
const unpackedLimit = 256 * 1024 ** 3;
const packagesLimit = 500_000;
/** All names that are kept of a layer together: links and removed files cost nothing where they are packed. */
const namesLimit = 64 * 1024 * 1024;
const whiteout = ".wh.";
const emptied = ".wh..wh..opq";

/**
 * Recognises the software in a layer as it passes by: dpkg's database, Go programs, npm packages.
 * @param name what the layer is called in messages
 * @throws BundleError when the layer is damaged
 */
export async function readLayerPackages(stream: Readable, mediaType: string, name: string): Promise<LayerPackages> {
  const files: Record<string, readonly SoftwarePackage[]> = {};
  const removed: string[] = [];
  const emptiedFolders: string[] = [];
  let distribution: string | undefined;
  let count = 0;
  let nameBytes = 0;
  const keep = (path: string): string => {
    nameBytes += path.length;
    if (nameBytes > namesLimit) throw new BundleError(`${name} has more than ${namesLimit} bytes of names`);
    return path;
  };
  await readUnpacked(stream, mediaType, name, async (entry, bytes) => {
    const path = entry.name.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
    const slash = path.lastIndexOf("/") + 1;
    const [folder, base] = [path.slice(0, Math.max(slash - 1, 0)), path.slice(slash)];
    if (base === emptied) emptiedFolders.push(keep(folder));
    else if (base.startsWith(whiteout)) removed.push(keep(path.slice(0, slash) + base.slice(whiteout.length)));
    else if (entry.kind === "file") {
      const release = await readRelease(path, entry, bytes);
      distribution = release ?? distribution;
      const packages = release === undefined ? await readPackages(path, entry, bytes) : undefined;
      if (packages === undefined) return;
      count += packages.length;
      if (count > packagesLimit) throw new BundleError(`${name} names more than ${packagesLimit} packages`);
      files[keep(path)] = packages;
    } else if (entry.kind === "symlink") {
      // It may stand in the place of a program below.
      removed.push(keep(path));
    }
  });
  return { files, removed, emptied: emptiedFolders, ...(distribution !== undefined && { distribution }) };
}

/** Unpacks on the way; what the reader says is wrong comes before what follows from it. */
async function readUnpacked(
  stream: Readable,
  mediaType: string,
  name: string,
  onEntry: (entry: TarEntryHeader, bytes: Readable) => Promise<void>,
): Promise<void> {
  const unpackers = unpackersOf(mediaType, name);
  const bounded = bound(name);
  const [read, passed] = await Promise.allSettled([
    readTarStream(bounded, name, onEntry),
    pipeline([stream, ...unpackers, bounded]),
  ]);
  if (read.status === "rejected") throw toBundleError(read.reason, name);
  if (passed.status === "rejected") throw toBundleError(passed.reason, name);
}

function unpackersOf(mediaType: string, name: string): readonly Transform[] {
  if (/[.+]gzip$/.test(mediaType)) return [createGunzip()];
  if (/[.+]zstd$/.test(mediaType)) return createZstdUnpackers();
  if (mediaType.endsWith("tar")) return [];
  throw new BundleError(`${name} is of a kind that cannot be read: ${mediaType}`);
}

function bound(name: string): Transform {
  let seen = 0;
  return new Transform({
    highWaterMark: 256 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > unpackedLimit) done(new BundleError(`${name} unpacks to more than ${unpackedLimit} bytes`));
      else done(null, chunk);
    },
  });
}

function toBundleError(error: unknown, name: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code?.startsWith("Z_") !== true && code?.startsWith("ZSTD_") !== true) return error;
  return new BundleError(`${name} cannot be unpacked: ${(error as Error).message}`, { cause: error });
}

/** `debian-13` of the file that says what system this is. */
async function readRelease(path: string, entry: TarEntryHeader, bytes: Readable): Promise<string | undefined> {
  if (path !== "etc/os-release" && path !== "usr/lib/os-release") return undefined;
  const text = await readText(entry, bytes, smallLimit);
  const [id, version] = ["ID", "VERSION_ID"].map(
    (key) => new RegExp(`^${key}="?([\\w.-]{1,64})"?$`, "m").exec(text)?.[1],
  );
  return id === undefined ? undefined : [id, version].filter((part) => part !== undefined).join("-");
}

/** Undefined for a file that tells of no software. */
async function readPackages(
  path: string,
  entry: TarEntryHeader,
  bytes: Readable,
): Promise<readonly SoftwarePackage[] | undefined> {
  if (path === "var/lib/dpkg/status") return parseDpkgStatus(await readText(entry, bytes, databaseLimit));
  if (path.startsWith("var/lib/dpkg/status.d/") && !path.endsWith(".md5sums")) {
    return parseDpkgStatus(await readText(entry, bytes, smallLimit));
  }
  if (/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path)) {
    return entry.size > smallLimit ? undefined : parseNpmPackage(await readText(entry, bytes, smallLimit));
  }
  return entry.size < 64 ? undefined : await readProgram(bytes);
}

/** Reads no more of a file than shows that it is not an ELF program, or a Go program. */
async function readProgram(bytes: Readable): Promise<readonly SoftwarePackage[] | undefined> {
  const scan = scanGoBuildInfo();
  let first = true;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    if (first && chunk.length >= 4 && chunk.readUInt32BE(0) !== 0x7f454c46) return undefined;
    first = false;
    scan.add(chunk);
    if (scan.found !== undefined) return scan.found;
  }
  // A program all the same: it takes the place of what stood there.
  return [];
}

async function readText(entry: TarEntryHeader, bytes: Readable, limit: number): Promise<string> {
  if (entry.size > limit) throw new BundleError(`the file ${entry.name} of a layer is larger than ${limit} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of bytes as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
