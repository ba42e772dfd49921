import type { Finding } from "../../events/event.ts";
import type { HarborClient, HarborProject, TagRule } from "./harbor-client.ts";

/** A project with the repositories of ours in it, their names without the project. */
export interface OwnRepositories {
  readonly name: string;
  /** Undefined where it would only be made. */
  readonly project: HarborProject | undefined;
  /** Nothing of others is in it, so that a rule may be about all of it. */
  readonly isNew: boolean;
  readonly repositories: readonly string[];
}

interface Change {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Makes the tags of our repositories immutable, unless a rule of the project does so already. */
export async function makeImmutable(client: HarborClient, own: OwnRepositories, change: Change): Promise<Finding> {
  const id = "harbor.immutable";
  const { name, project } = own;
  const rules = project === undefined ? [] : await client.immutableRules(project, change.signal);
  const missing = own.repositories.filter((repository) => !rules.some((rule) => covers(rule, repository)));
  if (missing.length === 0) return { id, severity: "ok", message: `the tags in ${name} are immutable already` };
  const pattern = patternOf(own, missing);
  const what = pattern === "**" ? `the tags in ${name}` : `the tags of ${count(missing)} in ${name}`;
  if (change.dryRun || project === undefined) return { id, severity: "ok", message: `${what} would be made immutable` };
  await client.createImmutableRule(project, pattern, change.signal);
  return { id, severity: "ok", message: `${what} are immutable from now on` };
}

/** Sets how many pushes of our repositories are kept. A policy that somebody made is left as it is. */
export async function setRetention(
  client: HarborClient,
  own: OwnRepositories,
  keep: number,
  change: Change,
): Promise<Finding> {
  const id = "harbor.retention";
  const { name, project } = own;
  if (project?.retentionId !== undefined) {
    return {
      id,
      severity: "warning",
      message: `the project ${name} has a retention policy, which is left as it is`,
      remedy: `look in Harbor whether it keeps the last ${keep} pushes of what is pushed here`,
    };
  }
  const what = `the last ${keep} ${keep === 1 ? "push" : "pushes"} of ${own.isNew ? "each repository" : count(own.repositories)} in ${name}`;
  if (change.dryRun || project === undefined)
    return { id, severity: "ok", message: `${what} would be kept, older ones removed` };
  // A rule over the whole of a shared project would remove images of others.
  await client.createRetention(project, patternOf(own, own.repositories), keep, change.signal);
  return { id, severity: "ok", message: `${what} are kept, older ones are removed at night` };
}

function patternOf({ isNew }: OwnRepositories, repositories: readonly string[]): string {
  if (isNew) return "**";
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
