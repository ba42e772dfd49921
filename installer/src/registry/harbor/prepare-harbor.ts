import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import { mayPass } from "../may-pass.ts";
import type { PushPlan } from "../push/push-plan.ts";
import type { PreparationOptions, TargetPreparation } from "../push/push-target.ts";
import { checkQuota } from "./check-quota.ts";
import { findElsewhere } from "./find-elsewhere.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { HarborProject } from "./harbor-documents.ts";
import { explainRights } from "./harbor-errors.ts";
import { findImmutable } from "./find-immutable.ts";
import { type HarborPreparation, makeProject, openProjects, removeProject } from "./open-projects.ts";
import type { OwnRepositories } from "./own-repositories.ts";
import { planRules, type PlannedRule } from "./protect-tags.ts";
import { checkRobotFile, provideRobot, type RobotRequest } from "./provide-robot.ts";

/** What a Harbor wants done around a push: projects, quotas, robot account, rules about tags. */
export function prepareHarbor(harbor: HarborPreparation): TargetPreparation {
  const { client, fs } = harbor;
  let projects: readonly OwnRepositories[] = [];
  let rules: readonly PlannedRule[] = [];
  return {
    open: async (repositories, options) => {
      const found = await openProjects(harbor, repositories, options);
      projects = found.projects;
      return found.opened;
    },
    prepare: async (plan, options) => {
      const { dryRun, signal } = options;
      const look = (own: OwnRepositories) => lookAt(harbor, own, plan, signal);
      let looks = await Promise.all(projects.map(look));
      // Nothing is made for a push that will not happen.
      if (hasFailure(looks.flat())) return looks.flat();
      const request = robotRequest(harbor, projects);
      if (request !== undefined) await checkRobotFile(fs, client.host, request);
      if (!dryRun) {
        // What was found of them before they were there is found anew.
        for (const [n, own] of projects.entries()) {
          if (own.project !== undefined) continue;
          const made = await makeProject(harbor, own, signal);
          projects = projects.with(n, made.own);
          looks = looks.with(n, [...made.findings, ...(await look(made.own))]);
        }
        if (hasFailure(looks.flat())) return looks.flat();
      }
      rules = await planRules(harbor, projects, signal);
      const robots = await makeRobot(harbor, projects, options);
      const settled = rules.filter(({ apply }) => dryRun || apply === undefined);
      return [...looks.flat(), ...robots, ...settled.map(({ finding }) => finding)];
    },
    finish: async (end, signal) => [
      ...(await setRules(rules, end === "complete", signal)),
      ...(end === "in vain" ? await removeEmpty(harbor, projects, signal) : []),
    ],
    explain: (error, repository) => explainRights(error, client, repository.split("/")[0] ?? ""),
  };
}

function hasFailure(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "failure");
}

/** Quotas and rules that stand in the way of what is to be pushed. What may not be looked at was told before. */
async function lookAt(
  { client, registry, options }: HarborPreparation,
  own: OwnRepositories,
  plan: PushPlan,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (own.project === "hidden") return [];
  let listed: ReturnType<HarborClient["repositories"]> | undefined;
  const remembering = {
    ...client,
    repositories: (project: HarborProject) => (listed ??= client.repositories(project, signal)),
  };
  const findings = [
    ...(await checkQuota({ client: remembering, registry }, own, plan, { asked: options, signal })),
    ...(await findImmutable(client, own, plan, signal)),
  ];
  if (!hasFailure(findings)) await findElsewhere({ client: remembering, registry }, own, plan, signal);
  return findings;
}

function robotRequest({ options }: HarborPreparation, projects: readonly OwnRepositories[]): RobotRequest | undefined {
  const { robot } = options;
  if (robot === undefined) return undefined;
  const [first, ...more] = projects;
  const project = more.length === 0 && first?.project !== "hidden" ? first?.project : undefined;
  return { ...robot, projects: projects.map(({ name }) => name), project };
}

async function makeRobot(
  harbor: HarborPreparation,
  projects: readonly OwnRepositories[],
  change: PreparationOptions,
): Promise<readonly Finding[]> {
  const request = robotRequest(harbor, projects);
  return request === undefined ? [] : [await provideRobot(harbor, request, change)];
}

/** One with a robot account is kept: the secret is in a file already. */
async function removeEmpty(
  harbor: HarborPreparation,
  projects: readonly OwnRepositories[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (harbor.options.robot !== undefined) return [];
  const made = projects.filter(({ isNew, project }) => isNew && project !== undefined);
  return Promise.all(made.map(({ name }) => removeProject(harbor.client, name, signal)));
}

/** Rules are set when the images are there: before, they could forbid the very push they came with. */
async function setRules(
  rules: readonly PlannedRule[],
  complete: boolean,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { finding, apply } of rules) {
    if (apply === undefined) continue;
    if (!complete) {
      const message = `not done, because images are missing: ${finding.message}`;
      findings.push({
        ...finding,
        severity: "warning",
        message,
        remedy: "the same command does it when every image is there",
      });
      continue;
    }
    try {
      findings.push(await apply(signal));
    } catch (error) {
      if (!(error instanceof InstallerError)) throw error;
      const again = mayPass(error)
        ? "the same command sets the rules"
        : "with that changed, the same command sets the rules";
      const details = [...error.details, `every image is there, and ${again}`];
      throw new RegistryError(error.message, { cause: error, hint: error.hint, details });
    }
  }
  return findings;
}
