import { RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { Credentials } from "../credentials.ts";
import type { PushPlan } from "../push/push-plan.ts";
import type { OpenedTarget, PreparationOptions, TargetPreparation } from "../push/push-target.ts";
import { checkQuota } from "./check-quota.ts";
import type { HarborClient, HarborProject, HarborSystemInfo } from "./harbor-client.ts";
import { readOnlyRemedy } from "./harbor-errors.ts";
import type { HarborOptions } from "./harbor-options.ts";
import { makeImmutable, type OwnRepositories, setRetention } from "./protect-tags.ts";
import { provideRobot } from "./provide-robot.ts";

export interface HarborPreparation {
  readonly client: HarborClient;
  readonly fs: FileSystem;
  readonly credentials: Extract<Credentials, { kind: "password" }> | undefined;
  readonly options: HarborOptions;
}

/** The password of the first administrator that every Harbor's documentation names. */
const knownPasswords: readonly string[] = ["Harbor12345"];

/** What a Harbor wants done around a push: projects, quotas, robot account, rules about tags. */
export function prepareHarbor(harbor: HarborPreparation): TargetPreparation {
  let projects: readonly OwnRepositories[] = [];
  return {
    open: async (repositories, options) => {
      const found = await openProjects(harbor, repositories, options);
      projects = found.projects;
      return found.opened;
    },
    prepare: async (plan, options) => {
      const quotas: Finding[] = [];
      for (const own of projects) quotas.push(await quotaOf(harbor, own, plan, options));
      // Nothing is set up for a push that will not happen.
      if (quotas.some(({ severity }) => severity === "failure")) return quotas;
      return [...quotas, ...(await setUp(harbor, projects, options))];
    },
  };
}

interface Opened {
  readonly projects: readonly OwnRepositories[];
  readonly opened: OpenedTarget;
}

async function openProjects(
  harbor: HarborPreparation,
  repositories: readonly string[],
  options: PreparationOptions,
): Promise<Opened> {
  const { client } = harbor;
  const findings = [...describeSystem(harbor, await client.systemInfo(options.signal))];
  const present = new Map<string, HarborProject | undefined>();
  const names = [...new Set(repositories.map((repository) => repository.split("/")[0] ?? ""))].toSorted();
  for (const name of names) {
    const project = (await client.projectExists(name, options.signal))
      ? await client.project(name, options.signal)
      : undefined;
    present.set(name, project);
    if (project !== undefined) findings.push(...describeProject(project));
  }
  const missing = names.filter((name) => present.get(name) === undefined);
  const mayMake = !options.dryRun && !findings.some(({ severity }) => severity === "failure");
  for (const name of missing) {
    if (mayMake) present.set(name, await makeProject(harbor, name, options.signal));
    findings.push({
      id: "harbor.project",
      severity: "ok",
      message: `the project ${name} ${mayMake ? "was made" : "would be made"}, private`,
    });
  }
  return {
    projects: names.map((name) => ({
      name,
      project: present.get(name),
      isNew: missing.includes(name),
      repositories: repositories
        .filter((repository) => repository.startsWith(`${name}/`))
        .map((repository) => repository.slice(name.length + 1)),
    })),
    opened: {
      findings,
      absent: repositories.filter((repository) => missing.includes(repository.split("/")[0] ?? "")),
    },
  };
}

async function makeProject(
  { client, options }: HarborPreparation,
  name: string,
  signal: AbortSignal,
): Promise<HarborProject> {
  await client.createProject(name, options.storageLimit, signal);
  const made = await client.project(name, signal);
  if (made !== undefined) return made;
  throw new RegistryError(`the project ${name} was made on ${client.host}, and is not there`, {
    hint: "look at the logs of Harbor's core service",
  });
}

/** @throws RegistryError when user and password are wrong or there are none */
function describeSystem({ client, credentials }: HarborPreparation, info: HarborSystemInfo): readonly Finding[] {
  const { host } = client;
  if (credentials === undefined) {
    throw new RegistryError(`${host} is a Harbor, and takes pushes only from users it knows`, {
      hint: `run docker login ${host}, or give --username and --password-file; a single sign-on user takes the CLI secret of the user profile for the password`,
    });
  }
  // Harbor treats a wrong password like none at all, and tells its version only to those it knows.
  if (info.version === undefined) {
    throw new RegistryError(`Harbor on ${host} does not know ${credentials.username} by this password`, {
      hint: "check both; single sign-on users take the CLI secret of their user profile, robot accounts expire and their names start with robot$",
    });
  }
  const findings: Finding[] = [{ id: "harbor.version", severity: "ok", message: `${host} is Harbor ${info.version}` }];
  if (info.readOnly === true) {
    const message = `Harbor on ${host} is in read-only mode: nothing can be pushed`;
    findings.push({ id: "harbor.read-only", severity: "failure", message, remedy: readOnlyRemedy });
  }
  if (knownPasswords.includes(credentials.password)) {
    findings.push({
      id: "harbor.password",
      severity: "warning",
      message: `the password of ${credentials.username} on ${host} is the one from Harbor's documentation`,
      remedy: "change it in Harbor before anything of value is there",
    });
  }
  return findings;
}

function describeProject({ name, isPublic, isProxyCache }: HarborProject): readonly Finding[] {
  const findings: Finding[] = [];
  if (isProxyCache) {
    findings.push({
      id: "harbor.proxy-cache",
      severity: "failure",
      message: `the project ${name} is a cache of another registry and takes no pushes`,
      remedy: "name another project in --to; one that does not exist is made",
    });
  }
  if (isPublic) {
    findings.push({
      id: "harbor.public",
      severity: "warning",
      message: `the project ${name} is public: everybody who reaches Harbor can pull what is pushed there`,
      remedy: `make it private in Harbor (${name}, Configuration), or push to another project`,
    });
  }
  return findings;
}

function quotaOf(
  { client, options }: HarborPreparation,
  { name, project, isNew }: OwnRepositories,
  plan: PushPlan,
  { signal }: PreparationOptions,
): Promise<Finding> {
  return checkQuota(client, name, plan, { project, limit: options.storageLimit, isNew, signal });
}

async function setUp(
  { client, fs, options }: HarborPreparation,
  projects: readonly OwnRepositories[],
  change: PreparationOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const { robot, immutable, retain } = options;
  if (robot !== undefined) {
    const [first, ...more] = projects;
    const names = projects.map(({ name }) => name);
    const project = more.length === 0 ? first?.project : undefined;
    findings.push(await provideRobot({ client, fs }, { ...robot, projects: names, project }, change));
    if (findings.some(({ severity }) => severity === "failure")) return findings;
  }
  for (const own of projects) {
    if (immutable) findings.push(await makeImmutable(client, own, change));
    if (retain !== undefined) findings.push(await setRetention(client, own, retain, change));
  }
  return findings;
}
