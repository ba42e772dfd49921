import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { bringUp } from "../../execute/docker/bring-up.ts";
import { createComposeCommands } from "../../execute/docker/compose-commands.ts";
import { completeFiles, type LiveFile, writeLiveTree } from "../../execute/docker/live-tree.ts";
import { imageReferences } from "../../execute/docker/live-state.ts";
import { ensureVolumes, guardData, nameLabel, runLabel } from "../../execute/docker/volumes.ts";
import { canonicalJson, hashOf, keyedDigest } from "../../execute/digest.ts";
import type { Journal } from "../../execute/journal/journal.ts";
import { ensureSecrets, readSecrets, type Secrets } from "../../execute/secrets/secret-store.ts";
import type { StateLayout } from "../../execute/state/layout.ts";
import type { AppliedRecord, Identity } from "../../execute/state/state-store.ts";
import type { Docker } from "../../platform/ports.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import type { RunLog } from "../run-log.ts";
import { recordRelease } from "./record-release.ts";
import { byPath, secretRequest } from "./up-to-date.ts";
import { withStep } from "../with-step.ts";

export interface ApplyRequest {
  readonly desired: Desired;
  readonly layout: StateLayout;
  readonly identity: Identity;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  readonly log: RunLog;
  readonly timeoutSeconds?: number | undefined;
  readonly acceptDataLoss: readonly string[];
}

/** Takes the platform to what is wanted, journalled step by step. Returns the release's number. */
export async function applyDesired(request: ApplyRequest, given: ActionPorts): Promise<number> {
  const { desired, layout, identity, journal, record, log } = request;
  const docker = withRunLabels(given.docker, identity, journal);
  const ports = { ...given, docker };
  const { signal } = ports;
  await reapOneShots(identity, ports);
  await forgetLostData(request);
  const probeImage = await probeImageOf(desired, ports);
  await guardLiveData(request, probeImage, ports);
  const secrets = await withStep(ports, "secrets", "Make secrets", () => secretsStep(request, ports));
  log.knowSecrets(secrets.hidden);
  throwIfInterrupted(signal, "files were written");
  const files = completeFiles(desired.rendering.files, secrets, identity.digestKey);
  await withStep(ports, "files", "Write configuration", () => filesStep(request, files, probeImage, ports));
  throwIfInterrupted(signal, "volumes were made");
  await withStep(ports, "volumes", "Make volumes", () => volumesStep(request, probeImage, ports));
  throwIfInterrupted(signal, "anything was started");
  const imageIds = await docker.imageIds(imageReferences(desired.rendering));
  await recordFirstPlan(request, ports);
  const quiet = { ...docker, logs: redactedLogs(ports, log) };
  await withStep(ports, "start", "Start components", () =>
    bringUp({
      docker: quiet,
      clock: ports.clock,
      compose: createComposeCommands(ports.exec, desired.rendering.project, layout.live),
      journal,
      record,
      identity,
      plan: desired.plan,
      rendering: desired.rendering,
      files: byPath(files),
      imageIds,
      report: ports.report,
      signal,
      timeoutSeconds: request.timeoutSeconds,
    }),
  );
  throwIfInterrupted(signal, "the result was recorded");
  return recordRelease({ desired, layout, journal, record, imageIds }, ports);
}

/** A one-shot container says which run it belongs to, so that the next run knows it for a leftover. */
function withRunLabels(docker: Docker, identity: Identity, journal: Journal): Docker {
  const labels = { [nameLabel]: identity.name, [runLabel]: journal.run };
  return {
    ...docker,
    runOnce: (request) => docker.runOnce({ ...request, labels: { ...request.labels, ...labels } }),
  };
}

/** Until a first install is complete, status, logs and stop know by this what it was to be. */
async function recordFirstPlan({ desired, layout }: ApplyRequest, ports: ActionPorts): Promise<void> {
  if (await ports.fs.exists(layout.plan)) return;
  await ports.fs.writeAtomic(layout.plan, `${canonicalJson(desired.plan)}\n`);
}

/** What a component logs may hold its password; it must not get into messages. */
function redactedLogs(ports: ActionPorts, log: RunLog): ActionPorts["docker"]["logs"] {
  return async (id, options) => (await ports.docker.logs(id, options)).map(log.redact);
}

/** One-shot containers of a run that was killed. */
async function reapOneShots(identity: Identity, ports: ActionPorts): Promise<void> {
  const stale = await ports.docker.containersLabelled({ [nameLabel]: identity.name });
  for (const container of stale) {
    if (container.labels[runLabel] !== undefined) await ports.docker.removeContainer(container.id);
  }
}

/** A person said that these components' data may be gone: they begin anew, and so do the jobs that set stores up. */
async function forgetLostData(request: ApplyRequest): Promise<void> {
  if (request.acceptDataLoss.length === 0) return;
  await request.record.update((applied) => ({
    initialised: Object.fromEntries(
      Object.entries(applied.initialised).filter(([, entry]) => !request.acceptDataLoss.includes(entry.component)),
    ),
    jobs: {},
  }));
}

/** An image that is here anyway, to look into volumes and give files away where this program may not. */
async function probeImageOf(desired: Desired, ports: ActionPorts): Promise<string | undefined> {
  if (ports.host.isRoot()) return undefined;
  const built = desired.plan.jobs.map((job) => job.container.image).find((image) => image.source === "built");
  const reference = built?.reference ?? imageReferences(desired.rendering)[0];
  return reference !== undefined && (await ports.docker.imageId(reference)) !== undefined ? reference : undefined;
}

async function guardLiveData(request: ApplyRequest, probeImage: string | undefined, ports: ActionPorts): Promise<void> {
  const { desired, identity, record } = request;
  const applied = record.current();
  const volumes = desired.rendering.volumes;
  await guardData(ports, { name: identity.name, plan: desired.plan, volumes, applied, probeImage });
}

async function secretsStep(request: ApplyRequest, ports: ActionPorts): Promise<Secrets> {
  const { desired, layout, identity, journal, record } = request;
  const wanted = secretRequest(desired, layout, identity, record.current());
  return journal.step<Secrets>("secrets", hashOf(desired.plan.secrets), {
    probe: () => readSecrets(ports, wanted, record.current()),
    act: () => ensureSecrets(ports, wanted, record),
  });
}

async function filesStep(
  request: ApplyRequest,
  files: readonly LiveFile[],
  chownImage: string | undefined,
  ports: ActionPorts,
): Promise<void> {
  const { layout, identity, journal, record } = request;
  const inputs = keyedDigest(identity.digestKey, files.map((file) => `${file.path} ${file.digest}`).join("\n"));
  await journal.step("files", inputs, {
    probe: () => Promise.resolve(undefined),
    act: () =>
      writeLiveTree(ports, layout.live, files, record, {
        digestKey: identity.digestKey,
        readers: request.desired.rendering.services,
        chownImage,
      }),
  });
}

async function volumesStep(request: ApplyRequest, chownImage: string | undefined, ports: ActionPorts): Promise<void> {
  const { desired, identity, journal } = request;
  const { volumes } = desired.rendering;
  await journal.step<object>("volumes", hashOf(volumes), {
    probe: () => Promise.resolve(undefined),
    act: () => ensureVolumes(ports, identity, volumes, chownImage),
  });
}
