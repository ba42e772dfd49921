import { join } from "node:path";
import { stringify } from "yaml";
import type { Secrets } from "../../execute/secrets/secret-store.ts";
import type { Journal } from "../../execute/journal/journal.ts";
import type { StateLayout } from "../../execute/state/layout.ts";
import type { Applied } from "../../execute/state/records.ts";
import type { AppliedRecord } from "../../execute/state/state-store.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import { imagesOf } from "../../render/rendering.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import { hashOfDesired } from "./up-to-date.ts";

export interface RecordRequest {
  readonly desired: Desired;
  readonly layout: StateLayout;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  /** What the platform runs with now. */
  readonly secrets: Pick<Secrets, "digests">;
}

const releasesKept = 20;

/** Records what is now applied: values, plan, images, rendered files without secrets, and that all of it is so. */
export async function recordRelease(request: RecordRequest, ports: ActionPorts): Promise<number> {
  const { desired, layout, journal, record, secrets } = request;
  const hash = hashOfDesired(desired);
  const previous = record.current();
  const release = previous.appliedHash === hash ? previous.release : previous.release + 1;
  const images = imagesOf(desired.rendering);
  const imageIds = (await ports.target.images?.imageIds(images)) ?? new Map<string, string>();
  await journal.step<true>("record", hash, {
    probe: () => Promise.resolve(isRecorded(record.current(), hash) ? true : undefined),
    act: async () => {
      await writeRelease(join(layout.releases, String(release)), desired, ports);
      await ports.fs.writeAtomic(layout.values, desired.valuesText);
      await ports.fs.writeAtomic(layout.lock, lockText(images, imageIds));
      await ports.fs.writeAtomic(layout.plan, `${JSON.stringify(desired.plan)}\n`);
      await forgetOldReleases(layout.releases, ports);
      await ports.failpoint("record:plan");
      await record.update((applied) => ({
        ...withoutStrangers(applied, desired),
        secrets: withDigests(applied.secrets, secrets.digests),
        change: undefined,
        rotation: undefined,
        release,
        appliedHash: hash,
        installedAt: ports.clock.now().toISOString(),
        units: desired.rendering.units,
        stores: desired.rendering.stores.map(({ component, volume }) => ({ component, volume })),
        ...(desired.valuesFiles === undefined ? {} : { valuesFiles: desired.valuesFiles }),
      }));
      return true;
    },
  });
  await ports.fs.remove(layout.pendingPlan);
  return release;
}

function isRecorded(applied: Applied, hash: string): boolean {
  return applied.appliedHash === hash && applied.change === undefined;
}

/** The records of secrets, each with the digest of what the platform runs with. */
export function withDigests(recorded: Applied["secrets"], digests: ReadonlyMap<string, string>): Applied["secrets"] {
  return Object.fromEntries(
    Object.entries(recorded).map(([name, row]) => {
      const digest = digests.get(name);
      return [name, digest === undefined ? row : { ...row, digest }];
    }),
  );
}

/** Drops the records of jobs that no longer exist. Stores are kept: they may come back. */
function withoutStrangers(applied: Applied, desired: Desired): Pick<Applied, "jobs"> {
  const jobs = new Set(desired.plan.jobs.map(({ id }) => id));
  return { jobs: Object.fromEntries(Object.entries(applied.jobs).filter(([id]) => jobs.has(id))) };
}

/** The newest releases are kept to compare with. */
async function forgetOldReleases(folder: string, ports: ActionPorts): Promise<void> {
  const numbers = (await ports.fs.list(folder))
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  for (const number of numbers.slice(0, -releasesKept)) await ports.fs.remove(join(folder, String(number)));
}

async function writeRelease(folder: string, desired: Desired, ports: ActionPorts): Promise<void> {
  await ports.fs.remove(folder);
  for (const file of desired.rendering.files) {
    const path = join(folder, file.path);
    await ports.fs.makeDirectory(join(path, ".."), 0o700);
    await ports.fs.append(path, renderedFileToString(file));
  }
}

/** The images as they were used, with the ids that the target knew them by. */
function lockText(references: readonly string[], imageIds: ReadonlyMap<string, string>): string {
  const images = references.toSorted().map((reference) => {
    const imageId = imageIds.get(reference);
    return imageId === undefined ? { reference } : { reference, imageId };
  });
  return stringify({ apiVersion: "slipway/v1", kind: "InstallLock", images });
}
