import { join } from "node:path";
import { exitCodes } from "../../errors/exit-codes.ts";
import { openInstall, planOfInstall } from "../../execute/state/install.ts";
import { listRevisions } from "../../execute/history/revisions.ts";
import type { Plan } from "../../plan/model.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { keysOfValues } from "../../values/describe-value.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { checksIn } from "../explain/checks-in.ts";
import { repeatableJobs } from "../run-job/run-job.ts";
import type { WordKind } from "./word-kinds.ts";

export interface WordsRequest extends InstallTarget {
  readonly of: WordKind;
  /** The folder that holds the state directories of installs. */
  readonly installsIn: string;
}

/** Names of one kind, from the records alone, so that a key press waits for no engine. None where nothing can be read. */
export async function words(
  request: WordsRequest,
  ports: Pick<ActionPorts, "fs" | "target">,
): Promise<readonly string[]> {
  try {
    return await namesOf(request, ports);
  } catch {
    // Whoever presses a key is not told what is wrong; the command itself will.
    return [];
  }
}

async function namesOf(request: WordsRequest, ports: Pick<ActionPorts, "fs" | "target">): Promise<readonly string[]> {
  if (request.of === "installs") return installsIn(request.installsIn, ports);
  if (request.of === "topics") {
    const checks = await checksIn("en", ports);
    return [...keysOfValues(), ...exitCodes.map(({ code }) => code), ...checks.map(({ id }) => id)];
  }
  const install = await openInstall(request, ports.fs);
  if (request.of === "revisions") return (await listRevisions(ports.fs, install)).map(String);
  const plan = planOfInstall(install);
  return plan === undefined ? [] : [...new Set(namesIn(plan, request.of))];
}

async function installsIn(folder: string, { fs }: Pick<ActionPorts, "fs">): Promise<readonly string[]> {
  const names = await fs.list(folder);
  const isInstall = await Promise.all(names.map((name) => fs.exists(stateLayout(join(folder, name)).identity)));
  return names.filter((_, index) => isInstall[index] === true);
}

function namesIn(plan: Plan, kind: Exclude<WordKind, "installs" | "revisions" | "topics">): readonly string[] {
  switch (kind) {
    case "secrets":
      return plan.secrets.map(({ name }) => name);
    case "jobs":
      return repeatableJobs(plan).map(({ id }) => id);
    case "databases":
      return plan.components.flatMap(({ databases }) => databases.map(({ name }) => name));
    case "logins":
      return plan.components.flatMap(({ console }) => console?.logins ?? []);
    case "addresses":
      return plan.components.flatMap(({ id, links }) => (links.length === 0 ? [] : [id]));
  }
}
