import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";
import { backupJobs } from "../../plan/components/backup.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireBackup } from "./backup.ts";
import { requireBackups, runBackupJob } from "./backup-job.ts";
import { alone } from "../alone.ts";

/** One database, one repository by its path in Gitaly, or the objects of a bucket whose keys begin with a prefix. */
export type RestoredPart =
  | { readonly kind: "database"; readonly name: string }
  | { readonly kind: "repository"; readonly path: string }
  | { readonly kind: "objects"; readonly bucket: string; readonly prefix: string };

export interface RestorePartRequest extends InstallTarget {
  readonly part: RestoredPart;
  /** Name of the database, path of the repository, or what stands before the keys; made of the backup's id when absent. */
  readonly as?: string;
  /** Id of a backup, its beginning, or `latest`. */
  readonly backup: string;
}

export interface RestorePartResult extends ResultHead<"RestorePartResult"> {
  readonly name: string;
  readonly backup: string;
  readonly what: string;
  /** Where it is now. */
  readonly as: string;
}

/**
 * Brings a part of a backup back beside what is in use, which stays as it is.
 * @throws PreflightError when nothing is installed, without backups, or for a backup that is not there; ApplyError when the part is not in
 * it, or something stands where it would go; LockedError
 */
export async function restorePart(request: RestorePartRequest, ports: ActionPorts): Promise<RestorePartResult> {
  return alone(request, { command: "restore of a part", required: requireBackups }, ports, async (work) => {
    const backup = await requireBackup(request.backup, work, ports);
    const words = wordsFor(request.part, backup, request.as);
    const events = await withStep(ports, steps.restorePart, () =>
      runBackupJob(work.plan, work.install, words, { ...ports, job: backupJobs.parts }),
    );
    const returned = events.find((event) => event.event === "returned");
    const { what = "", as = "" } = returned ?? {};
    return { apiVersion: "slipway/v1", kind: "RestorePartResult", name: request.name, backup, what, as };
  });
}

/** What the job is told; names that nobody gave begin or end with the backup's. */
function wordsFor(part: RestoredPart, backup: string, as: string | undefined): readonly string[] {
  const short = backup.slice(0, 8);
  switch (part.kind) {
    case "database":
      return ["return-database", backup, part.name, as ?? `${part.name}_${short}`];
    case "repository":
      return ["return-repository", backup, part.path, as ?? `restored/${short}/${part.path}`];
    case "objects":
      return ["return-objects", backup, part.bucket, part.prefix, as ?? `restored-${short}/`];
  }
}
