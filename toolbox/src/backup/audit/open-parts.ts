import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopyContext } from "../copy.ts";
import { isMissing } from "../folder-files.ts";
import type { BackupManifest } from "../manifest.ts";
import { objectsFile } from "../object-restore.ts";
import type { Restic } from "../restic.ts";
import type { BackupFolder } from "../work-folder.ts";
import type { BackupParts } from "./audit-backup.ts";
import type { GitPlaces } from "./stored-git.ts";
import type { ObjectPlaces } from "./stored-objects.ts";

export interface PartsOf {
  readonly id: string;
  readonly manifest: BackupManifest;
  readonly restic: Restic;
  readonly folder: BackupFolder;
}

/** The list that names everything else of a part, with its hash: it is written last, and the same only where the part is. */
const lists = { git: "index.json", objects: objectsFile } as const;

/**
 * The repositories and objects of a backup: where the last one was put together, as long as that is this one, or restored to scratch. Of
 * objects only the lists are restored, and manifests are read one by one: all contents may be more than a disk holds.
 */
export async function openParts(parts: PartsOf, context: CopyContext): Promise<Pick<BackupParts, "git" | "objects">> {
  const git = parts.manifest.stores.git === undefined ? undefined : await openGit(parts, context);
  const objects = parts.manifest.stores.objects === undefined ? undefined : await openObjects(parts, context);
  return { ...(git && { git }), ...(objects && { objects }) };
}

async function openGit(parts: PartsOf, context: CopyContext): Promise<GitPlaces> {
  const { cut, scratch, pointers } = parts.folder;
  const places = { scratch: join(scratch, "bundles"), cache: pointers };
  if (await isInCut(parts, "git")) return { ...places, folder: join(cut, "git") };
  await restorePart(parts, "git", context);
  return { ...places, folder: join(scratch, "git") };
}

async function openObjects(parts: PartsOf, context: CopyContext): Promise<ObjectPlaces> {
  const { restic, id, folder } = parts;
  const stored = join(folder.cut, "objects");
  if (await isInCut(parts, "objects")) return { folder: stored, read: (file) => readFile(join(stored, file)) };
  const place = join(folder.scratch, "objects");
  await restorePart(parts, "objects/objects", context);
  await writeFile(join(place, objectsFile), await restic.dump(id, join(stored, objectsFile)));
  return { folder: place, read: (file) => restic.dump(id, join(stored, file)) };
}

async function isInCut({ restic, id, folder: { cut } }: PartsOf, part: keyof typeof lists): Promise<boolean> {
  const list = join(cut, part, lists[part]);
  const there = await readFile(list).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return there?.equals(await restic.dump(id, list)) === true;
}

async function restorePart(
  { restic, id, folder: { cut, scratch } }: PartsOf,
  part: string,
  { log, progress }: CopyContext,
): Promise<void> {
  log(`restoring ${part} to a scratch place`);
  const target = join(scratch, part);
  await mkdir(target, { recursive: true, mode: 0o700 });
  await restic.restore(id, join(cut, part), target, progress);
}
