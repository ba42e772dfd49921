import { BundleError, UsageError } from "../../errors/installer-error.ts";
import type { ImageSource } from "../../oci/content.ts";
import type { Reference } from "../../oci/reference.ts";
import type { BulkFiles, OpenedFile } from "../../platform/content-ports.ts";
import { bundlePaths } from "../bundle-manifest.ts";
import { headerNameOfPart, splitSuffix } from "../split-header.ts";
import { tarBlock } from "../tar/tar-header.ts";
import { openDockerArchive } from "./docker-archive-source.ts";
import { indexArchive } from "./index-archive.ts";
import { type LayoutFiles, archiveFiles } from "./layout-files.ts";
import { type LayoutOptions, openLayout } from "./layout-source.ts";
import { openSavedArchive } from "./saved-archive.ts";
import { type SpoolPorts, type SpoolRequest, packingOf, requireKnownPacking, spoolArchive } from "./spool-archive.ts";
import { isZarfSplit, parseZarfSplit } from "./zarf-split.ts";

export interface FileSourceRequest {
  readonly path: string;
  /** The file that an archive packed as a whole is unpacked to, for the time of the run. */
  readonly spoolPath: string;
  readonly signal: AbortSignal;
  /** What images without a name are called. */
  readonly as?: Reference;
}

export interface FileSourcePorts extends SpoolPorts {
  readonly openBundle: (path: string) => Promise<ImageSource>;
}

/**
 * A file as a source of images, told by what is in it: a bundle, an OCI archive, an archive of `docker save`.
 * @throws UsageError when there is no such file; BundleError when it is not one of these, or damaged
 */
export async function openFileSource(request: FileSourceRequest, ports: FileSourcePorts): Promise<ImageSource> {
  const { path } = request;
  if (isZarfSplit(path)) return openZarfSplit(request, ports);
  if (path.endsWith(splitSuffix) || headerNameOfPart(path) !== undefined) return ports.openBundle(path);
  if ((await ports.fs.stat(path))?.directory === true) {
    throw new UsageError(`${path} is a folder`, { hint: `write oci:${path} for the OCI layout in it` });
  }
  const file = await ports.bulk.open(path);
  if (file === undefined) {
    throw new UsageError(`there is no file ${path}`, {
      hint: "a source is engine, registry, oci:DIR or a file; check what is given to --from",
    });
  }
  try {
    const head = await file.read(0, tarBlock);
    const packing = packingOf(head);
    requireKnownPacking(packing, path);
    if (packing !== "none") {
      await file.close();
      return await openSpooled({ paths: [path], packing }, request, ports);
    }
    if (firstName(head) === bundlePaths.manifest) {
      await file.close();
      return await ports.openBundle(path);
    }
    return await openArchive(file, { ...(request.as !== undefined && { as: request.as }) });
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

async function openSpooled(
  what: Pick<SpoolRequest, "paths" | "packing" | "sha256">,
  { path, spoolPath, signal, as }: FileSourceRequest,
  ports: FileSourcePorts,
): Promise<ImageSource> {
  const file = await spoolArchive({ ...what, target: spoolPath, signal }, ports);
  try {
    return await openArchive(file, { name: `the archive ${path}`, ...(as !== undefined && { as }) });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Zarf itself never checks the digest that it writes into the first part. */
async function openZarfSplit(request: FileSourceRequest, ports: FileSourcePorts): Promise<ImageSource> {
  const header = await readHead(request.path, 64 * 1024, ports.bulk);
  const { paths, sha256 } = parseZarfSplit(header.toString("utf8"), request.path);
  const packing = packingOf(await readHead(paths[0] ?? "", tarBlock, ports.bulk));
  return openSpooled({ paths, packing, sha256 }, request, ports);
}

async function readHead(path: string, length: number, bulk: BulkFiles): Promise<Buffer> {
  const file = await bulk.open(path);
  if (file === undefined) throw new UsageError(`there is no file ${path}`, { hint: "put all parts into one folder" });
  try {
    return await file.read(0, length);
  } finally {
    await file.close();
  }
}

function firstName(head: Buffer): string {
  const end = head.indexOf(0);
  return head.toString("latin1", 0, end < 0 || end > 100 ? 100 : end);
}

/**
 * Images in a tar: an OCI layout at its root, in `images/` (Zarf) or in the one folder that has one; or the older form of `docker save`.
 * @throws BundleError when it is neither
 */
export async function openArchive(
  file: OpenedFile,
  { name = `the archive ${file.path}`, as }: Partial<Pick<LayoutOptions, "name" | "as">> = {},
): Promise<ImageSource> {
  const entries = await indexArchive(file, name);
  const files = archiveFiles(file, entries);
  const options: LayoutOptions = { kind: "archive", name, ...(as !== undefined && { as }) };
  if (entries.has("oci-layout") && entries.has("index.json")) {
    const layout = await openLayout(files, options);
    return entries.has("manifest.json") ? openSavedArchive(layout, files, name) : layout;
  }
  const folder = entries.has("images/oci-layout") ? "images/" : onlyLayoutFolder(entries.keys());
  if (folder !== undefined) return openLayout(below(files, folder), options);
  if (entries.has("manifest.json")) return openDockerArchive(files, name, as);
  throw new BundleError(`${name} holds no images: neither an OCI layout nor a manifest.json of docker save is in it`, {
    hint: "name a bundle, an OCI or docker save archive, a Zarf package or a Hauler haul",
  });
}

/** The folder of a layout that was packed from its parent. */
function onlyLayoutFolder(paths: Iterable<string>): string | undefined {
  const folders = [...paths].flatMap((path) => /^([^/]+\/)oci-layout$/.exec(path)?.[1] ?? []);
  return folders.length === 1 ? folders[0] : undefined;
}

function below(files: LayoutFiles, folder: string): LayoutFiles {
  return {
    size: (path) => files.size(`${folder}${path}`),
    read: (path, limit) => files.read(`${folder}${path}`, limit),
    stream: (path, range) => files.stream(`${folder}${path}`, range),
    locate: (path) => files.locate(`${folder}${path}`),
    close: () => files.close(),
  };
}
