import type { Finding } from "../../events/event.ts";
import { formatBytes, formatBytesNeeded } from "../../oci/format-bytes.ts";
import type { PushPlan } from "../push/push-plan.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { HarborProject, HarborQuota } from "./harbor-documents.ts";
import type { HarborOptions } from "./harbor-options.ts";
import { ignoredLimit } from "./judge-rights.ts";
import type { OwnRepositories } from "./own-repositories.ts";
import type { RegistryHalf } from "./registry-half.ts";

/** A blob or manifest that is to be in a project, with the repositories of the project that need it. */
interface Wanted {
  readonly digest: string;
  readonly size: number;
  readonly isBlob: boolean;
  readonly repositories: readonly string[];
}

/** Harbor by its API, and by its registry half. */
interface QuestionedHarbor {
  readonly client: HarborClient;
  readonly registry: RegistryHalf;
}

const id = "harbor.quota";
const parallelQuestions = 8;
/** More than this may take minutes. */
const mostQuestions = 200;

/**
 * Whether what is to be pushed fits into the quota of a project. Harbor counts every blob once per project, also one that
 * is only mounted from another, so the logical size is what counts, not what is sent.
 * @param asked for the limit that was to be given to a project that is made
 */
export async function checkQuota(
  harbor: QuestionedHarbor,
  own: OwnRepositories,
  plan: PushPlan,
  { asked, signal }: { readonly asked: HarborOptions; readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const { client } = harbor;
  const { name, project } = own;
  const wanted = wantedIn(name, plan);
  const takes = `the project ${name} takes ${formatBytes(sum(wanted))}`;
  if (project === undefined || project === "hidden") return [judgePlanned(own, wanted, takes)];
  const quota = await client.quota(project, signal);
  if (quota === "hidden") {
    return [
      {
        id,
        severity: "warning",
        message: `the quota of the project ${name} cannot be seen by ${client.user ?? "nobody"}: up to ${formatBytes(sum(wanted))} are to be put there`,
        remedy: "make sure there is room, or push as a member of the project",
      },
    ];
  }
  if (quota === "none") {
    const off = "quotas are switched off in Harbor";
    return [...(own.isNew ? ignoredLimit(name, asked, off) : []), told(`the project ${name} has no quota`)];
  }
  const ignored = own.isNew && quota.hard !== asked.storageLimit ? ignoredLimit(name, asked) : [];
  if (quota.hard < 0) return [...ignored, told(`${takes}; it has no limit`)];
  const free = Math.max(0, quota.hard - quota.used);
  if (sum(wanted) <= free) return [...ignored, told(`${takes} of ${formatBytes(free)} that are free`)];
  return [...ignored, await judgeFull(harbor, { own, project, quota, free, wanted, takes }, signal)];
}

function told(message: string): Finding {
  return { id, severity: "ok", message };
}

/** Of a project that would only be made. */
function judgePlanned({ name, limit }: OwnRepositories, wanted: readonly Wanted[], takes: string): Finding {
  if (limit === undefined) return told(`${takes}; its limit is what Harbor gives new projects`);
  if (limit < 0) return told(`${takes}; it would have no limit`);
  const bytes = sum(wanted);
  if (bytes <= limit) return told(`${takes} of the ${formatBytes(limit)} it would have`);
  return tooMuch(name, bytes, { hard: limit, free: limit }, "--harbor-storage-limit has to be higher by");
}

interface Crowded {
  readonly own: OwnRepositories;
  readonly project: HarborProject;
  readonly quota: HarborQuota;
  readonly free: number;
  readonly wanted: readonly Wanted[];
  readonly takes: string;
}

/** Where it does not fit at first sight, what the project has already is worth being asked for: that counts once. */
async function judgeFull(
  { client, registry }: QuestionedHarbor,
  crowded: Crowded,
  signal: AbortSignal,
): Promise<Finding> {
  const { own, project, quota, free, wanted, takes } = crowded;
  const remedy = "have an administrator raise the quota by at least";
  const refuse = (needed: number): Finding => tooMuch(own.name, needed, { hard: quota.hard, free }, remedy);
  if (own.isNew) return refuse(sum(wanted));
  const search = createSearch(registry, wanted, free);
  await search.ask(({ repositories }) => repositories);
  if (search.needed() <= free) return shared(takes, sum(wanted) - search.needed());
  // What is there already is within what is used: beyond the whole quota it cannot be that.
  if (search.needed() > quota.hard) return refuse(search.needed());
  const known = await client.repositories(project, signal);
  if (known !== "hidden") {
    const asked = new Set(own.repositories.map((repository) => `${own.name}/${repository}`));
    const others = known.filter((repository) => !asked.has(repository));
    registry.alsoRead(others.slice(0, mostQuestions));
    await search.ask(() => others);
    if (search.needed() <= free) return shared(takes, sum(wanted) - search.needed());
    const unsure = known.length === 0 ? 0 : search.unsure();
    if (search.needed() - unsure > free) return refuse(search.needed());
  }
  return {
    id,
    severity: "warning",
    message: `the project ${own.name} may be too small: it needs up to ${formatBytes(search.needed())} more, and ${formatBytes(free)} are free; what other repositories of it have already does not count`,
    remedy: `make sure there is room: ${remedy} ${formatBytesNeeded(search.needed() - free)}`,
  };
}

function shared(takes: string, bytes: number): Finding {
  return told(`${takes}, of which ${formatBytes(bytes)} are there already`);
}

function tooMuch(
  name: string,
  needed: number,
  { hard, free }: { readonly hard: number; readonly free: number },
  remedy: string,
): Finding {
  const short = formatBytesNeeded(needed - free);
  return {
    id,
    severity: "failure",
    message: `the project ${name} needs ${formatBytes(needed)} more, ${short} more than is free of its quota of ${formatBytes(hard)} (each layer counts once per project, mounted ones too)`,
    remedy: `${remedy} ${short}, or remove old images there and run the garbage collection`,
  };
}

function wantedIn(project: string, plan: PushPlan): readonly Wanted[] {
  const inside = (repository: string): boolean => repository.startsWith(`${project}/`);
  const wanted = new Map<string, Wanted>();
  for (const { descriptor, repositories } of plan.blobs) {
    const { digest, size } = descriptor;
    const own = repositories.filter(inside);
    if (own.length > 0) wanted.set(digest, { digest, size, isBlob: true, repositories: own });
  }
  for (const image of plan.images) {
    if (!inside(image.repository)) continue;
    for (const { descriptor } of [...image.manifests, ...image.referrers.flatMap((row) => row.manifests)]) {
      const { digest, size } = descriptor;
      wanted.set(digest, { digest, size, isBlob: false, repositories: [image.repository] });
    }
  }
  return [...wanted.values()];
}

function sum(wanted: Iterable<Wanted>): number {
  let total = 0;
  for (const { size } of wanted) total += size;
  return total;
}

interface Search {
  /** Bytes of what was not found so far. */
  needed(): number;
  /** Bytes of those for which nobody was asked everywhere: manifests, and what is beyond the most questions. */
  unsure(): number;
  /** Asks for each blob in these repositories, the largest first, until what is missing fits. */
  ask(where: (wanted: Wanted) => readonly string[]): Promise<void>;
}

function createSearch(registry: RegistryHalf, wanted: readonly Wanted[], free: number): Search {
  const missing = new Set(wanted);
  const unasked = new Set(wanted.filter(({ isBlob }) => !isBlob));
  let questions = 0;

  async function isInOne(blob: Wanted, repositories: readonly string[]): Promise<boolean> {
    for (const repository of repositories) {
      questions += 1;
      if (!(await registry.hasBlob(repository, blob))) continue;
      registry.found(repository, blob.digest);
      return true;
    }
    return false;
  }

  const search: Search = {
    needed: () => sum(missing),
    unsure: () => sum(unasked),
    ask: async (where) => {
      const left = [...missing].filter(({ isBlob }) => isBlob).toSorted((a, b) => a.size - b.size);
      const work = async (): Promise<void> => {
        for (let next = left.pop(); next !== undefined && search.needed() > free; next = left.pop()) {
          const repositories = where(next);
          if (questions + repositories.length > mostQuestions) unasked.add(next);
          else if (await isInOne(next, repositories)) missing.delete(next);
        }
      };
      await Promise.all(Array.from({ length: parallelQuestions }, work));
    },
  };
  return search;
}
