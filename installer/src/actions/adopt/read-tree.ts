import { basename, dirname, isAbsolute, join } from "node:path";
import { UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { composeConfigs, composeFiles, composeTlsFiles } from "./compose-tree.ts";
import type { SourceKind, Tree } from "./found.ts";

type Files = Pick<FileSystem, "stat" | "list" | "readText">;

/** A manifest of the whole release is a third of this. */
const largestBytes = 3 * 1024 * 1024;
const mostFiles = 200;

/** The files of an old installation as they are on the disk. */
export interface ReadSource {
  readonly source: SourceKind;
  readonly tree: Tree;
}

/**
 * Reads what a folder, or one file of values, has of an old installation. Nothing else is opened, and no link is followed.
 * @throws UsageError where there is nothing, or something else, or a file that is no plain one or too large
 */
export async function readSource(from: string, fs: Files): Promise<ReadSource> {
  const found = await fs.stat(from);
  if (found === undefined) throw refuse(`there is no ${from}`, "name the folder of the old installation's files");
  if (found.special === true) throw refuse(`${from} is a link or no plain file`, "name the place that it leads to");
  if (!found.directory) return { source: "helm", tree: await readAll(dirname(from), [basename(from)], fs) };
  const names = await fs.list(from);
  const composeFile = composeFiles.find((name) => names.includes(name));
  const hasVariables = names.includes(".env");
  if (composeFile !== undefined && hasVariables)
    return { source: "compose", tree: await readCompose(from, composeFile, fs) };
  if (composeFile !== undefined) throw refuse(`${from} has ${composeFile} and no .env beside it`, ownFiles);
  if (hasVariables) throw refuse(`${from} has .env and no docker-compose.yml beside it`, ownFiles);
  const saved = names.filter((name) => /\.ya?ml$/.test(name) && !name.startsWith("."));
  if (saved.length === 0) throw refuse(`${from} holds no installation that is known here`, ownFiles);
  if (saved.length > mostFiles) throw refuse(`${from} holds ${saved.length} files`, ownFiles);
  return { source: "helm", tree: await readAll(from, saved, fs) };
}

const ownFiles =
  "name the folder with the vendor's .env and docker-compose.yml, or one with the output of helm get values -o yaml and helm get manifest in files that end in .yaml";

function refuse(message: string, hint: string): UsageError {
  return new UsageError(message, { hint: `${hint}; nothing was written` });
}

async function readCompose(from: string, composeFile: string, fs: Files): Promise<Tree> {
  const main = await readAll(from, [".env", composeFile], fs);
  const configs = await readPresent(from, composeConfigs, fs);
  const tls = await readPresent(from, composeTlsFiles(main), fs);
  return new Map([...main, ...configs, ...tls]);
}

async function readPresent(from: string, names: readonly string[], fs: Files): Promise<Tree> {
  const present: string[] = [];
  for (const name of names) if ((await fs.stat(placeOf(from, name))) !== undefined) present.push(name);
  return readAll(from, present, fs);
}

function placeOf(from: string, name: string): string {
  return isAbsolute(name) ? name : join(from, name);
}

async function readAll(from: string, names: readonly string[], fs: Files): Promise<Tree> {
  const texts = new Map<string, string>();
  for (const name of names) texts.set(name, await readPlain(placeOf(from, name), fs));
  return texts;
}

async function readPlain(path: string, fs: Files): Promise<string> {
  const found = await fs.stat(path);
  if (found === undefined) throw refuse(`there is no ${path}`, "name the folder of the old installation's files");
  if (found.special === true || found.directory) {
    throw refuse(`${path} is a link, a folder or no plain file`, "put the file itself there, in a copy of the folder");
  }
  if (found.size > largestBytes) {
    throw refuse(`${path} is too large (${found.size} bytes), at most ${largestBytes} are read`, "see what fills it");
  }
  try {
    const text = await fs.readText(path);
    if (text.includes("\0")) throw refuse(`${path} is no text`, "put the text itself there");
    return text;
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`${path} cannot be read: ${reason}`, { cause, hint: "run as a user that may read it" });
  }
}
