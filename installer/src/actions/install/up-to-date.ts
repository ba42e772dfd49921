import { bringUpJobs, jobInputs, serviceIsCurrent } from "../../execute/docker/bring-up.ts";
import { completeFiles, type LiveFile, staleFiles } from "../../execute/docker/live-tree.ts";
import { type LiveState, matchesUnit } from "../../execute/docker/live-state.ts";
import { hashOf } from "../../execute/digest.ts";
import { readSecrets, type SecretRequest } from "../../execute/secrets/secret-store.ts";
import type { StateLayout } from "../../execute/state/layout.ts";
import type { Applied, Identity } from "../../execute/state/state-store.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";

export interface Comparison {
  readonly desired: Desired;
  readonly layout: StateLayout;
  readonly identity: Identity;
  readonly applied: Applied;
  readonly live: LiveState;
  readonly imageIds: ReadonlyMap<string, string>;
}

/** Fingerprint of what is recorded once everything of it is applied. */
export function recordedHash(desired: Desired): string {
  const units = [...desired.rendering.services, ...desired.rendering.jobs].map((unit) => [unit.id, unit.specHash]);
  return hashOf({ plan: desired.plan, units, values: desired.valuesText });
}

/** What the secret store must know of an install. */
export function secretRequest(
  desired: Desired,
  layout: StateLayout,
  identity: Identity,
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

/** Files by path. */
export function byPath(files: readonly LiveFile[]): ReadonlyMap<string, LiveFile> {
  return new Map(files.map((file) => [file.path, file]));
}

/** Whether recorded plan, live containers, images, health, secrets and files all agree with what is wanted. */
export async function isUpToDate(comparison: Comparison, ports: ActionPorts): Promise<boolean> {
  const { desired, layout, identity, applied, live, imageIds } = comparison;
  if (applied.planHash !== recordedHash(desired) || live.leftovers.length > 0) return false;
  if (!desired.rendering.services.every((unit) => unitMatches(live, unit.id, comparison))) return false;
  const secrets = await readSecrets(ports, secretRequest(desired, layout, identity, applied), applied);
  if (secrets === undefined) return false;
  const files = completeFiles(desired.rendering.files, secrets, identity.digestKey);
  if ((await staleFiles(ports.fs, layout.live, files, applied, identity.digestKey)).length > 0) return false;
  const { plan, rendering } = desired;
  const known = { identity, imageIds, files: byPath(files), plan, rendering };
  const networks = await ports.docker.networks(rendering.project);
  const servicesAgree = desired.rendering.services.every((unit) =>
    serviceIsCurrent(live.services.get(unit.id), unit, known, networks, applied),
  );
  return servicesAgree && jobsAreDone(desired, known.files, identity, applied);
}

function unitMatches(live: LiveState, id: string, comparison: Comparison): boolean {
  const container = live.services.get(id);
  const unit = comparison.desired.rendering.services.find((candidate) => candidate.id === id);
  return container !== undefined && unit !== undefined && matchesUnit(container, unit, comparison.imageIds);
}

function jobsAreDone(
  desired: Desired,
  files: ReadonlyMap<string, LiveFile>,
  identity: Identity,
  applied: Applied,
): boolean {
  const ids = new Set(bringUpJobs(desired.plan).map((job) => job.id));
  return desired.rendering.jobs
    .filter((unit) => ids.has(unit.id))
    .every((unit) => applied.jobs[unit.id]?.inputsHash === jobInputs(unit, files, identity.digestKey));
}
