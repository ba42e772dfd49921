import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { partsOf, secretFile } from "../../execute/secrets/secret-parts.ts";
import { openInstall } from "../../execute/state/install.ts";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import { readApplied, readKnownPlans } from "../../execute/state/state-store.ts";
import type { Plan, SecretSpec } from "../../plan/model.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { keptBecause } from "./kept-secret.ts";
import { usersOf } from "./secret-readers.ts";

export type SecretsListRequest = InstallTarget;

export interface SecretListing {
  readonly name: string;
  readonly description: string;
  /** What made it, for example `random` or `given`. */
  readonly generator: string;
  readonly parts: readonly string[];
  /** Files that hold it; empty when it was not made yet. */
  readonly files: readonly string[];
  /** Components and jobs that read it. */
  readonly usedBy: readonly string[];
  /** When it was made; absent where an older version of Slipway made it. */
  readonly madeAt?: string;
  readonly expires?: string;
  /** Why no other can take its place; absent where one can. */
  readonly kept?: string;
}

export interface SecretsListResult extends ResultHead<"SecretsListResult"> {
  readonly name: string;
  readonly secrets: readonly SecretListing[];
}

export interface SecretShowRequest extends InstallTarget {
  readonly secret: string;
  /** Of a secret made of several files; needed only then. */
  readonly part?: string;
}

export interface SecretShowResult extends ResultHead<"SecretShowResult"> {
  readonly name: string;
  readonly secret: string;
  readonly part?: string;
  readonly value: string;
}

type SecretPorts = Pick<ActionPorts, "fs"> & Partial<Pick<ActionPorts, "target">>;

/**
 * Names every secret of the install and who reads it; shows no value.
 * @throws PreflightError when nothing is installed
 */
export async function listSecrets(request: SecretsListRequest, ports: SecretPorts): Promise<SecretsListResult> {
  const layout = stateLayout(request.stateDir);
  const known = await knownSecrets(request, layout, ports);
  const applied = await readApplied(ports.fs, layout);
  const secrets = await Promise.all(
    known.map(async ({ spec, plan }): Promise<SecretListing> => {
      const parts = partsOf(spec.generator);
      const candidates = parts.map((part) => secretFile(layout.secrets, spec.name, part));
      const present = await Promise.all(candidates.map((path) => ports.fs.exists(path)));
      const { at, expires } = applied.secrets[spec.name] ?? {};
      const kept = keptBecause(spec, plan.secrets);
      return {
        name: spec.name,
        description: spec.description,
        generator: spec.generator.kind,
        parts: parts.filter((part) => part !== ""),
        files: candidates.filter((_path, index) => present[index]),
        usedBy: usersOf(plan, spec),
        ...(at === undefined ? {} : { madeAt: at }),
        ...(expires === undefined ? {} : { expires }),
        ...(kept === undefined ? {} : { kept: kept.reason }),
      };
    }),
  );
  return { apiVersion: "slipway/v1", kind: "SecretsListResult", name: request.name, secrets };
}

/**
 * Reads one secret. Whether it may be shown (terminal or `--reveal`) is the caller's to decide.
 * @throws UsageError for an unknown name or part; PreflightError when nothing is installed or it was not made yet
 */
export async function showSecret(request: SecretShowRequest, ports: SecretPorts): Promise<SecretShowResult> {
  const layout = stateLayout(request.stateDir);
  const known = await knownSecrets(request, layout, ports);
  const spec = known.find((candidate) => candidate.spec.name === request.secret)?.spec;
  if (spec === undefined) {
    throw new UsageError(`there is no secret ${request.secret}`, { hint: "slipway secrets list names them" });
  }
  const part = choosePart(spec, request.part);
  const value = await ports.fs.readTextIfPresent(secretFile(layout.secrets, spec.name, part));
  if (value === undefined) {
    const { secrets } = await readApplied(ports.fs, layout);
    if (secrets[spec.name] === undefined) {
      throw new PreflightError(`the secret ${spec.name} was not made yet`, { hint: "slipway install" });
    }
    throw new PreflightError(`the secret ${spec.name} is gone`, { hint: "slipway doctor says how to put it back" });
  }
  return {
    apiVersion: "slipway/v1",
    kind: "SecretShowResult",
    name: request.name,
    secret: spec.name,
    ...(part === "" ? {} : { part }),
    value,
  };
}

function choosePart(spec: SecretSpec, wanted: string | undefined): string {
  const parts = partsOf(spec.generator);
  const only = parts.length === 1 ? parts[0] : undefined;
  const part = wanted ?? only;
  if (part !== undefined && parts.includes(part)) return part;
  throw new UsageError(`${spec.name} is made of ${parts.join(" and ")}`, {
    hint: parts.map((name) => `slipway secrets show ${spec.name} --part ${name}`).join(", or "),
  });
}

interface KnownSecret {
  readonly spec: SecretSpec;
  /** The plan that declares it. */
  readonly plan: Plan;
}

/** Each secret once: those of the last complete install, then those that a change which is not complete adds. */
async function knownSecrets(
  request: InstallTarget,
  layout: StateLayout,
  ports: SecretPorts,
): Promise<readonly KnownSecret[]> {
  const plans = await readKnownPlans(ports.fs, layout);
  if (plans.length === 0) await requireInstalledHere(await openInstall(request, ports.fs), ports);
  const all = plans.flatMap((plan) => plan.secrets.map((spec): KnownSecret => ({ spec, plan })));
  return all.filter(({ spec }, index) => all.findIndex((other) => other.spec.name === spec.name) === index);
}
