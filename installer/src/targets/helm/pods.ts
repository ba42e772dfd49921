import type { LiveService } from "../live-platform.ts";
import type { ContainerStatus, Ended, PodObject, WorkloadObject } from "./objects.ts";

/** Pods that a workload is to have; the API's default is one. */
export function wantedPods({ spec }: WorkloadObject): number {
  return spec.replicas ?? 1;
}

/** Whether every pod is of the newest definition and serves, and none of an older one is left. */
export function isRolledOut(workload: WorkloadObject): boolean {
  const { status, metadata } = workload;
  const wanted = wantedPods(workload);
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  const counts = [status?.replicas, status?.updatedReplicas, status?.readyReplicas].map((count) => count ?? 0);
  return counts.every((count) => count === wanted);
}

/** What stands for the workload as it is now: another definition is another revision, a pod in place of another is not. */
export function revisionOf({ metadata, status }: WorkloadObject): string {
  const revision = metadata.annotations?.["deployment.kubernetes.io/revision"] ?? status?.updateRevision ?? "";
  return `${metadata.uid ?? metadata.name}/${revision}`;
}

/** How a workload is, from its pods that are not on their way out. */
export function stateOf(
  workload: WorkloadObject,
  pods: readonly PodObject[],
  container: string,
): Pick<LiveService, "phase" | "health"> & { readonly exitCode?: number } {
  if (wantedPods(workload) === 0) return { phase: "exited", health: "none" };
  if ((workload.status?.readyReplicas ?? 0) >= wantedPods(workload)) return { phase: "running", health: "healthy" };
  const seen = pods.flatMap((pod) => statusOf(pod, container) ?? []);
  const exitCode = seen.map(endOf).find((end) => end !== undefined)?.exitCode;
  const ended = exitCode === undefined ? {} : { exitCode };
  if (seen.some(({ state }) => state?.terminated !== undefined || state?.waiting?.reason === "CrashLoopBackOff")) {
    return { phase: "restarting", health: "unhealthy", ...ended };
  }
  const running = seen.filter(({ state }) => state?.running !== undefined);
  if (running.length === 0) return { phase: "created", health: "starting" };
  // One that has passed its startup probe and is not ready now was ready, or is kept from it.
  return {
    phase: "running",
    health: running.some(({ started }) => started === true) ? "unhealthy" : "starting",
    ...ended,
  };
}

/** The container of this name, in whatever state. */
export function statusOf({ status }: PodObject, container: string): ContainerStatus | undefined {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(
    ({ name }) => name === container,
  );
}

/** How a container last ended. */
export function endOf({ state, lastState }: ContainerStatus): Ended | undefined {
  return state?.terminated ?? lastState?.terminated;
}

/** How often a container has ended since the pod was made. */
export function endingsOf({ state, restartCount }: ContainerStatus): number {
  return restartCount + (state?.terminated !== undefined || state?.waiting?.reason === "CrashLoopBackOff" ? 1 : 0);
}

/** Pods of a component that are not on their way out, newest first. */
export function newestFirst(pods: readonly PodObject[]): readonly PodObject[] {
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .toSorted((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""));
}

/** Why a pod does not serve, where the cluster knows a reason that does not pass by itself. */
export interface PodTrouble {
  /**
   * `image`: not to be had; `place`: no node takes it; `ended`: a container keeps ending; `refused`: the node cannot make a container as it
   * is defined; `evicted`: the node threw it out.
   */
  readonly kind: "image" | "place" | "ended" | "refused" | "evicted";
  /** Continues `<component>: `. */
  readonly message: string;
  readonly remedy: string;
  /** The container that ended, whose last lines tell more. */
  readonly container?: string;
}

/** Endings after which a container is said to keep ending. */
const endingsAccepted = 3;

/** What holds a pod up. A step that waits for a job by a key that is not there yet is no trouble. */
export function troubleOf(pod: PodObject, markers: ReadonlySet<string>): PodTrouble | undefined {
  return (
    evicted(pod) ??
    unplaced(pod) ??
    containersOf(pod)
      .map((status) => containerTrouble(status, markers))
      .find(Boolean)
  );
}

