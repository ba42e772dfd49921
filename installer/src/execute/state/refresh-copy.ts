import type { FileSystem } from "../../platform/ports.ts";
import type { StateLayout } from "./layout.ts";
import { requireOwnDirectory } from "./own-directory.ts";
import { describeSelf, type LockPorts } from "./run-lock.ts";
import { RecordsUnreachable } from "./shared-records.ts";
import { requirePrivate } from "./state-store.ts";

type RefreshPorts = LockPorts & { readonly fs: FileSystem; readonly random: { uuid(): string } };

/**
 * Brings the state directory up to date with the shared records of its install, which makes the directory where there was none. While a
 * run of this machine is at work there, the directory is what that run knows, and stays.
 * @param whenUnreachable `warn` goes on with what the directory says, for commands that only read it
 * @throws what `SharedRecords.news` throws; UsageError when the directory is somebody else's
 */
export async function refreshCopy(
  ports: RefreshPorts,
  layout: StateLayout,
  whenUnreachable: "fail" | "warn",
): Promise<void> {
  const { records } = ports.target;
  if (records === undefined) return;
  try {
    if ((await records.news(layout)) === undefined) return;
  } catch (error) {
    if (whenUnreachable === "fail" || !(error instanceof RecordsUnreachable)) throw error;
    ports.report({
      type: "warning",
      message: `this may be old: ${error.message}`,
      hint: `it is what ${layout.root} says; the records of this install are in the ${records.place}`,
    });
    return;
  }
  await requireOwnDirectory(layout.root, ports);
  await requirePrivate(ports.fs, layout);
  await ports.fs.makeDirectory(layout.root, 0o700);
  const self = await describeSelf(ports, ports.random.uuid());
  // The next run must still see whether the last one was this directory's: its shared lock is then nobody's.
  const attempt = await ports.locks.tryAcquire(layout.runLock, (previous) => ({
    ...self,
    run: previous?.run ?? self.run,
  }));
  if (!attempt.held) return;
  try {
    // The lock may have been another's a moment ago, who took them, too.
    await (await records.news(layout))?.();
  } finally {
    await attempt.release();
  }
}
