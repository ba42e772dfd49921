import { join } from "node:path";
import { ApplyError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { bringUpJobs, heldBack, withoutEmptied } from "../../execute/bring-up-graph.ts";
import { hashOf } from "../../execute/digest.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { withStep } from "../../execute/with-step.ts";
import { runsInPod } from "../../render/helm/helm-claims.ts";
import { storeId } from "../../render/rendering.ts";
import type { Change, TargetIo } from "../target.ts";
import { holdCounts } from "./autoscaled.ts";
import { makeClaims, requireKeptClaims } from "./claims.ts";
import { ensureGatewayService } from "./gateway-service.ts";
import { claimsToGrow, storesToRemake } from "./grown-stores.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { createHelmProgram, pendingRelease } from "./helm-program.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ofInstall } from "./labels.ts";
import { doneAs, markersOf } from "./markers.ts";
import { ensureNamespace } from "./namespace.ts";
import { type JobObject, holds } from "./objects.ts";
import { readObjects } from "./observe.ts";
import { revisionOf } from "./pods.ts";
import { ensurePullSecret, prunePullSecret } from "./pull-secret.ts";
import { type ReleaseFiles, writeReleaseFiles } from "./release-files.ts";
import { contentSecrets, makeSecrets, pruneSecrets, secretDigestsOf } from "./release-secrets.ts";
import { awaitRollout } from "./rollout.ts";
import { watchObjects } from "./watched-objects.ts";

/** Takes a namespace to what is wanted: Secrets and claims, then the release, whose pods find their order themselves. */
export async function applyRelease(change: Change, io: TargetIo, ports: HelmPorts): Promise<void> {
  const told = { ...io, clock: ports.clock };
  const files = await withStep(told, steps.files, () => writeRelease(change, ports));
  throwIfInterrupted(io.signal, "volumes were made");
  await withStep(told, steps.volumes, () => makeVolumes(change, ports));
  throwIfInterrupted(io.signal, "anything was started");
  await withStep(told, steps.start, () => startRelease(change, files, io, ports));
}

async function writeRelease({ install, wanted, journal }: Change, ports: HelmPorts): Promise<ReleaseFiles> {
  const { cluster, fs, place } = ports;
  const root = join(install.layout.live, "release");
  const open = [...wanted.files.values()].filter(({ path }) => !path.startsWith("secrets/"));
  const installed = join(root, "installed.yaml");
  return journal.step<ReleaseFiles>("files", hashOf([open, secretDigestsOf(wanted)]), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await ensureNamespace(cluster, place, wanted.plan);
      await makeSecrets(cluster, contentSecrets(wanted, place), install.name);
      await ensurePullSecret(cluster, place, wanted.plan);
      const gatewayAddress = await ensureGatewayService(cluster, place, wanted.plan);
      await fs.remove(root);
      const { chart, values } = await writeReleaseFiles(fs, root, open);
      // JSON is YAML. What only the cluster and the secrets tell is laid over what was rendered.
      const learnt = {
        secretDigests: secretDigestsOf(wanted),
        ...(gatewayAddress === undefined ? {} : { cluster: { gatewayAddress } }),
      };
      await fs.writeAtomic(installed, `${JSON.stringify(learnt)}\n`, { flush: false });
      return { chart, values: [...values, installed] };
    },
  });
}

async function makeVolumes({ install, wanted, journal, record }: Change, { cluster, place }: HelmPorts): Promise<void> {
  await journal.step<object>("volumes", hashOf(wanted.rendering.stores), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await requireKeptClaims(cluster, place, wanted.plan);
      for (const { claim, patch } of await claimsToGrow(cluster, place, wanted.plan, install.name)) {
        await cluster.merge(claim, patch);
      }
      const made = await makeClaims(cluster, place, wanted.plan, install.identity);
      const stores = wanted.rendering.stores.filter((store) => made.includes(storeId(store)));
      await record.update((applied) => withoutEmptied(applied, wanted.plan, stores));
      return made;
    },
  });
}

