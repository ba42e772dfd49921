import { requireWholeImage } from "../../bundle/whole-image.ts";
import { InterruptedError } from "../../errors/installer-error.ts";
import { type RegistryTarget, mapReference, refuseCollisions } from "../../oci/path-rules.ts";
import { type Reference, formatReference, parseReference } from "../../oci/reference.ts";
import { givenHarborFlags } from "../../registry/harbor/harbor-options.ts";
import { blobsOf, buildPushPlan } from "../../registry/push/build-push-plan.ts";
import { type ProbeResult, probeTarget } from "../../registry/push/probe-target.ts";
import { type ImageOutcome, pushImages } from "../../registry/push/push-images.ts";
import { type PushJournal, journalPath, openPushJournal, readPushJournal } from "../../registry/push/push-journal.ts";
import type { PlannedImage, PushPlan } from "../../registry/push/push-plan.ts";
import { type TargetPreparation, plainTarget } from "../../registry/push/push-target.ts";
import { readFrom, readManifests } from "../../registry/push/read-image.ts";
import { createTargetKnowledge } from "../../registry/push/target-knowledge.ts";
import { createWorkQueue } from "../../registry/push/work-queue.ts";
import type { ExpectedAccess } from "../../registry/registry-client.ts";
import type { ActionPorts } from "../context.ts";
import type { PushRequest } from "./push-request.ts";
import { type PlacedDamage, type PushOutcome, describeDryRun, describeOutcome, endOf } from "./push-outcome.ts";
import type { Candidate, ReadImages } from "./candidate.ts";
import { findOrigins } from "./push-origins.ts";
import { createPushProgress } from "./push-progress.ts";
import {
  findPreparation,
  noteProbes,
  openTarget,
  prepareTarget,
  refuseAll,
  reportFindings,
  type TargetWork,
} from "./push-preparation.ts";
import type { Selected, SelectedImage } from "./push-sources.ts";
import type { RegistryAccess } from "./registry-options.ts";

export interface PushRun {
  readonly request: Pick<PushRequest, "pathStyle" | "cacheDir" | "registry" | "harbor" | "dryRun">;
  readonly target: RegistryTarget;
  readonly registries: RegistryAccess;
  readonly selected: Omit<Selected, "close">;
}

/** What a run works with once its candidates are known. */
interface Work extends PushRun, TargetWork {
  readonly request: PushRun["request"];
}

/**
 * Asks the target what it has, prepares it, and pushes the rest.
 * @throws UsageError when images would overwrite one another; PreflightError, RegistryError when nothing can be pushed; InterruptedError
 */
export async function pushSelected(run: PushRun, ports: ActionPorts): Promise<PushOutcome> {
  const candidates = placeImages(run);
  const http = ports.http(run.registries.settings);
  const queue = createWorkQueue(run.registries.connections, ports.signal);
  const client = run.registries.connect(run.target.host, () => queue.strain());
  const expected = expectedAccess(run, candidates);
  client.expect(expected);
  const knowledge = createTargetKnowledge(client, queue);
  const journal = await openJournal(run, candidates, ports);
  try {
    return await pushCandidates({ ...run, candidates, client, expected, queue, knowledge, journal, http, ports });
  } catch (error) {
    if (!ports.signal.aborted) throw error;
    throw new InterruptedError("the push was interrupted", {
      cause: error,
      hint: "the same command goes on: what arrived is not sent again",
    });
  } finally {
    await journal.close();
    http.close();
    client.close();
  }
}

async function pushCandidates(work: Work): Promise<PushOutcome> {
  const { candidates, request, journal, ports } = work;
  const before = await probeTarget(candidates, work.client, work.queue);
  noteProbes(work.knowledge, before);
  const behind = await findBehind(work, before);
  const isWanted = behind.length > 0 || givenHarborFlags(request.harbor).length > 0;
  const preparation = isWanted ? await findPreparation(work) : plainTarget;
  const { findings: found, probes, absent } = await openTarget(work, preparation, before);
  refuseAll(candidates, probes);
  const read = await readAll(work, behind, probes);
  await noteHolders(work, behind);
  const plan = buildPushPlan(work.target.host, [...read.images.values()], (digest, repository) =>
    journal.has(repository, digest),
  );
  const damaged = placeDamaged(work);
  // Nothing is made for what cannot be sent.
  const isInVain = read.images.size === 0 && read.errors.size + damaged.length > 0;
  const findings = [...found, ...(isInVain ? [] : await prepareTarget(work, preparation, plan))];
  // Tokens of before give no right in a project that was made only now.
  if (absent.length > 0) work.client.expect(work.expected);
  if (request.dryRun) return describeDryRun(candidates, { plan, read, findings, damaged }, work.knowledge);
  const pushed = await pushPlanned(work, plan, preparation);
  const outcome = describeOutcome(candidates, { plan, read, findings, damaged }, pushed);
  const last = (await preparation.finish?.(endOf(outcome), ports.signal)) ?? [];
  reportFindings(last, ports);
  // Last: until rules are set, the next run must know what this one made.
  if (outcome.ok) await journal.finish(recordable(candidates));
  return { ...outcome, findings: [...findings, ...last] };
}

