import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";
import { bringUp } from "../../execute/bring-up.ts";
import { withoutEmptied } from "../../execute/bring-up-graph.ts";
import { hashOf, keyedDigest } from "../../execute/digest.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Docker } from "../../platform/ports.ts";
import { imagesOf, servicesOf } from "../../render/rendering.ts";
import type { Change, TargetIo } from "../target.ts";
import { createComposeCommands } from "./compose-commands.ts";
import { changeRecord } from "./compose-record.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { createDriver } from "./driver.ts";
import { watchHealth } from "./health-watch.ts";
import { noticesFolder } from "../../render/compose/compose-service.ts";
import { nameLabel, runLabel } from "../../render/compose/labels.ts";
import { writeLiveTree } from "./live-tree.ts";
import { createLiveView } from "./live-view.ts";
import { probeImageOf } from "./probe-image.ts";
import { composeVolumes, ensureVolumes } from "./volumes.ts";

/** Takes one Docker host to what is wanted: files, volumes, then containers in dependency order. */
export async function applyChange(change: Change, io: TargetIo, given: ComposePorts): Promise<void> {
  const { name } = change.install;
  const docker = withRunLabels(given.docker, name, change.journal.run);
  const ports = { ...given, docker };
  await reapOneShots(name, docker);
  const probeImage = await firstImage(change, ports);
  await withStep({ ...io, ...ports }, steps.files, () => writeFiles(change, probeImage, ports));
  throwIfInterrupted(io.signal, "volumes were made");
  await withStep({ ...io, ...ports }, steps.volumes, () => makeVolumes(change, probeImage, ports));
  throwIfInterrupted(io.signal, "anything was started");
  await withStep({ ...io, ...ports }, steps.start, () => startAll(change, io, ports));
}

/** A one-shot container says which run it belongs to, so that the next run knows it for a leftover. */
function withRunLabels(docker: Docker, name: string, run: string): Docker {
  const labels = { [nameLabel]: name, [runLabel]: run };
  return {
    ...docker,
    runOnce: (request) => docker.runOnce({ ...request, labels: { ...request.labels, ...labels } }),
  };
}

/** One-shot containers of a run that was killed. */
export async function reapOneShots(name: string, docker: Docker): Promise<void> {
  for (const container of await docker.containersLabelled({ [nameLabel]: name })) {
    if (container.labels[runLabel] !== undefined) await docker.removeContainer(container.id);
  }
}

/**
 * An image to give files away with, where this user may not; on a first install the first that arrives.
 * @throws why no image can be built
 */
async function firstImage({ wanted, imageReady }: Change, ports: ComposePorts): Promise<string | undefined> {
  const found = await probeImageOf(wanted.plan, ports);
  if (found !== undefined || ports.host.isRoot() || imageReady === undefined) return found;
  await Promise.any(imagesOf(wanted.rendering).map(imageReady)).catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
  return probeImageOf(wanted.plan, ports);
}

async function writeFiles(
  { install, wanted, journal, record }: Change,
  chownImage: string | undefined,
  ports: ComposePorts,
): Promise<void> {
  const { digestKey } = install.identity;
  const files = [...wanted.files.values()];
  const inputs = keyedDigest(digestKey, files.map((file) => `${file.path} ${file.digest}`).join("\n"));
  await journal.step("files", inputs, {
    probe: () => Promise.resolve(undefined),
    act: () =>
      writeLiveTree(ports, files, record, {
        root: install.layout.live,
        digestKey,
        readers: servicesOf(wanted.rendering),
        chownImage,
        notices: wanted.plan.components.flatMap(({ id, workload }) =>
          workload?.container.notices === undefined ? [] : [noticesFolder(id)],
        ),
      }),
  });
}

async function makeVolumes(
  { install, wanted, journal, record }: Change,
  chownImage: string | undefined,
  ports: ComposePorts,
): Promise<void> {
  const volumes = composeVolumes(wanted.plan, wanted.rendering.stores);
  // On the disk before they are made: a purge finds the directories of the host here alone.
  await record.update((applied) =>
    changeRecord(applied, {
      volumes: volumes.map(({ component, volume, directory, hostPath }) => ({
        component,
        volume,
        ...(hostPath === undefined || directory !== undefined ? {} : { hostPath }),
      })),
    }),
  );
  await journal.step<object>("volumes", hashOf(volumes), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      const created = await ensureVolumes(ports, install.identity, volumes, chownImage);
      const made = volumes.filter(({ engineName }) => created.includes(engineName));
      await record.update((applied) => withoutEmptied(applied, wanted.plan, made));
      return created;
    },
  });
}

async function startAll(change: Change, io: TargetIo, ports: ComposePorts): Promise<void> {
  const { install, wanted, journal, record, timeoutSeconds, imageReady } = change;
  const { clock } = ports;
  const project = install.name;
  const docker = withRedactedLogs(ports.docker, io.redact);
  const view = createLiveView(
    docker,
    project,
    servicesOf(wanted.rendering).map(({ id }) => id),
  );
  const present = await docker.imageIds(imagesOf(wanted.rendering));
  const watch = await watchHealth({ docker, clock }, project, io.signal, view.forget);
  const driver = createDriver({
    docker,
    clock,
    compose: createComposeCommands(ports, project, install.layout.live),
    watch,
    view,
    record,
    wanted,
    project,
    imageId: async (reference) => present.get(reference) ?? (await docker.imageId(reference)),
  });
  try {
    const shared = { wanted, clock, journal, record, report: io.report, signal: io.signal, timeoutSeconds };
    await bringUp({ ...shared, imageReady, presentImages: new Set(present.keys()) }, driver);
  } finally {
    watch.close();
  }
}

/** What a component logs may hold its password; it must not get into messages. */
function withRedactedLogs(docker: Docker, redact: (line: string) => string): Docker {
  return { ...docker, logs: async (id, options) => (await docker.logs(id, options)).map(redact) };
}
