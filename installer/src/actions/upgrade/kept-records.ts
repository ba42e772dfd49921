import { basename, join } from "node:path";
import type { Install } from "../../execute/state/install.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import type { FileSystem } from "../../platform/ports.ts";

type Files = Pick<FileSystem, "exists" | "list" | "makeDirectory" | "readTextIfPresent" | "remove" | "writeAtomic">;

/** The records that say what is installed. What was done, and what was logged, goes on being written. */
function recordsOf(layout: StateLayout): readonly string[] {
  const { format, identity, applied, plan, values, lock } = layout;
  // The mark of the format goes last: until then a program of the older version does not read half of it.
  return [identity, applied, plan, values, lock, format];
}

/** Copies the records of an install, its secrets among them, as they are now. */
export async function keepRecords({ layout }: Install, fs: Files): Promise<void> {
  const to = stateLayout(layout.kept);
  await fs.makeDirectory(to.root, 0o700);
  await copyRecords(layout, to, fs);
}

/**
 * Puts the records back that `keepRecords` copied; what came since goes.
 * @param ids what stands in them, and what took its place
 */
export async function putRecordsBack({ layout }: Install, ids: ReadonlyMap<string, string>, fs: Files): Promise<void> {
  await copyRecords(stateLayout(layout.kept), layout, fs, (text) =>
    [...ids].reduce((all, [before, now]) => all.replaceAll(before, now), text),
  );
  await fs.remove(layout.pendingPlan);
}

async function copyRecords(
  from: StateLayout,
  to: StateLayout,
  fs: Files,
  change: (text: string) => string = (text) => text,
): Promise<void> {
  await copySecrets(from, to, fs);
  for (const path of recordsOf(from)) {
    const target = join(to.root, basename(path));
    const text = await fs.readTextIfPresent(path);
    if (text === undefined) await fs.remove(target);
    else await fs.writeAtomic(target, path === from.applied ? change(text) : text, { mode: 0o600 });
  }
}

async function copySecrets(from: StateLayout, to: StateLayout, fs: Files): Promise<void> {
  await fs.makeDirectory(to.secrets, 0o700);
  const names = (await fs.exists(from.secrets)) ? await fs.list(from.secrets) : [];
  for (const name of names) {
    const text = await fs.readTextIfPresent(join(from.secrets, name));
    if (text !== undefined) await fs.writeAtomic(join(to.secrets, name), text, { mode: 0o400 });
  }
  for (const name of await fs.list(to.secrets)) if (!names.includes(name)) await fs.remove(join(to.secrets, name));
}
