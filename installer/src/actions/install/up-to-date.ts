import { appliedHash } from "../../execute/applied-hash.ts";
import { bringUpJobs } from "../../execute/bring-up-graph.ts";
import { readSecrets, type SecretRequest, type Secrets } from "../../execute/secrets/secret-store.ts";
import type { Install } from "../../execute/state/install.ts";
import { type Applied, hasData, type Identity } from "../../execute/state/records.ts";
import { completeWanted } from "../../execute/wanted.ts";
import { isMadeOf, type LivePlatform } from "../../targets/live-platform.ts";
import { servicesOf } from "../../render/rendering.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";

/** Fingerprint of what is recorded once everything of it is applied. */
export function hashOfDesired({ rendering, valuesText }: Desired): string {
  return appliedHash(rendering.units, valuesText);
}

/** What the secret store must know of an install. */
export function secretRequest(
  desired: Desired,
  { layout, identity }: { readonly layout: Install["layout"]; readonly identity: Identity },
  applied: Applied,
): SecretRequest {
  return {
    specs: desired.plan.secrets,
    folder: layout.secrets,
    digestKey: identity.digestKey,
    given: desired.given,
    dataExists: hasData(applied),
  };
}

/** The secrets, where record, what runs, images, health, secrets and files all agree with what is wanted; else undefined. */
export async function secretsIfUpToDate(
  desired: Desired,
  install: Install & { readonly identity: Identity },
  live: LivePlatform,
  ports: ActionPorts,
): Promise<Secrets | undefined> {
  const { applied, identity } = install;
  if (applied.change !== undefined || applied.appliedHash !== hashOfDesired(desired) || live.hasLeftovers)
    return undefined;
  // The cheap question first: reading secrets and files takes longer.
  const runs = servicesOf(desired.rendering).every((unit) => {
    const service = live.services.get(unit.id);
    return service !== undefined && isMadeOf(service, unit, live.imageIds);
  });
  if (!runs) return undefined;
  const secrets = await readSecrets(ports, secretRequest(desired, install, applied), applied);
  if (secrets === undefined) return undefined;
  const wanted = completeWanted(desired, secrets, identity.digestKey);
  const jobsDone = bringUpJobs(desired.plan).every(
    ({ id }) => applied.jobs[id]?.inputsHash === wanted.units.get(id)?.inputs,
  );
  return jobsDone && (await ports.target.isAsWanted(install, wanted, live)) ? secrets : undefined;
}
