import type { CopyContext } from "../copy.ts";
import { DamagedBackupError } from "../restic-errors.ts";
import { auditHub, type HubRows, type StoredHub } from "./audit-hub.ts";
import { auditRegistry } from "./audit-registry.ts";
import type { AuditResult, DanglingReference } from "./audit-result.ts";
import { type Findings, openFindings } from "./findings.ts";
import { type GitPlaces, readStoredGit } from "./stored-git.ts";
import { type ObjectPlaces, readStoredObjects, type StoredObjects } from "./stored-objects.ts";

/** The parts of a backup, as far as it has them. */
export interface BackupParts {
  readonly rows?: HubRows;
  readonly git?: GitPlaces;
  readonly objects?: ObjectPlaces;
}

/**
 * Follows every reference of a backup: row → repository → LFS pointer → object, tag → manifest → blobs.
 * @throws ToolboxError when a part is damaged; references that dangle are in the result
 */
export async function auditBackup(parts: BackupParts, context: CopyContext): Promise<AuditResult> {
  const findings = openFindings();
  const objects = parts.objects === undefined ? undefined : await readStoredObjects(parts.objects);
  await followHub(parts, objects, findings, context);
  if (objects === undefined) findings.leaveOut("objects and images: the backup holds no buckets");
  for (const { registry, manifests } of objects?.registries ?? []) auditRegistry(registry, manifests, findings);
  findings.leaveOut("rows that name images, packages or pictures: they are texts, which also name what is elsewhere");
  return findings.result();
}

async function followHub(
  { rows, git }: BackupParts,
  objects: StoredObjects | undefined,
  findings: Findings,
  context: CopyContext,
): Promise<void> {
  if (rows === undefined) {
    findings.leaveOut(
      "rows, repositories and LFS objects: the backup holds no database of the hub, which says what is whose",
    );
    return;
  }
  if (git === undefined) findings.leaveOut("repositories: the backup holds none");
  const repositories = git === undefined ? undefined : await readStoredGit(git, context);
  const hub: StoredHub = {
    rows,
    ...(repositories === undefined ? {} : { repositories }),
    ...(objects === undefined ? {} : { objects: objects.lfs }),
  };
  auditHub(hub, findings);
}

const namedAtMost = 5;

/**
 * Refuses a backup whose references do not all lead somewhere.
 * @throws DamagedBackupError that counts them and names the first ones
 */
export function refuseDangling({ dangling }: AuditResult): void {
  if (dangling.count === 0) return;
  const named = dangling.first.slice(0, namedAtMost).map(describe).join("; ");
  const more = dangling.count > namedAtMost ? `; and ${dangling.count - namedAtMost} more` : "";
  const what =
    dangling.count === 1 ? "1 reference of the backup leads" : `${dangling.count} references of the backup lead`;
  throw new DamagedBackupError(`${what} nowhere: ${named}${more}`, {
    advice:
      "look whether what is named is missing on the platform, too, and upload or remove it there; then make a new backup, with nothing deleted meanwhile",
  });
}

function describe({ from, to, problem }: DanglingReference): string {
  return `${from} → ${to} ${problem}`;
}
