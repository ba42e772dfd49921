import { formatBytes } from "../../oci/format-bytes.ts";
import type { Finding } from "../../events/event.ts";
import type { PushPlan } from "../push/push-plan.ts";
import type { HarborClient, HarborProject } from "./harbor-client.ts";

/** A blob or manifest that is to be in a project, with the repositories of the project that need it. */
interface Wanted {
  readonly size: number;
  readonly isBlob: boolean;
  readonly repositories: readonly string[];
}

interface QuotaOptions {
  /** Undefined where it would only be made, so that `limit` holds. */
  readonly project: HarborProject | undefined;
  readonly limit: number | undefined;
  readonly isNew: boolean;
  readonly signal: AbortSignal;
}

const parallelQuestions = 8;

/**
 * Whether what is to be pushed fits into the quota of a project. Harbor counts every blob once per project, also one that
 * is only mounted from another, so the logical size is what counts, not what is sent.
 */
export async function checkQuota(
  client: HarborClient,
  name: string,
  plan: PushPlan,
  options: QuotaOptions,
): Promise<Finding> {
  const { project } = options;
  const wanted = wantedIn(name, plan);
  const bytes = sum(wanted);
  const quota =
    project === undefined ? { hard: options.limit ?? -1, used: 0 } : await client.quota(project, options.signal);
  const id = "harbor.quota";
  if (quota === "hidden") {
    return {
      id,
      severity: "warning",
      message: `the quota of the project ${name} cannot be seen by ${client.user ?? "nobody"}: up to ${formatBytes(bytes)} are to be put there`,
      remedy: "make sure there is room, or push as a project administrator",
    };
  }
  if (quota === "none") return { id, severity: "ok", message: `the project ${name} has no quota` };
  const free = quota.hard - quota.used;
  const takes = `the project ${name} takes ${formatBytes(bytes)}`;
  if (quota.hard < 0) return { id, severity: "ok", message: `${takes}; it has no limit` };
  if (bytes <= free)
    return { id, severity: "ok", message: `${takes} of ${formatBytes(Math.max(0, free))} that are free` };
  // Some of it may be there from a push that was broken off; only now is it worth asking.
  const missing = options.isNew ? wanted : await withoutPresent(client, wanted, options.signal);
  const needed = sum(missing);
  if (needed <= free) {
    return { id, severity: "ok", message: `${takes}, of which ${formatBytes(bytes - needed)} are there already` };
  }
  return {
    id,
    severity: "failure",
    message: `the project ${name} needs ${formatBytes(needed)} more, but of its quota of ${formatBytes(quota.hard)} only ${formatBytes(Math.max(0, free))} are free (each layer counts once per project, mounted ones too)`,
    remedy: `have an administrator raise the quota by at least ${formatBytes(needed - free)}, or remove old images there and run the garbage collection`,
  };
}

function wantedIn(project: string, plan: PushPlan): readonly (readonly [string, Wanted])[] {
  const inside = (repository: string): boolean => repository.startsWith(`${project}/`);
  const wanted = new Map<string, Wanted>();
  for (const { descriptor, repositories } of plan.blobs) {
    const own = repositories.filter(inside);
    if (own.length > 0) wanted.set(descriptor.digest, { size: descriptor.size, isBlob: true, repositories: own });
  }
  for (const image of plan.images) {
    if (!inside(image.repository)) continue;
    for (const { descriptor } of [...image.manifests, ...image.referrers.flatMap((row) => row.manifests)]) {
      wanted.set(descriptor.digest, { size: descriptor.size, isBlob: false, repositories: [image.repository] });
    }
  }
  return [...wanted];
}

function sum(wanted: readonly (readonly [string, Wanted])[]): number {
  return wanted.reduce((total, [, { size }]) => total + size, 0);
}

async function withoutPresent(
  client: HarborClient,
  wanted: readonly (readonly [string, Wanted])[],
  signal: AbortSignal,
): Promise<readonly (readonly [string, Wanted])[]> {
  const left = wanted.filter(([, { isBlob }]) => isBlob);
  const missing = wanted.filter(([, { isBlob }]) => !isBlob);
  const ask = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const [digest, { repositories }] = next;
      if (!(await isInOne(client, digest, repositories, signal))) missing.push(next);
    }
  };
  await Promise.all(Array.from({ length: parallelQuestions }, ask));
  return missing;
}

async function isInOne(
  client: HarborClient,
  digest: string,
  repositories: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const repository of repositories) {
    if (await client.hasBlob(repository, digest, signal)) return true;
  }
  return false;
}
