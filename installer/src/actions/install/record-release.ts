import { join } from "node:path";
import { stringify } from "yaml";
import type { Journal } from "../../execute/journal/journal.ts";
import type { StateLayout } from "../../execute/state/layout.ts";
import type { AppliedRecord } from "../../execute/state/state-store.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import { recordedHash } from "./up-to-date.ts";

export interface RecordRequest {
  readonly desired: Desired;
  readonly layout: StateLayout;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  readonly imageIds: ReadonlyMap<string, string>;
}

const releasesKept = 20;

/** Records what is now applied: values, plan, images, rendered files without secrets, and that all of it is so. */
export async function recordRelease(request: RecordRequest, ports: ActionPorts): Promise<number> {
  const { desired, layout, journal, record } = request;
  const hash = recordedHash(desired);
  const previous = record.current();
  const release = previous.planHash === hash ? previous.release : previous.release + 1;
  await journal.step<true>("record", hash, {
    probe: () => Promise.resolve(record.current().planHash === hash ? true : undefined),
    act: async () => {
      await writeRelease(join(layout.releases, String(release)), desired, ports);
      await ports.fs.writeAtomic(layout.values, desired.valuesText);
      await ports.fs.writeAtomic(layout.lock, lockText(request.imageIds));
      await ports.fs.writeAtomic(layout.plan, `${JSON.stringify(desired.plan)}\n`);
      await forgetOldReleases(layout.releases, ports);
      await ports.failpoint("record:plan");
      await record.update((applied) => ({
        release,
        planHash: hash,
        installedAt: ports.clock.now().toISOString(),
        project: desired.rendering.project,
        units: desired.rendering.services,
        jobUnits: desired.rendering.jobs,
        volumeUnits: desired.rendering.volumes,
        ...withoutStrangers(applied, desired),
      }));
      return true;
    },
  });
  return release;
}

/** What is recorded of services and jobs that are no more is forgotten; volumes stay, they may come back. */
function withoutStrangers(
  applied: ReturnType<AppliedRecord["current"]>,
  desired: Desired,
): Pick<ReturnType<AppliedRecord["current"]>, "services" | "jobs"> {
  const services = new Set(desired.rendering.services.map((unit) => unit.id));
  const jobs = new Set(desired.rendering.jobs.map((unit) => unit.id));
  return {
    services: Object.fromEntries(Object.entries(applied.services).filter(([id]) => services.has(id))),
    jobs: Object.fromEntries(Object.entries(applied.jobs).filter(([id]) => jobs.has(id))),
  };
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

/** The images as the engine had them. */
function lockText(imageIds: ReadonlyMap<string, string>): string {
  const images = [...imageIds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([reference, imageId]) => ({ reference, imageId }));
  return stringify({ apiVersion: "slipway/v1", kind: "InstallLock", images });
}
