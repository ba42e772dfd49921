import { steps } from "../../events/steps.ts";
import type { Install } from "../../execute/state/install.ts";
import { withStep } from "../../execute/with-step.ts";
import type { KubeKind, KubeObject } from "../../platform/cluster-ports.ts";
import type { Claim, Remains, RemoveRequest, Removed, TargetIo } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { createHelmProgram } from "./helm-program.ts";
import { kinds } from "./kinds.ts";
import { idLabel, installAnnotation, ofInstall } from "./labels.ts";
import { foreignNames, isOurs, podsOf, readObjects } from "./observe.ts";

/** Everything that goes by the install's name, and whose it is. */
export async function clusterRemains(
  install: Install,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<Remains> {
  const { workloads, pods, claims } = await readObjects(cluster, place, install.name);
  const made = new Set(workloads.flatMap((workload) => podsOf(workload, pods)));
  const loose = pods.filter((pod) => !made.has(pod) && pod.metadata.ownerReferences === undefined);
  const ours = claims.some((claim) => isClaimOf(install, claim));
  return {
    workloads: [...workloads, ...loose].map((object) => ({
      name: object.metadata.name,
      claim: claimOf(install, object, { ours, stores: claims.length }),
    })),
    networks: [],
    stores: claims.map((claim) => ({ place: claim.metadata.name, ours: isClaimOf(install, claim) })),
  };
}

function isClaimOf({ identity }: Install, { metadata }: KubeObject): boolean {
  return identity !== undefined && metadata.annotations?.[installAnnotation] === identity.uuid;
}

/** Claims say whose they are; where there are none, the records that lie in the namespace do. */
function claimOf(
  { identity }: Install,
  object: KubeObject,
  { ours, stores }: { readonly ours: boolean; readonly stores: number },
): Claim {
  if (!isOurs(object)) return "stranger";
  return identity !== undefined && (ours || stores === 0) ? "ours" : "another";
}

/** What the release does not remove, because the release did not make it. Claims are asked for apart; records bear other labels. */
const ownKinds: readonly KubeKind[] = [kinds.job, kinds.pod, kinds.secret, kinds.configMap, kinds.service];

/** Removes the release with all that belongs to it and, when asked, the claims with their data. */
export async function removeRelease(
  install: Install,
  { data }: RemoveRequest,
  io: TargetIo,
  ports: HelmPorts,
): Promise<Removed> {
  const { cluster, clock, place } = ports;
  const told = { ...io, clock };
  const objects = await readObjects(cluster, place, install.name);
  const { workloads, claims } = objects;
  const strangers = foreignNames(objects);
  const ours = workloads.filter(isOurs);
  await withStep(told, steps.containers, async () => {
    await createHelmProgram(ports, install.name).uninstall();
    // Of a release that is lost the workloads may be there yet.
    for (const workload of ours) {
      const ref = { apiVersion: workload.apiVersion, kind: workload.kind, ...place, name: workload.metadata.name };
      await cluster.remove(ref, { propagation: "Foreground" });
    }
    await removeLabelled(ownKinds, install.name, ports);
    await untilGone(install.name, ports);
    for (const { metadata } of ours) {
      io.report({
        type: "item",
        step: steps.containers.id,
        id: metadata.labels?.[idLabel] ?? metadata.name,
        state: "removed",
      });
    }
  });
  const removed = { containers: ours.map(({ metadata }) => metadata.name).toSorted(), networks: [], strangers };
  if (!data) return { ...removed, volumes: [], directories: [] };
  const volumes = claims
    .filter((claim) => isClaimOf(install, claim))
    .map(({ metadata }) => metadata.name)
    .toSorted();
  await withStep(told, steps.data, async () => {
    for (const name of volumes) await cluster.remove({ ...kinds.claim, ...place, name });
  });
  return { ...removed, volumes, directories: [] };
}

async function removeLabelled(
  all: readonly KubeKind[],
  name: string,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<void> {
  for (const kind of all) {
    const found = await cluster.listMetadata(kind, { ...place, labels: ofInstall(name) });
    const propagation = "Background";
    await Promise.all(
      found.map(({ metadata }) => cluster.remove({ ...kind, ...place, name: metadata.name }, { propagation })),
    );
  }
}

const goneSeconds = 120;

/** Claims of a pod that is on its way out are held until it is gone. */
async function untilGone(
  name: string,
  { cluster, clock, place }: Pick<HelmPorts, "cluster" | "clock" | "place">,
): Promise<void> {
  const deadline = clock.monotonicMs() + goneSeconds * 1000;
  while (clock.monotonicMs() < deadline) {
    const left = await cluster.listMetadata(kinds.pod, { ...place, labels: ofInstall(name) });
    if (left.length === 0) return;
    await clock.sleep(300);
  }
}
