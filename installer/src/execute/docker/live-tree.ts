import { dirname, join, relative } from "node:path";
import { ApplyError } from "../../errors/installer-error.ts";
import type { FileSystem, Host, Docker } from "../../platform/ports.ts";
import type { ComposeUnit } from "../../render/compose/compose-rendering.ts";
import type { RenderedFile } from "../../render/rendered-file.ts";
import { keyedDigest } from "../digest.ts";
import { resolveText } from "../secrets/encode.ts";
import type { Secrets } from "../secrets/secret-store.ts";
import type { Applied, AppliedRecord } from "../state/state-store.ts";

const liveMode = 0o400;

/** A file as it must lie in the live tree, secrets filled in. */
export interface LiveFile {
  readonly path: string;
  readonly contents: string;
  readonly digest: string;
  readonly mode: number;
  readonly owner?: number;
}

export interface LiveTreePorts {
  readonly fs: FileSystem;
  readonly host: Host;
  readonly docker: Docker;
}

/** Fills the secrets into the rendered files. */
export function completeFiles(
  files: readonly RenderedFile[],
  secrets: Secrets,
  digestKey: string,
): readonly LiveFile[] {
  return files.map((file) => {
    const contents = resolveText(file.contents, secrets.read);
    return {
      path: file.path,
      contents,
      digest: keyedDigest(digestKey, contents),
      mode: liveMode,
      ...(file.owner === undefined ? {} : { owner: file.owner }),
    };
  });
}

/** One digest for all files a container mounts. */
export function filesDigest(paths: readonly string[], files: ReadonlyMap<string, LiveFile>, digestKey: string): string {
  return keyedDigest(digestKey, paths.map((path) => `${path} ${files.get(path)?.digest ?? ""}`).join("\n"));
}

/** The files of the tree that are missing or differ from what is wanted. */
export async function staleFiles(
  fs: FileSystem,
  root: string,
  wanted: readonly LiveFile[],
  applied: Applied,
  digestKey: string,
): Promise<readonly LiveFile[]> {
  const current = await Promise.all(
    wanted.map(async (file) => {
      const recorded = applied.files[file.path];
      if (recorded?.digest !== file.digest || recorded.owner !== file.owner) return false;
      const size = Buffer.byteLength(file.contents);
      return isAsRecorded(fs, join(root, file.path), { ...recorded, size }, digestKey);
    }),
  );
  return wanted.filter((_file, index) => current[index] !== true);
}

/** Paths of the recorded files that are gone from the tree, or that somebody changed since they were written. */
export async function changedFiles(
  fs: FileSystem,
  root: string,
  applied: Applied,
  digestKey: string,
): Promise<readonly string[]> {
  const recorded = Object.entries(applied.files);
  const current = await Promise.all(
    recorded.map(([path, file]) => isAsRecorded(fs, join(root, path), file, digestKey)),
  );
  return recorded.flatMap(([path], index) => (current[index] === true ? [] : [path]));
}

/** A file we may not read any more is judged by its size, its mode and its owner alone. */
async function isAsRecorded(
  fs: FileSystem,
  path: string,
  recorded: Applied["files"][string],
  digestKey: string,
): Promise<boolean> {
  const found = await fs.stat(path);
  if (found === undefined || found.directory || found.mode !== liveMode) return false;
  if (recorded.owner !== undefined && found.uid !== recorded.owner) return false;
  if (recorded.size !== undefined && found.size !== recorded.size) return false;
  try {
    return keyedDigest(digestKey, await fs.readBytes(path)) === recorded.digest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return true;
    throw error;
  }
}

