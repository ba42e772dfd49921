import { appliedHash } from "../../execute/applied-hash.ts";
import { bringUpJobs } from "../../execute/bring-up-graph.ts";
import { readSecrets, type SecretRequest } from "../../execute/secrets/secret-store.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Applied, Identity } from "../../execute/state/records.ts";
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
    dataExists: Object.keys(applied.initialised).length > 0 || Object.keys(applied.jobs).length > 0,
  };
}

/** Whether record, what runs, images, health, secrets and files all agree with what is wanted. */
export async function isUpToDate(
  desired: Desired,
  install: Install & { readonly identity: Identity },
  live: LivePlatform,
  ports: ActionPorts,
): Promise<boolean> {
  const { applied, identity } = install;
  if (applied.change !== undefined || applied.appliedHash !== hashOfDesired(desired) || live.hasLeftovers) return false;
  // The cheap question first: reading secrets and files takes longer.
  const runs = servicesOf(desired.rendering).every((unit) => {
    const service = live.services.get(unit.id);
    return service !== undefined && isMadeOf(service, unit, live.imageIds);
  });
  if (!runs) return false;
  const secrets = await readSecrets(ports, secretRequest(desired, install, applied), applied);
  if (secrets === undefined) return false;
  const wanted = completeWanted(desired, secrets, identity.digestKey);
  const jobsDone = bringUpJobs(desired.plan).every(
    ({ id }) => applied.jobs[id]?.inputsHash === wanted.units.get(id)?.inputs,
  );
  return jobsDone && ports.target.isAsWanted(install, wanted, live);
}