/** Every target reference, before anything is asked or sent. */
function placeImages({ selected, target, request }: PushRun): readonly Candidate[] {
  const mapped = selected.images.map((image) => {
    const source = parseReference(image.reference);
    return { image, source, place: mapReference(source, target, request.pathStyle), digest: image.root.digest };
  });
  refuseCollisions(
    mapped.map(({ source, place, digest }) => ({ source, target: place, digest })),
    request.pathStyle,
  );
  const candidates = new Map<string, Candidate>();
  for (const { image, place } of mapped) {
    const tag = place.tag ?? (place.digest === undefined ? "latest" : undefined);
    const add = (candidate: Omit<Candidate, "target" | "image" | "repository">): void => {
      const { repository } = place;
      const full = fullTarget(place, candidate.tag, candidate.root.digest);
      if (!candidates.has(full)) candidates.set(full, { ...candidate, image, repository, target: full });
    };
    add({ ...(tag !== undefined && { tag }), root: image.root, referrers: image.referrers });
    for (const root of image.others) add({ root, referrers: [] });
  }
  return [...candidates.values()];
}

/** What cannot be pushed, with the place it would have had. */
function placeDamaged({ selected, target, request }: PushRun): readonly PlacedDamage[] {
  return selected.damaged.map((image) => {
    const place = mapReference(parseReference(image.reference), target, request.pathStyle);
    const tag = place.tag ?? (place.digest === undefined ? "latest" : undefined);
    return { ...image, target: fullTarget(place, tag, place.digest ?? "") };
  });
}

function fullTarget({ host, repository }: Reference, tag: string | undefined, digest: string): string {
  return formatReference(tag === undefined ? { host, repository, digest } : { host, repository, tag });
}

/**
 * What of the target will be read and written, for as few tokens as there can be. A dry run asks for the same: a password that
 * is wrong may still be given a token to read with.
 */
function expectedAccess({ target }: PushRun, candidates: readonly Candidate[]): readonly ExpectedAccess[] {
  const origins = candidates.flatMap(({ image }) => originAt(target, image) ?? []);
  return [
    ...candidates.map(({ repository }) => ({ repository, actions: "pull,push" }) as const),
    // Layers are mounted from there.
    ...origins.map((repository) => ({ repository, actions: "pull" }) as const),
  ];
}

/** The repository that an image is taken from, where that is one of the target registry. */
function originAt(target: RegistryTarget, { source, reference }: SelectedImage): string | undefined {
  const { host, repository } = parseReference(reference);
  return source.kind === "registry" && host === target.host ? repository : undefined;
}

async function openJournal(run: PushRun, candidates: readonly Candidate[], ports: ActionPorts): Promise<PushJournal> {
  const { request, target } = run;
  const identity = [
    ...candidates.map((candidate) => ({ target: candidate.target, digest: candidate.root.digest })),
    // With a whole copy of the source it is the same push.
    ...placeDamaged(run).map((image) => ({ target: image.target, digest: image.digest ?? "" })),
  ];
  const path = journalPath(request.cacheDir, target.host, identity);
  if (request.dryRun) return readPushJournal(ports.fs, path);
  return openPushJournal(ports.fs, path, (problem) =>
    ports.report({
      type: "warning",
      message: `the journal ${path} cannot be written (${problem}): if this push is interrupted, more is sent again`,
      hint: "free disk space, or set XDG_CACHE_HOME to a folder that can be written",
    }),
  );
}

/** What is not there, or not with everything that refers to it. */
async function findBehind(work: Work, probes: ReadonlyMap<Candidate, ProbeResult>): Promise<readonly Candidate[]> {
  const complete = await Promise.all(
    work.candidates.map(async (candidate) => {
      if (probes.get(candidate)?.state !== "present") return false;
      return hasReferrers(work, candidate);
    }),
  );
  return work.candidates.filter((_candidate, index) => complete[index] !== true);
}