async function startRelease(change: Change, files: ReleaseFiles, io: TargetIo, ports: HelmPorts): Promise<void> {
  const { install, wanted, journal, record } = change;
  const { cluster, clock, place } = ports;
  const { name } = install;
  const before = await revisions(name, ports);
  await repairRelease(change, io, ports);
  await clearUndone(change, ports);
  const helm = createHelmProgram(ports, name);
  await journal.step<true>("release", hashOf(files), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await record.update(({ target }) => ({ target: { ...target, [releasing]: true } }));
      for (const store of await storesToRemake(cluster, place, wanted.plan, name)) {
        await cluster.remove({ ...kinds.statefulSet, ...place, name: store }, { propagation: "Orphan" });
      }
      await holdCounts(wanted.plan, ports);
      await helm.upgrade(files.chart, files.values);
      await holdCounts(wanted.plan, ports);
      await record.update(({ target }) => ({ target: { ...target, [releasing]: false } }));
      return true;
    },
  });
  throwIfInterrupted(io.signal, "the release was waited for; its pods start by themselves");
  const closing = new AbortController();
  const signal = AbortSignal.any([io.signal, closing.signal]);
  try {
    const objects = await watchObjects(cluster, place, name, { signal });
    const item = { type: "item", step: steps.start.id } as const;
    await awaitRollout(wanted.units, {
      cluster,
      place,
      clock,
      objects,
      plan: wanted.plan,
      signal: io.signal,
      redact: io.redact,
      timeoutSeconds: change.timeoutSeconds,
      markers: markersOf(wanted.plan),
      doneAs: (unit) => doneAs(unit, secretDigestsOf(wanted)),
      show: (id, state, detail) => io.report({ ...item, id, state, ...(detail === undefined ? {} : { detail }) }),
      onServing: async (component) => {
        const at = clock.now().toISOString();
        const served = wanted.rendering.stores.filter((store) => store.component === component.id);
        const done = wanted.plan.jobs.filter((job) => job.component === component.id && runsInPod(wanted.plan, job));
        await record.update(({ initialised, jobs }) => ({
          initialised: { ...Object.fromEntries(served.map((store) => [storeId(store), { at }])), ...initialised },
          jobs: {
            ...jobs,
            ...Object.fromEntries(done.map(({ id }) => [id, { inputsHash: inputsOf(change, id), at }])),
          },
        }));
        const workload = objects.workload(component.id);
        const isSame = workload !== undefined && before.get(component.id) === revisionOf(workload);
        io.report({ ...item, id: component.id, state: isSame ? "unchanged" : "healthy" });
      },
      onDone: async (job) => {
        const done = { inputsHash: inputsOf(change, job.id), at: clock.now().toISOString() };
        const isSame = record.current().jobs[job.id]?.inputsHash === done.inputsHash;
        if (!isSame) await record.update(({ jobs }) => ({ jobs: { ...jobs, [job.id]: done } }));
        io.report({ ...item, id: job.id, state: isSame ? "unchanged" : "done" });
      },
    });
  } finally {
    closing.abort();
  }
  await pruneSecrets(cluster, place, name, contentSecrets(wanted, place));
  await prunePullSecret(cluster, place, wanted.plan);
}

function inputsOf({ wanted }: Change, id: string): string {
  return wanted.units.get(id)?.inputs ?? "";
}

/** In the record while helm is at work: a release that is found pending then is this install's own. */
const releasing = "releasing";

async function revisions(name: string, { cluster, place }: HelmPorts): Promise<ReadonlyMap<string, string>> {
  const { workloads } = await readObjects(cluster, place, name);
  return new Map(workloads.map((workload) => [workload.metadata.labels?.[idLabel] ?? "", revisionOf(workload)]));
}

/** How long a helm that nobody here began is taken to be at work. */
const helmSeconds = 300;

/**
 * A helm that was ended in the middle leaves its revision pending, and every later one is refused. The objects stay as they are: without
 * that revision the next one goes on from them.
 * @throws ApplyError while another helm may be at work
 */
async function repairRelease({ install, record }: Change, io: TargetIo, ports: HelmPorts): Promise<void> {
  const pending = await pendingRelease(ports, install.name);
  if (pending === undefined) return;
  const age = (ports.clock.now().getTime() - pending.since.getTime()) / 1000;
  if (record.current().target[releasing] !== true && age < helmSeconds) {
    throw new ApplyError(
      `helm is at work on the release ${install.name} (revision ${pending.revision}, ${pending.status} since ${pending.since.toISOString()})`,
      { hint: `wait until it has ended; one that was killed is repaired by the same command after ${helmSeconds} s` },
    );
  }
  await ports.cluster.remove({ ...kinds.secret, ...ports.place, name: pending.record });
  io.report({
    type: "note",
    message: `the release was left ${pending.status} by a helm that was ended; it goes on from there`,
  });
}

/**
 * Jobs that must run, though the cluster has one of that content: it failed, or its work is lost. What needs a job that was never done is
 * held back until it is: its pods are made anew and wait.
 */
async function clearUndone({ install, wanted, record }: Change, { cluster, place }: HelmPorts): Promise<void> {
  const applied = record.current();
  const jobs = (await cluster.list(kinds.job, { ...place, labels: ofInstall(install.name) })) as readonly JobObject[];
  const undone = new Set(bringUpJobs(wanted.plan).flatMap(({ id }) => (applied.jobs[id] === undefined ? [id] : [])));
  const stale = jobs.filter(
    ({ metadata, status }) => holds(status?.conditions, "Failed") || undone.has(metadata.labels?.[idLabel] ?? ""),
  );
  for (const { metadata } of stale) {
    await cluster.remove({ ...kinds.job, ...place, name: metadata.name }, { propagation: "Background" });
  }
  const markers = markersOf(wanted.plan);
  for (const id of undone) {
    const name = markers.get(id);
    if (name !== undefined) await cluster.merge({ ...kinds.configMap, ...place, name }, { data: { done: null } });
  }
  const held = heldBack(wanted.plan, applied);
  if (held.length === 0) return;
  const pods = await cluster.list(kinds.pod, { ...place, labels: ofInstall(install.name) });
  for (const { metadata } of pods) {
    if (!held.includes(metadata.labels?.[idLabel] ?? "")) continue;
    await cluster.remove({ ...kinds.pod, ...place, name: metadata.name });
  }
}
