import { basename, join } from "node:path";
import type { FileSystem } from "../../platform/ports.ts";
import type { StateLayout } from "./layout.ts";

/** What a file is called while it is written: `.<name>.<hex>.tmp`. */
const temporary = /^\.(.+)\.[0-9a-f]{12}\.tmp$/;

/** Removes half-written files that a killed run left, secrets among them; the caller holds the run lock. */
export async function removeTemporaries(
  fs: Pick<FileSystem, "exists" | "list" | "remove">,
  layout: StateLayout,
): Promise<void> {
  const ours = new Set((Object.values(layout) as string[]).map((path) => basename(path)));
  const inRoot = (await fs.list(layout.root)).filter((name) => ours.has(temporary.exec(name)?.[1] ?? ""));
  for (const name of inRoot) await fs.remove(join(layout.root, name));
  // A directory without the mark may be anybody's.
  if (!(await fs.exists(layout.format))) return;
  for (const folder of [layout.secrets, layout.revisions]) {
    if (!(await fs.exists(folder))) continue;
    const left = (await fs.list(folder)).filter((name) => temporary.test(name));
    for (const name of left) await fs.remove(join(folder, name));
  }
}
