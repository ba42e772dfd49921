import { PreflightError } from "../../errors/installer-error.ts";
import { type Install, planOfInstall, requireInstalled } from "../../execute/state/install.ts";
import { compareText } from "../../language/compare-text.ts";
import type { Plan } from "../../plan/model.ts";
import { shellWord } from "../../platform/shell-quote.ts";
import type { ActionPorts } from "../context.ts";

/** A platform of this name that runs here, and whose records lie somewhere else. */
export interface Elsewhere {
  readonly message: string;
  readonly hint: string;
}

const mostNamed = 3;

/** Looks for what bears the install's name where there are no records of it: their directory was moved, or is another user's. */
export async function findElsewhere(
  install: Install,
  { target }: Partial<Pick<ActionPorts, "target">>,
): Promise<Elsewhere | undefined> {
  if (install.identity !== undefined || target === undefined) return undefined;
  // A target that does not answer cannot tell.
  const remains = await target.remains(install).catch(() => undefined);
  const others = (remains?.workloads ?? []).filter(({ claim }) => claim === "another");
  const [first] = others;
  if (first === undefined) return undefined;
  const names = others
    .map(({ name }) => name)
    .toSorted(compareText)
    .slice(0, mostNamed);
  const more = others.length > names.length ? ` and ${others.length - names.length} more` : "";
  const place = others.find(({ records }) => records !== undefined)?.records;
  return {
    message: `a platform named ${install.name} runs here (${names.join(", ")}${more}), whose records are not in ${install.stateDir}`,
    hint:
      place === undefined || place === install.stateDir
        ? "give the directory of its records with --state-dir"
        : `it was installed from ${place}: as the user who did that, give --state-dir ${shellWord(place)}, or the directory that it was moved to`,
  };
}

/**
 * The plan of an install that is there.
 * @throws PreflightError when nothing is installed, or its records lie somewhere else
 */
export async function requireInstalledHere(
  install: Install,
  ports: Partial<Pick<ActionPorts, "target">>,
): Promise<Plan> {
  const plan = planOfInstall(install);
  if (plan !== undefined) return plan;
  const elsewhere = await findElsewhere(install, ports);
  if (elsewhere !== undefined) throw new PreflightError(elsewhere.message, { hint: elsewhere.hint });
  return requireInstalled(install);
}