/** Writes what differs and removes what no longer belongs; the recorded digests follow. */
export async function writeLiveTree(
  ports: LiveTreePorts,
  root: string,
  wanted: readonly LiveFile[],
  record: AppliedRecord,
  options: {
    readonly digestKey: string;
    readonly readers: readonly ComposeUnit[];
    readonly chownImage?: string | undefined;
  },
): Promise<{ readonly written: readonly string[]; readonly removed: readonly string[] }> {
  const { digestKey, readers, chownImage } = options;
  const stale = await staleFiles(ports.fs, root, wanted, record.current(), digestKey);
  await forgetReaders(record, readers, stale);
  await makeDirectories(ports.fs, root, stale);
  const canChown = ports.host.isRoot();
  for (const file of stale) {
    const owner = canChown && file.owner !== undefined ? { owner: file.owner } : {};
    const path = join(root, file.path);
    // An engine that mounts a file which is gone leaves a directory in its place.
    if ((await ports.fs.stat(path))?.directory === true) await ports.fs.remove(path);
    await ports.fs.writeAtomic(path, file.contents, { mode: file.mode, ...owner });
  }
  if (!canChown) await handOver(ports.docker, root, stale, chownImage);
  const removed = await removeUnknown(ports.fs, root, new Set(wanted.map((file) => file.path)));
  if (stale.length > 0 || removed.length > 0) {
    const files = Object.fromEntries(
      wanted.map((file) => [
        file.path,
        {
          digest: file.digest,
          size: Buffer.byteLength(file.contents),
          ...(file.owner === undefined ? {} : { owner: file.owner }),
        },
      ]),
    );
    await record.update(() => ({ files }));
  }
  return { written: stale.map((file) => file.path), removed };
}

/**
 * A container keeps the file it was started with: whoever reads one that is written anew must be restarted. That is on the disk before
 * the file is, so that a run killed between the two is made good by the next.
 */
async function forgetReaders(
  record: AppliedRecord,
  readers: readonly ComposeUnit[],
  stale: readonly LiveFile[],
): Promise<void> {
  const paths = new Set(stale.map((file) => file.path));
  const services = Object.entries(record.current().services).map(([id, service]) => {
    const reads = readers.find((unit) => unit.id === id)?.filePaths.some((path) => paths.has(path)) === true;
    return [id, reads ? { ...service, filesDigest: "" } : service] as const;
  });
  if (services.every(([id, service]) => record.current().services[id] === service)) return;
  await record.update(() => ({ services: Object.fromEntries(services) }));
}

async function makeDirectories(fs: FileSystem, root: string, files: readonly LiveFile[]): Promise<void> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let folder = dirname(file.path); folder !== "."; folder = dirname(folder)) folders.add(folder);
  }
  for (const folder of [...folders].sort()) await fs.makeDirectory(join(root, folder), 0o700);
}

/** Without root we cannot give files away ourselves; the engine can. */
async function handOver(
  docker: Docker,
  root: string,
  files: readonly LiveFile[],
  image: string | undefined,
): Promise<void> {
  const owned = files.filter((file) => file.owner !== undefined);
  if (owned.length === 0 || image === undefined) return;
  for (const owner of new Set(owned.map((file) => file.owner))) {
    const paths = owned.filter((file) => file.owner === owner).map((file) => `/live/${file.path}`);
    const result = await docker.runOnce({
      image,
      entrypoint: ["/bin/chown", "--no-dereference", `${owner ?? 0}:${owner ?? 0}`],
      command: paths,
      user: "0:0",
      binds: [`${root}:/live`],
      capabilities: ["CHOWN", "DAC_READ_SEARCH"],
      labels: {},
      timeoutMs: 60_000,
    });
    if (result.exitCode !== 0) {
      throw new ApplyError(`configuration could not be given to uid ${owner ?? 0}`, { details: result.output });
    }
  }
}

async function removeUnknown(fs: FileSystem, root: string, wanted: ReadonlySet<string>): Promise<readonly string[]> {
  const removed: string[] = [];
  const visit = async (folder: string): Promise<boolean> => {
    let kept = false;
    for (const name of await fs.list(folder)) {
      const path = join(folder, name);
      const found = await fs.stat(path);
      if (found?.directory === true ? await visit(path) : wanted.has(relative(root, path))) {
        kept = true;
        continue;
      }
      await fs.remove(path);
      removed.push(relative(root, path));
    }
    return kept;
  };
  await visit(root);
  return removed;
}
