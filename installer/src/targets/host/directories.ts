import type { CheckContext, CheckFinding } from "../check.ts";
import { type Mount, mountOf, parseMounts } from "./mounts.ts";

/** File systems that are gone after a reboot. */
export const inMemory: readonly string[] = ["tmpfs", "ramfs"];

/** File systems of another machine. */
export const overNetwork: readonly string[] = ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"];

type Context = Pick<CheckContext, "fs" | "host">;

/** What keeps this user from writing into a directory that may not be there yet; `key` is what names another one. */
export async function checkDirectory(context: Context, path: string, key: string): Promise<readonly CheckFinding[]> {
  const place = await nearestExisting(context, path);
  const found = await context.fs.stat(place);
  if (found === undefined) return [];
  if (!found.directory)
    return [{ message: `${place} is not a directory`, remedy: `remove it, or choose another ${key}` }];
  const mount = await mountFor(context, path);
  if (mount?.readOnly === true)
    return [{ message: `${path} is on a read-only file system`, remedy: `choose another ${key}` }];
  const writable = context.host.isRoot() || found.uid === context.host.uid() || (found.mode & 0o002) !== 0;
  if (writable) return [];
  return [
    {
      message: `${place} cannot be written by user ${context.host.uid()}`,
      remedy: `run slipway as root, or choose another ${key}`,
    },
  ];
}

/** The file system that a path is on, where the kernel tells. */
export async function mountFor(context: Pick<Context, "fs">, path: string): Promise<Mount | undefined> {
  const text = await context.fs.readTextIfPresent("/proc/self/mountinfo").catch(() => undefined);
  return text === undefined ? undefined : mountOf(parseMounts(text), path);
}

/** The path itself or the first of its parents that is there. */
export async function nearestExisting({ fs }: Pick<Context, "fs">, path: string): Promise<string> {
  let current = path;
  while (current !== "/" && !(await fs.exists(current))) current = current.slice(0, current.lastIndexOf("/")) || "/";
  return current;
}
