import { lstat, readdir, readFile, rename, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText, ToolboxError } from "../errors.ts";
import { runProgram } from "./run-program.ts";

/** What is being restored: not whole, and never read by a server. */
export const restoring = ".restoring";
/** What is whole and proved, and is being moved up. */
const placing = ".restored";
/** Tells from which backup a data directory came. */
const marker = ".slipway-restored";
/** Made by the file system itself. */
const foreign = "lost+found";

interface Mark {
  readonly snapshot: string;
  /** Everything that is moved up. */
  readonly entries: readonly string[];
}

/** What is still to be done: all of it, only the moving, or nothing. */
export type LeftToDo = "restore" | "place" | "nothing";

/**
 * Looks how far a restore of this backup has come in a data directory.
 * @throws ToolboxError that names what is there when it is neither empty nor a restore of this backup
 */
export async function leftToDo(data: string, snapshot: string): Promise<LeftToDo> {
  const entries = (await readdir(data)).filter((name) => name !== foreign);
  if (entries.includes(placing)) return await checkPlacing(data, entries, snapshot);
  if (entries.includes("PG_VERSION")) return await checkRestored(data, snapshot);
  const other = entries.find((name) => name !== restoring);
  if (other !== undefined) throw refusal(data, `it holds ${other}, and no restore of ours made that`);
  return "restore";
}

async function checkPlacing(data: string, entries: readonly string[], snapshot: string): Promise<LeftToDo> {
  const mark = (await readMark(join(data, placing))) ?? (await readMark(data));
  if (mark === undefined) throw refusal(data, `it holds ${placing} without ${marker}`);
  if (mark.snapshot !== snapshot) throw refusal(data, `a restore of backup ${mark.snapshot} was begun in it`);
  const ours = new Set([...mark.entries, placing, marker]);
  const other = entries.find((name) => !ours.has(name));
  if (other !== undefined) throw refusal(data, `it holds ${other}, and no restore of ours made that`);
  return "place";
}

async function checkRestored(data: string, snapshot: string): Promise<LeftToDo> {
  const mark = await readMark(data);
  // Also where a server has used it since: a pod that is made anew does again what was done in it.
  if (mark?.snapshot === snapshot) return "nothing";
  const from = mark === undefined ? "" : `, restored from backup ${mark.snapshot}`;
  throw refusal(data, `it holds a database cluster (PG_VERSION)${from}`);
}

function refusal(data: string, why: string): ToolboxError {
  return new ToolboxError(`the data directory ${data} is not empty: ${why}; nothing was changed`, {
    advice: "restore into an empty volume; empty this one only when nobody needs what is in it",
  });
}

async function readMark(folder: string): Promise<Mark | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, marker), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Mark;
  } catch (error) {
    throw new ToolboxError(`${join(folder, marker)} cannot be read: ${errorText(error)}`, { cause: error });
  }
}

/** Marks what was restored as whole, once everything of it is on the disk. From here on it is only moved. */
export async function markRestored(data: string, snapshot: string): Promise<void> {
  const folder = join(data, restoring);
  const entries = (await readdir(folder)).filter((name) => name !== marker);
  await writeFile(join(folder, marker), JSON.stringify({ snapshot, entries } satisfies Mark), { mode: 0o600 });
  await flush(data);
  await rename(folder, join(data, placing));
  await flush(data);
}

/** Moves everything up, PG_VERSION last: only with it the directory is a database. May be ended and run again. */
export async function placeRestored(data: string): Promise<void> {
  const folder = join(data, placing);
  const last = [marker, "PG_VERSION"];
  const waiting = await readdir(folder);
  for (const name of waiting.filter((entry) => !last.includes(entry))) await moveUp(data, name);
  await flush(data);
  for (const name of last.filter((entry) => waiting.includes(entry))) await moveUp(data, name);
  await flush(data);
  await rmdir(folder);
  await flush(data);
}

async function moveUp(data: string, name: string): Promise<void> {
  const target = join(data, name);
  const isTaken = await lstat(target).then(
    () => true,
    () => false,
  );
  if (isTaken) throw new ToolboxError(`${target} appeared while a backup was restored; nothing was overwritten`);
  await rename(join(data, placing, name), target);
}

/** Writes the whole file system of a folder to its disk: one call, whatever number of files there is. */
async function flush(folder: string): Promise<void> {
  const { code, errors } = await runProgram("sync", ["-f", folder], { environment: { LC_ALL: "C" } });
  if (code !== 0) throw new ToolboxError(`${folder} could not be written to its disk: ${errors.trim()}`);
}