function containersOf({ status }: PodObject): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function evicted({ status }: PodObject): PodTrouble | undefined {
  if (status?.phase !== "Failed" || status.reason === undefined) return undefined;
  return {
    kind: "evicted",
    message: `its pod was ended by the node: ${status.reason}${status.message === undefined ? "" : `, ${status.message}`}`,
    remedy: "give the node more room (disk, memory), or lower the requests of what else runs there",
  };
}

function unplaced({ status }: PodObject): PodTrouble | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status !== "False" || scheduled.reason !== "Unschedulable") return undefined;
  return {
    kind: "place",
    message: `no node takes its pod: ${scheduled.message ?? "the scheduler gives no reason"}`,
    remedy: remedyForPlace(scheduled.message ?? ""),
  };
}

function remedyForPlace(reason: string): string {
  if (/PersistentVolumeClaim|volume/i.test(reason)) {
    return "see why its claim is not bound: kubectl describe pvc; set cluster.storageClass to a class that makes volumes";
  }
  if (/Insufficient (cpu|memory|ephemeral-storage)/.test(reason)) {
    return "add a node, or lower the resources of components in the values";
  }
  if (reason.includes("taint")) return "take the taint off a node, or add a node without one";
  return "kubectl describe pod says more";
}

const imageReasons = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"];
const refusalReasons = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"];

function containerTrouble(status: ContainerStatus, markers: ReadonlySet<string>): PodTrouble | undefined {
  const { name, image, state } = status;
  const { reason = "", message = "" } = state?.waiting ?? {};
  if (imageReasons.includes(reason)) {
    return {
      kind: "image",
      message: `the image ${image} cannot be had: ${message === "" ? reason : message}`,
      remedy: remedyForImage(message),
    };
  }
  if (refusalReasons.includes(reason) && !waitsForMarker(message, markers)) {
    return {
      kind: "refused",
      message: `its container ${name} cannot be made: ${message === "" ? reason : message}`,
      remedy: "correct the cause and run the same command again",
      container: name,
    };
  }
  const end = endOf(status);
  if (end === undefined || endingsOf(status) < endingsAccepted) return undefined;
  return { kind: "ended", ...describeEnd(name, end, endingsOf(status)), container: name };
}

/** The kubelet's words for a key that is missing: `couldn't find key done in ConfigMap ns/slipway-x-done`. */
function waitsForMarker(message: string, markers: ReadonlySet<string>): boolean {
  return [...markers].some((marker) => message.includes(marker));
}

function remedyForImage(message: string): string {
  if (/x509|certificate/i.test(message)) {
    return "let the nodes trust the registry's authority: docs/kubernetes.md says how for each kind of node";
  }
  if (/not found|manifest unknown|NotFound/i.test(message)) {
    return "push it to that registry (slipway push), or correct images.registry in the values";
  }
  if (/unauthorized|authorization|denied|forbidden|\b40[13]\b/i.test(message)) {
    return "give the nodes a login: name a pull secret in cluster.imagePullSecrets, or install with --bundle, --registry and --username";
  }
  return "see whether the nodes reach the registry: its name, its port, a proxy";
}

/** `ended with exit status 7 3 times in a row`, with what to do; memory is said, where that was it. */
export function describeEnd(
  container: string,
  { exitCode, reason, signal }: Ended,
  times: number,
): Pick<PodTrouble, "message" | "remedy"> {
  const often = times > 1 ? ` ${times} times in a row` : "";
  if (reason === "OOMKilled") {
    return {
      message: `${container} needed more memory than its limit and was ended${often} (OOMKilled)`,
      remedy: `raise the memory of ${container} in the values`,
    };
  }
  const how = signal === undefined ? `with exit status ${exitCode}` : `by signal ${signal}`;
  return {
    message: `${container} does not stay up: it ended ${how}${often}`,
    remedy: `slipway logs ${container} shows more; correct the cause and run the same command again`,
  };
}
