import type { Install } from "../../execute/state/install.ts";
import { compareText } from "../../language/compare-text.ts";
import type { LiveService, ServiceCopy } from "../live-platform.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { idLabel } from "./labels.ts";
import type { ContainerStatus, PodObject } from "./objects.ts";
import { digestOf, isOurs, podsOf, readObjects } from "./observe.ts";
import { endOf, statusOf } from "./pods.ts";

/** Every pod of every workload, those on their way out too. */
export async function copiesOf(
  { name }: Pick<Install, "name">,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<readonly ServiceCopy[]> {
  const { workloads, pods } = await readObjects(cluster, place, name);
  return workloads
    .filter(isOurs)
    .flatMap((workload) => {
      const component = workload.metadata.labels?.[idLabel] ?? workload.metadata.name;
      return podsOf(workload, pods).map((pod) => toCopy(component, pod));
    })
    .toSorted((a, b) => compareText(a.component, b.component) || compareText(a.name, b.name));
}

function toCopy(component: string, pod: PodObject): ServiceCopy {
  const status = statusOf(pod, component);
  const { name, uid = name } = pod.metadata;
  const digest = digestOf(status?.imageID);
  const startedAt = status?.state?.running?.startedAt;
  return {
    ...{ component, name, id: uid, ...stateOfCopy(status) },
    image: pod.spec.containers.find((container) => container.name === component)?.image ?? "",
    imageId: status?.imageID ?? "",
    ...(digest === undefined ? {} : { digest }),
    restarts: status?.restartCount ?? 0,
    ...(startedAt === undefined ? {} : { startedAt }),
    ...endOfCopy(status),
  };
}

function endOfCopy(status: ContainerStatus | undefined): Pick<ServiceCopy, "ended"> {
  const end = status === undefined ? undefined : endOf(status);
  if (end === undefined) return {};
  const { exitCode, finishedAt, reason } = end;
  return {
    ended: {
      exitCode,
      ...(finishedAt === undefined ? {} : { at: finishedAt }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

function stateOfCopy(status: ContainerStatus | undefined): Pick<LiveService, "phase" | "health"> {
  if (status?.state?.running !== undefined) {
    if (status.ready) return { phase: "running", health: "healthy" };
    return { phase: "running", health: status.started === true ? "unhealthy" : "starting" };
  }
  if (status?.state?.terminated !== undefined) return { phase: "exited", health: "none" };
  const isEndingAgain = status?.state?.waiting?.reason === "CrashLoopBackOff";
  return { phase: isEndingAgain ? "restarting" : "created", health: "none" };
}
