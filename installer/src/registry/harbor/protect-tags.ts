import type { Finding } from "../../events/event.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { HarborProject, RetentionPolicy, TagRule } from "./harbor-documents.ts";
import type { HarborOptions } from "./harbor-options.ts";
import type { OwnRepositories } from "./own-repositories.ts";

/** A rule that was asked for. */
export interface PlannedRule {
  /** What is to be done, or why nothing is. */
  readonly finding: Finding;
  /** Sets it, and says so; absent where there is nothing to do. */
  readonly apply?: (signal: AbortSignal) => Promise<Finding>;
}

/**
 * Finds out which rules about tags are to be set, and sets none.
 * @throws RegistryError when the user may not look at them, and so not set them either
 */
export async function planRules(
  { client, options }: { readonly client: HarborClient; readonly options: HarborOptions },
  projects: readonly OwnRepositories[],
  signal: AbortSignal,
): Promise<readonly PlannedRule[]> {
  const rules: PlannedRule[] = [];
  if (!options.immutable && options.retain === undefined) return rules;
  for (const found of projects) {
    const own = await withoutOthers(client, found, signal);
    const project = own.project === "hidden" ? undefined : own.project;
    if (options.immutable) rules.push(await planImmutable(client, own, project, signal));
    if (options.retain !== undefined)
      rules.push(await planRetention({ client, own, project, keep: options.retain }, signal));
  }
  return rules;
}

/** One of ours that an earlier run made may have been used by others since. */
async function withoutOthers(
  client: HarborClient,
  own: OwnRepositories,
  signal: AbortSignal,
): Promise<OwnRepositories> {
  const { name, project, isNew, isOurs, repositories } = own;
  if (isNew || !isOurs || project === undefined || project === "hidden") return own;
  const there = await client.repositories(project, signal);
  const ours = new Set(repositories.map((repository) => `${name}/${repository}`));
  return { ...own, isOurs: there !== "hidden" && there.every((repository) => ours.has(repository)) };
}

/** Makes the tags of our repositories immutable, unless a rule of the project does so already. */
async function planImmutable(
  client: HarborClient,
  own: OwnRepositories,
  project: HarborProject | undefined,
  signal: AbortSignal,
): Promise<PlannedRule> {
  const { name } = own;
  const told = (message: string): Finding => ({ id: "harbor.immutable", severity: "ok", message });
  const rules = project === undefined ? [] : await client.immutableRules(project, signal);
  const missing = own.repositories.filter((repository) => !rules.some((rule) => covers(rule, repository)));
  if (missing.length === 0) return { finding: told(`the tags in ${name} are immutable already`) };
  const pattern = patternOf(own, missing);
  const what = pattern === "**" ? `the tags in ${name}` : `the tags of ${count(missing)} in ${name}`;
  const finding = told(`${what} would be made immutable`);
  if (project === undefined) return { finding };
  return {
    finding,
    apply: async (change) => {
      await client.createImmutableRule(project, pattern, change);
      return told(`${what} are immutable from now on`);
    },
  };
}

interface Keeping {
  readonly client: HarborClient;
  readonly own: OwnRepositories;
  readonly project: HarborProject | undefined;
  /** Pushes of each repository. */
  readonly keep: number;
}

/** Sets how many pushes of our repositories are kept. A policy that somebody made is left as it is. */
async function planRetention(keeping: Keeping, signal: AbortSignal): Promise<PlannedRule> {
  const { client, own, project, keep } = keeping;
  const id = "harbor.retention";
  const { name } = own;
  const pushes = `the last ${keep} ${keep === 1 ? "push" : "pushes"} of`;
  if (project?.retentionId !== undefined) {
    const policy = await client.retention(project, project.retentionId, signal);
    if (policy !== "hidden" && keepsThat(policy, keeping)) {
      const message = `${pushes} ${count(own.repositories)} in ${name} are kept already, older ones are removed`;
      return { finding: { id, severity: "ok", message } };
    }
    return {
      finding: {
        id,
        severity: "warning",
        message: `the project ${name} has a retention policy, which is left as it is`,
        remedy: `look in Harbor whether it keeps the last ${keep} pushes of what is pushed here`,
      },
    };
  }
  const what = `${pushes} ${own.isOurs ? "each repository" : count(own.repositories)} in ${name}`;
  const finding: Finding = { id, severity: "ok", message: `${what} would be kept, older ones removed` };
  if (project === undefined) return { finding };
  return {
    finding,
    apply: async (signal) => {
      // A rule over the whole of a shared project would remove images of others.
      await client.createRetention(project, patternOf(own, own.repositories), keep, signal);
      return { id, severity: "ok", message: `${what} are kept, older ones are removed at night` };
    },
  };
}

/** Whether a policy does what one of ours would do, and nothing else with our repositories. */
function keepsThat(policy: RetentionPolicy, { own, keep }: Keeping): boolean {
  const [rule, ...more] = policy.filter(({ disabled }) => !disabled);
  if (rule === undefined || more.length > 0 || rule.latestPushed !== keep) return false;
  return own.repositories.every((repository) => covers(rule, repository));
}

function patternOf({ isOurs }: OwnRepositories, repositories: readonly string[]): string {
  if (isOurs) return "**";
  const [only, ...more] = repositories.toSorted();
  return more.length === 0 ? (only ?? "**") : `{${[only, ...more].join(",")}}`;
}

/** Whether a rule over all tags is about this repository: by `**`, by its name, or by a list with its name. */
function covers(rule: TagRule, repository: string): boolean {
  if (rule.disabled || !rule.tags.includes("**")) return false;
  return rule.repositories.some((pattern) => {
    if (pattern === "**" || pattern === repository) return true;
    return /^\{.*\}$/.test(pattern) && pattern.slice(1, -1).split(",").includes(repository);
  });
}

function count(repositories: readonly string[]): string {
  return repositories.length === 1 ? (repositories[0] ?? "") : `${repositories.length} repositories`;
}
