import { RegistryError } from "../../errors/installer-error.ts";
import type { Finding } from "../../events/event.ts";
import type { RegistryTarget } from "../../oci/path-rules.ts";
import type { Http } from "../../platform/content-ports.ts";
import { prepareTarget as findKind } from "../../registry/harbor/prepare-target.ts";
import { type ProbeResult, probeTarget } from "../../registry/push/probe-target.ts";
import type { PushJournal } from "../../registry/push/push-journal.ts";
import type { PushPlan } from "../../registry/push/push-plan.ts";
import type { TargetPreparation } from "../../registry/push/push-target.ts";
import type { TargetKnowledge } from "../../registry/push/target-knowledge.ts";
import type { WorkQueue } from "../../registry/push/work-queue.ts";
import type { ExpectedAccess, RegistryClient } from "../../registry/registry-client.ts";
import { refusedBehind } from "../../registry/registry-errors.ts";
import type { ActionPorts } from "../context.ts";
import type { Candidate } from "./candidate.ts";
import type { PushRequest } from "./push-request.ts";
import type { RegistryAccess } from "./registry-options.ts";

/** A target, what is to be brought there, and with what it is asked. */
export interface TargetWork {
  readonly request: Pick<PushRequest, "registry" | "harbor" | "dryRun">;
  readonly target: RegistryTarget;
  readonly registries: RegistryAccess;
  readonly candidates: readonly Candidate[];
  readonly client: RegistryClient;
  /** What `client` was told that will be done. */
  readonly expected: readonly ExpectedAccess[];
  readonly queue: WorkQueue;
  readonly knowledge: TargetKnowledge;
  readonly journal: PushJournal;
  /** For what is asked of the target besides images. */
  readonly http: Http;
  readonly ports: ActionPorts;
}

type Probes = ReadonlyMap<Candidate, ProbeResult>;

/** What is to be done around a push to this target, by the kind of registry it is. */
export function findPreparation(work: Omit<TargetWork, "candidates" | "queue">): Promise<TargetPreparation> {
  const { request, target, registries, client, expected, knowledge, journal, http, ports } = work;
  const { idleTimeoutMs } = request.registry;
  return findKind({
    target,
    http,
    registry: {
      hasBlob: (repository, descriptor) => client.hasBlob(repository, descriptor),
      isGranted: (access) => client.isGranted(access),
      alsoRead: (repositories) =>
        client.expect([...expected, ...repositories.map((repository) => ({ repository, actions: "pull" }) as const)]),
      found: (repository, digest) => knowledge.noteHolder(repository, digest),
    },
    fs: ports.fs,
    clock: ports.clock,
    random: ports.random,
    credentials: registries.credentials,
    plainHttp: registries.isPlain(target.host),
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    options: request.harbor,
    made: journal,
    signal: ports.signal,
  });
}

/** Remembers which repositories were seen to exist. */
export function noteProbes(knowledge: TargetKnowledge, probes: Probes): void {
  for (const [{ repository }, { state }] of probes) {
    if (state === "present" || state === "other") knowledge.noteExisting(repository);
  }
}

interface Opened {
  readonly findings: readonly Finding[];
  readonly probes: Probes;
  /** Repositories of projects that are not there yet. */
  readonly absent: readonly string[];
}

/**
 * Looks at what the images go into; what was refused before is asked again, where it may now be known to be open.
 * @throws RegistryError when something stands in the way of the push
 */
export async function openTarget(work: TargetWork, preparation: TargetPreparation, before: Probes): Promise<Opened> {
  if (preparation.open === undefined) return { findings: [], probes: before, absent: [] };
  const { candidates, request, knowledge, ports } = work;
  const repositories = [...new Set(candidates.map(({ repository }) => repository))];
  const blocked = blockage(candidates, before);
  const options = { dryRun: request.dryRun, signal: ports.signal, ...(blocked !== undefined && { blocked }) };
  const { findings, absent, unseen } = await preparation.open(repositories, options);
  reportFindings(findings, ports);
  refuseOnFailure(findings);
  const probes = new Map(before);
  for (const repository of absent) knowledge.noteAbsent(repository);
  for (const candidate of candidates) {
    if (absent.includes(candidate.repository)) probes.set(candidate, { state: "missing" });
  }
  // What has nothing to do with rights is not otherwise now.
  const refused =
    blocked === undefined ? candidates.filter((candidate) => probes.get(candidate)?.state === "refused") : [];
  const again = await probeTarget(refused, work.client, work.queue);
  noteProbes(knowledge, again);
  for (const [candidate, result] of again) {
    const closed = unseen.includes(candidate.repository) && result.state === "refused" && isAboutRights(result.error);
    probes.set(candidate, closed ? { state: "missing" } : result);
  }
  return { findings, probes, absent };
}

/**
 * Prepares the target when it is known what is to be sent there.
 * @throws RegistryError when something stands in the way of the push
 */
export async function prepareTarget(
  { request, ports }: TargetWork,
  preparation: TargetPreparation,
  plan: PushPlan,
): Promise<readonly Finding[]> {
  const findings = await preparation.prepare(plan, { dryRun: request.dryRun, signal: ports.signal });
  reportFindings(findings, ports);
  refuseOnFailure(findings);
  return findings;
}

/** Each is told once, when it is found. */
export function reportFindings(findings: readonly Finding[], { report }: Pick<ActionPorts, "report">): void {
  for (const finding of findings) report({ type: "finding", finding });
}

function refuseOnFailure(findings: readonly Finding[]): void {
  const failures = findings.filter(({ severity }) => severity === "failure");
  const [first, ...more] = failures;
  if (first === undefined) return;
  if (more.length === 0) throw new RegistryError(first.message, { hint: first.remedy });
  throw new RegistryError(`${failures.length} things stand in the way of the push`, {
    details: failures.map(({ message, remedy }) => (remedy === undefined ? message : `${message} -> ${remedy}`)),
  });
}

/** When no repository can even be asked, that is what went wrong, and not each image. */
export function refuseAll(candidates: readonly Candidate[], probes: Probes): void {
  const error = refusedAll(candidates, probes);
  if (error !== undefined) throw error;
}

/** Why no repository can be asked, where that is not for want of a right: the rights may come with what is made. */
function blockage(candidates: readonly Candidate[], probes: Probes): Error | undefined {
  const error = refusedAll(candidates, probes);
  return error === undefined || isAboutRights(error) ? undefined : error;
}

function refusedAll(candidates: readonly Candidate[], probes: Probes): Error | undefined {
  const errors = candidates.flatMap((candidate) => {
    const probe = probes.get(candidate);
    return probe?.state === "refused" ? [probe.error] : [];
  });
  return errors.length === candidates.length ? errors[0] : undefined;
}

function isAboutRights(error: Error): boolean {
  return refusedBehind(error)?.refusal.isAboutRights() === true;
}
