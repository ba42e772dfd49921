import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { dependencyOf } from "../../execute/secrets/secret-parts.ts";
import { openInstall } from "../../execute/state/install.ts";
import type { Plan, SecretSpec } from "../../plan/model.ts";
import { suggestKey } from "../../values/suggest-key.ts";
import { type ActionPorts, type InstallTarget, recordedValues, type ResultHead } from "../context.ts";
import { install } from "../install/install.ts";
import type { InstallRequest, InstallResult } from "../install/install-request.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { keptBecause, type KeptSecret } from "./kept-secret.ts";
import { usersOf } from "./secret-readers.ts";

export interface SecretsRotateRequest extends InstallTarget {
  /** Names of secrets; empty with `all`. */
  readonly secrets: readonly string[];
  /** Every secret that can be replaced. */
  readonly all?: boolean;
  /** Say what would be replaced, and who starts anew for it. */
  readonly dryRun?: boolean;
  /** Do not prove the wires at the end. */
  readonly skipVerify?: boolean;
  /** Longest time for the whole bring-up, seconds; without it each component's own limit counts. */
  readonly timeoutSeconds?: number;
}

export interface RotatedSecret {
  readonly name: string;
  readonly description: string;
  /** Components, jobs and secrets made of it that take the new one. */
  readonly usedBy: readonly string[];
}

export interface SecretsRotateResult
  extends ResultHead<"SecretsRotateResult">,
    Partial<Pick<InstallResult, "verify" | "logFile">> {
  readonly name: string;
  readonly dryRun: boolean;
  readonly rotated: readonly RotatedSecret[];
  /** Those that stay as they are though all were asked for. */
  readonly kept: readonly KeptSecret[];
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

/**
 * Puts new secrets in the place of old ones, hands them to the stores that know them and to all who read them, and proves the wires. It is
 * an install with other secrets: interrupted anywhere, the same command or any install finishes it.
 * @throws UsageError for a name that is not there or a secret that stays; PreflightError, LockedError, ApplyError, TimeoutError, WireError
 * and InterruptedError as an install
 */
export async function rotateSecrets(
  request: SecretsRotateRequest,
  ports: ActionPorts,
  bringUp: typeof install = install,
): Promise<SecretsRotateResult> {
  const begun = ports.clock.monotonicMs();
  const { name, dryRun = false } = request;
  const plan = await requireInstalledHere(await openInstall(request, ports.fs), ports);
  const { chosen, kept } = chooseSecrets(request, plan);
  const rotated = chosen.map((spec) => ({
    name: spec.name,
    description: spec.description,
    usedBy: usersOf(plan, spec),
  }));
  const head = { apiVersion: "slipway/v1", kind: "SecretsRotateResult", name, dryRun, rotated, kept } as const;
  const done = dryRun ? undefined : await bringUp(toInstall(request, chosen), ports);
  return {
    ...head,
    ...(done?.verify === undefined ? {} : { verify: done.verify }),
    ...(done?.logFile === undefined ? {} : { logFile: done.logFile }),
    ms: Math.round(ports.clock.monotonicMs() - begun),
  };
}

/** The platform as it is recorded; nothing else of it changes. */
function toInstall(
  { name, stateDir, skipVerify, timeoutSeconds }: SecretsRotateRequest,
  chosen: readonly SecretSpec[],
): InstallRequest {
  const rotate = chosen.map((spec) => spec.name);
  return {
    ...{ name, stateDir, values: recordedValues, rotate, command: ["secrets rotate", ...rotate].join(" ") },
    ...(skipVerify === undefined ? {} : { skipVerify }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
}

interface Choice {
  readonly chosen: readonly SecretSpec[];
  readonly kept: readonly KeptSecret[];
}

function chooseSecrets({ secrets: names, all = false }: SecretsRotateRequest, { secrets }: Plan): Choice {
  if (all !== (names.length === 0)) {
    throw new UsageError(all ? "--all stands for every secret, and others are named" : "it is not said which secret", {
      hint: "slipway secrets rotate NAME replaces one, slipway secrets rotate --all every one that can be",
    });
  }
  for (const name of names) requireKnown(name, secrets);
  const asked = secrets.filter(({ name }) => all || names.includes(name));
  const kept = asked.flatMap((spec) => keptBecause(spec, secrets) ?? []);
  const [first, ...more] = all ? [] : kept;
  if (first !== undefined) {
    throw new UsageError(`${first.name} is not replaced: ${first.reason}`, {
      hint: first.instead,
      details: more.map(({ name, reason, instead }) => `${name}: ${reason}; ${instead}`),
    });
  }
  const chosen = asked.filter((spec) => !kept.some(({ name }) => name === spec.name));
  if (chosen.length === 0) throw new PreflightError("this platform has no secret that can be replaced");
  // What is made of one that is replaced is made anew with it.
  const follows = new Set(
    secrets
      .filter(({ generator }) => chosen.some(({ name }) => name === dependencyOf(generator)))
      .map(({ name }) => name),
  );
  return { chosen, kept: kept.filter(({ name }) => !follows.has(name)) };
}

function requireKnown(name: string, secrets: readonly SecretSpec[]): void {
  const names = secrets.map((spec) => spec.name);
  if (names.includes(name)) return;
  const near = suggestKey(name, names);
  throw new UsageError(`there is no secret ${name}${near === undefined ? "" : `, did you mean ${near}?`}`, {
    hint: "slipway secrets list names them",
  });
}
