import type { SeenStore, StoreContents } from "../../execute/data-guard.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import { claimName } from "../../render/helm/helm-claims.ts";
import { objectName } from "../../render/helm/helm-scope.ts";
import { type Store, storeId } from "../../render/rendering.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ownLabels, runLabel } from "./labels.ts";
import { type PodObject, type WorkloadObject } from "./objects.ts";
import { type LiveObjects, podsOf, readObjects } from "./observe.ts";
import { statusOf } from "./pods.ts";

type LookPorts = Pick<HelmPorts, "cluster" | "place" | "clock" | "random">;

/** Looks for the data of these stores: a service that serves from one has it; into others a pod looks. */
export async function inspectStores(
  { name }: Install,
  plan: Plan,
  stores: readonly Store[],
  ports: LookPorts,
): Promise<ReadonlyMap<string, SeenStore>> {
  if (stores.length === 0) return new Map();
  const objects = await readObjects(ports.cluster, ports.place, name);
  const seen = await Promise.all(
    stores.map(async (store): Promise<readonly [string, SeenStore]> => {
      const claim = store.claim ?? claimName(plan, store, 0);
      return [storeId(store), { place: claim, contents: await contentsOf(store, claim, objects, { plan, ports }) }];
    }),
  );
  return new Map(seen);
}

interface Looking {
  readonly plan: Plan;
  readonly ports: LookPorts;
}

async function contentsOf(store: Store, claim: string, objects: LiveObjects, looking: Looking): Promise<StoreContents> {
  if (!objects.claims.some(({ metadata }) => metadata.name === claim)) return "missing";
  const workload = objects.workloads.find(({ metadata }) => metadata.labels?.[idLabel] === store.component);
  if (workload !== undefined && servesNow(workload, store.component, objects.pods)) return "data";
  return lookInto(store, claim, looking);
}

function servesNow(workload: WorkloadObject, component: string, pods: readonly PodObject[]): boolean {
  return podsOf(workload, pods).some((pod) => statusOf(pod, component)?.ready === true);
}

/** A claim is handed from node to node, and a look takes seconds. */
const lookSeconds = 180;
const lookAgainMs = 500;

/** Runs `test` on the marker in a pod of the store's own image; the claim must not be in use on another node. */
async function lookInto(
  store: Store,
  claim: string,
  { plan, ports: { cluster, place, clock, random } }: Looking,
): Promise<StoreContents> {
  const workload = plan.components.find(({ id }) => id === store.component)?.workload;
  if (workload === undefined) return "unknown";
  const name = `${objectName(plan, store.component)}-look-${random.uuid().slice(0, 8)}`;
  const path = `/store/${store.volume}${store.marker === undefined ? "" : `/${store.marker}`}`;
  const { uid } = workload.container;
  const user = { runAsUser: uid, runAsGroup: uid, runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } };
  await cluster.create({
    ...kinds.pod,
    metadata: {
      name,
      namespace: place.namespace,
      labels: { ...ownLabels(plan.install.name), [runLabel]: "look" },
    },
    spec: {
      restartPolicy: "Never",
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      imagePullSecrets: plan.settings.cluster.imagePullSecrets.map((secret) => ({ name: secret })),
      securityContext: { ...user, fsGroup: uid, fsGroupChangePolicy: "OnRootMismatch" },
      containers: [
        {
          name: "look",
          image: workload.container.image.reference,
          command: ["/usr/bin/test", "-e", path],
          securityContext: {
            ...user,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
          volumeMounts: [{ name: "store", mountPath: "/store", readOnly: true }],
        },
      ],
      volumes: [{ name: "store", persistentVolumeClaim: { claimName: claim, readOnly: true } }],
    },
  });
  try {
    const deadline = clock.monotonicMs() + lookSeconds * 1000;
    while (clock.monotonicMs() < deadline) {
      const pod = (await cluster.get({ ...kinds.pod, ...place, name })) as PodObject | undefined;
      const end = pod === undefined ? undefined : statusOf(pod, "look")?.state?.terminated;
      if (end !== undefined) return end.exitCode === 0 ? "data" : end.exitCode === 1 ? "empty" : "unknown";
      await clock.sleep(lookAgainMs);
    }
    return "unknown";
  } finally {
    await cluster.remove({ ...kinds.pod, ...place, name }, { graceSeconds: 0 });
  }
}
