import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { errorText, ToolboxError } from "../../errors.ts";
import { DamagedBackupError } from "../restic-errors.ts";
import { cannotRun, lastLines, lineSplitter, programPath } from "../run-program.ts";
import { batchReader } from "./batch-reader.ts";
import { type LfsPointer, parseLfsPointer, pointerSizeLeast, pointerSizeLimit } from "./lfs-pointer.ts";

export interface ScannedBundle {
  /** For errors: whose bundle it is. */
  readonly repository: string;
  readonly bundle: string;
  /** The hash that its objects are named by. */
  readonly objectFormat: "sha1" | "sha256";
}

/**
 * The LFS pointers among all objects of a bundle, each once. The bundle is unpacked into a repository of its own, which is removed.
 * @param scratch a folder that is not there yet
 * @throws DamagedBackupError when the bundle cannot be unpacked
 */
export async function scanBundle(scanned: ScannedBundle, scratch: string): Promise<readonly LfsPointer[]> {
  const git: Git = { repository: scanned.repository, folder: join(scratch, "git"), home: scratch };
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  try {
    await runGit(git, ["init", "--quiet", "--bare", `--object-format=${scanned.objectFormat}`, git.folder]);
    await runGit(git, ["-C", git.folder, "bundle", "unbundle", scanned.bundle]);
    const names = join(scratch, "names");
    await writeFile(names, await smallBlobs(git));
    return await readPointers(git, names);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Names of the blobs that are as long as a pointer can be, a line each. */
async function smallBlobs(git: Git): Promise<string> {
  const found: string[] = [];
  const lines = lineSplitter((line) => {
    const [name = "", type, size] = line.split(" ");
    const bytes = Number(size);
    if (type === "blob" && bytes >= pointerSizeLeast && bytes < pointerSizeLimit) found.push(`${name}\n`);
  });
  const check = "--batch-check=%(objectname) %(objecttype) %(objectsize)";
  await runGit(git, ["-C", git.folder, "cat-file", "--batch-all-objects", "--unordered", check], {
    take: (chunk) => lines(chunk.toString("latin1")),
  });
  return found.join("");
}

async function readPointers(git: Git, names: string): Promise<readonly LfsPointer[]> {
  const pointers = new Map<string, LfsPointer>();
  const reader = batchReader((content) => {
    const pointer = parseLfsPointer(content);
    if (pointer !== undefined) pointers.set(`${pointer.oid} ${pointer.size}`, pointer);
  });
  const input = await open(names, "r");
  try {
    await runGit(git, ["-C", git.folder, "cat-file", "--batch", "--buffer"], { input: input.fd, take: reader });
  } finally {
    await input.close();
  }
  return [...pointers.values()];
}

interface Git {
  readonly repository: string;
  readonly folder: string;
  readonly home: string;
}

interface GitStreams {
  /** Descriptor of a file to read from. */
  readonly input?: number;
  readonly take?: (chunk: Buffer) => void;
}

async function runGit(git: Git, args: readonly string[], { input, take }: GitStreams = {}): Promise<void> {
  const child = spawn("git", args, {
    // nobody's settings but this program's
    env: { ...programPath(), HOME: git.home, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", LC_ALL: "C" },
    stdio: [input ?? "ignore", "pipe", "pipe"],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    errors = (errors + part).slice(-20_000);
  });
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on("error", (error) => reject(cannotRun("git", error)));
    // what it takes may make no sense
    child.stdout.on("data", (chunk: Buffer) => {
      try {
        take?.(chunk);
      } catch (error) {
        child.kill();
        reject(new ToolboxError(errorText(error), { cause: error }));
      }
    });
    child.on("close", (exitCode, signal) => resolve(exitCode ?? signal ?? "unknown"));
  });
  if (code !== 0) {
    throw new DamagedBackupError(
      `the bundle of ${git.repository} cannot be read: ${lastLines(errors) || String(code)}`,
    );
  }
}
