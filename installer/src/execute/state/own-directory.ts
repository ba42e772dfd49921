import { basename } from "node:path";
import { UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";
import { type StateLayout, stateLayout } from "./layout.ts";

/**
 * Refuses a state directory with something of somebody else in it.
 * @throws UsageError naming what is there
 */
export async function requireOwnDirectory(
  stateDir: string,
  { fs }: { readonly fs: Pick<FileSystem, "list" | "stat"> },
): Promise<void> {
  const found = await fs.stat(stateDir);
  if (found === undefined) return;
  const strange = (await fs.list(stateDir)).filter((name) => !["run.lock", "build"].includes(name));
  if (strange.length === 0 || strange.includes("format")) return;
  if (strange.every((name) => isOfKilledRun(name, stateLayout(stateDir), strange))) return;
  throw new UsageError(
    `${stateDir} holds something else than the state of an install: ${strange.slice(0, 3).join(", ")}`,
    {
      hint: "name an empty or new directory with --state-dir",
    },
  );
}

/**
 * A run killed while it made the directory leaves our folders, and one killed while it copied shared records our files beside the mark of
 * the copy; neither leaves anything of anybody else's.
 */
function isOfKilledRun(name: string, layout: StateLayout, all: readonly string[]): boolean {
  const copied = all.includes(basename(layout.copy)) ? (Object.values(layout) as string[]) : [];
  const made = [layout.secrets, layout.releases, layout.logs, layout.live, layout.restore, ...copied].map((path) =>
    basename(path),
  );
  const half = [layout.format, layout.copy, layout.restore, ...copied].map((path) => basename(path));
  return made.includes(name) || half.includes(/^\.(.+)\.\w+\.tmp$/.exec(name)?.[1] ?? "");
}