/** The tag says nothing about what was signed later; where an earlier run recorded it, nothing need be asked. */
async function hasReferrers({ client, queue, journal }: Work, candidate: Candidate): Promise<boolean> {
  const digests = candidate.referrers.map(({ descriptor }) => descriptor.digest);
  if (digests.length === 0 || journal.isComplete(candidate.target, digests)) return true;
  const found = await Promise.all(
    candidate.referrers.map(({ descriptor, tag }) =>
      queue.run({ rank: 0, weight: 0 }, () =>
        client
          .headManifest(candidate.repository, tag ?? descriptor.digest)
          .then((head) => head?.digest === descriptor.digest),
      ),
    ),
  );
  return found.every(Boolean);
}

const readsAtOnce = 8;

async function readAll(
  { ports }: Work,
  behind: readonly Candidate[],
  probes: ReadonlyMap<Candidate, ProbeResult>,
): Promise<ReadImages> {
  const images = new Map<Candidate, PlannedImage>();
  const errors = new Map<Candidate, Error>();
  const readers = createWorkQueue(readsAtOnce, ports.signal);
  await Promise.all(
    behind.map(async (candidate) => {
      const probe = probes.get(candidate);
      if (probe?.state === "refused") {
        errors.set(candidate, probe.error);
        return;
      }
      try {
        const image = await readers.run({ rank: 0, weight: 0 }, () => readCandidate(candidate));
        images.set(candidate, probe?.state === "other" ? { ...image, replaces: probe.digest } : image);
      } catch (error) {
        ports.signal.throwIfAborted();
        errors.set(candidate, error instanceof Error ? error : new Error(String(error)));
      }
    }),
  );
  // In the order in which they were asked for, however the reading went.
  const ordered = behind.flatMap((candidate) => {
    const image = images.get(candidate);
    return image === undefined ? [] : [[candidate, image] as const];
  });
  return { images: new Map(ordered), errors };
}

async function readCandidate(candidate: Candidate): Promise<PlannedImage> {
  const { image, target, repository, tag, root } = candidate;
  const from = readFrom(image.source, image.reference);
  await requireWholeImage(image.reference, image.source, candidate);
  const referrers = [];
  for (const { descriptor, tag: own } of candidate.referrers) {
    const manifests = await readManifests(descriptor, from);
    referrers.push({ root: descriptor, manifests, ...(own !== undefined && { tag: own }) });
  }
  const manifests = await readManifests(root, from);
  return { source: image.reference, target, repository, ...(tag !== undefined && { tag }), root, manifests, referrers };
}

/** Layers of images that are there can be mounted from them; so can those of a source that is the target itself. */
async function noteHolders({ candidates, knowledge, target }: Work, behind: readonly Candidate[]): Promise<void> {
  if (behind.length === 0) return;
  for (const candidate of candidates) {
    const place = behind.includes(candidate) ? undefined : candidate.repository;
    const origin = originAt(target, candidate.image);
    const holder = place ?? origin;
    // Of a distant source this would cost more than it saves.
    if (holder === undefined || (candidate.image.source.kind === "registry" && origin === undefined)) continue;
    const image = await readCandidate(candidate).catch(() => undefined);
    if (image !== undefined) for (const { digest } of blobsOf(image)) knowledge.noteHolder(holder, digest);
  }
}

async function pushPlanned(
  work: Work,
  plan: PushPlan,
  preparation: TargetPreparation,
): Promise<readonly ImageOutcome[]> {
  const { request, ports, candidates } = work;
  if (plan.images.length === 0) return [];
  const sourceOf = new Map(candidates.map(({ target, image }) => [target, image]));
  const origins = await findOrigins(plan, (image) => sourceOf.get(image.target), request.cacheDir, ports);
  const { originOf } = origins;
  const progress = createPushProgress(plan, ports);
  const explained = (outcome: ImageOutcome): ImageOutcome => {
    const { error, image } = outcome;
    if (error === undefined) return outcome;
    return { ...outcome, error: preparation.explain?.(error, image.repository) ?? error };
  };
  const onImage = (outcome: ImageOutcome): void => progress.observer.onImage(explained(outcome));
  const observer = { ...progress.observer, onImage };
  const done = await pushImages({ ...work, plan, originOf, signal: ports.signal, ...observer });
  const pushed = done.map(explained);
  progress.end();
  if (pushed.every(({ error }) => error === undefined)) await origins.release();
  return pushed;
}

/** What the tags do not tell the next run. */
function recordable(candidates: readonly Candidate[]) {
  return candidates
    .filter(({ referrers }) => referrers.length > 0)
    .map(({ target, referrers }) => ({ target, referrers: referrers.map(({ descriptor }) => descriptor.digest) }));
}
