import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import type { PushPlan } from "../push/push-plan.ts";
import type { PreparationOptions, TargetPreparation } from "../push/push-target.ts";
import { checkQuota } from "./check-quota.ts";
import { explainRights } from "./harbor-errors.ts";
import { findImmutable } from "./find-immutable.ts";
import { type HarborPreparation, openProjects } from "./open-projects.ts";
import type { OwnRepositories } from "./own-repositories.ts";
import { planRules, type PlannedRule } from "./protect-tags.ts";
import { provideRobot } from "./provide-robot.ts";

/** What a Harbor wants done around a push: projects, quotas, robot account, rules about tags. */
export function prepareHarbor(harbor: HarborPreparation): TargetPreparation {
  const { client } = harbor;
  let projects: readonly OwnRepositories[] = [];
  let rules: readonly PlannedRule[] = [];
  return {
    open: async (repositories, options) => {
      const found = await openProjects(harbor, repositories, options);
      projects = found.projects;
      return found.opened;
    },
    prepare: async (plan, options) => {
      const findings = await lookAt(harbor, projects, plan, options.signal);
      // Nothing is set up for a push that will not happen.
      if (hasFailure(findings)) return findings;
      rules = await planRules(harbor, projects, options.signal);
      findings.push(...(await makeRobot(harbor, projects, options)));
      const settled = rules.filter(({ apply }) => options.dryRun || apply === undefined);
      return [...findings, ...settled.map(({ finding }) => finding)];
    },
    finish: (complete, signal) => setRules(rules, complete, signal),
    explain: (error, repository) => explainRights(error, client, repository.split("/")[0] ?? ""),
  };
}

function hasFailure(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "failure");
}

/** Quotas and rules that stand in the way of what is to be pushed. What may not be looked at was told before. */
async function lookAt(
  { client, options }: HarborPreparation,
  projects: readonly OwnRepositories[],
  plan: PushPlan,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const own of projects) {
    if (own.project === "hidden") continue;
    findings.push(...(await checkQuota(client, own, plan, { asked: options, signal })));
    findings.push(...(await findImmutable(client, own, plan, signal)));
  }
  return findings;
}

async function makeRobot(
  { client, fs, options }: HarborPreparation,
  projects: readonly OwnRepositories[],
  change: PreparationOptions,
): Promise<readonly Finding[]> {
  const { robot } = options;
  if (robot === undefined) return [];
  const [first, ...more] = projects;
  const names = projects.map(({ name }) => name);
  const project = more.length === 0 && first?.project !== "hidden" ? first?.project : undefined;
  return [await provideRobot({ client, fs }, { ...robot, projects: names, project }, change)];
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
      const details = [...error.details, "every image is there, and the same command sets the rules"];
      throw new RegistryError(error.message, { cause: error, hint: error.hint, details });
    }
  }
  return findings;
}
