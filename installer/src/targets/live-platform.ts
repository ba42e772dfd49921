import type { Unit } from "../render/rendering.ts";

/** What is asked of `observe` besides the install's own records. */
export interface Question {
  /** Components that belong to the platform; the others of ours are leftovers. */
  readonly components: readonly string[];
  /** References whose images are looked up. */
  readonly images: readonly string[];
}

/** A platform as the target has it, asked once. */
export interface LivePlatform {
  /** By component. */
  readonly services: ReadonlyMap<string, LiveService>;
  /** Services of ours whose component is not in the plan, without half-made things and ended jobs. */
  readonly departed: readonly string[];
  /** Whether anything of ours is there that the next change would clear away. */
  readonly hasLeftovers: boolean;
  /** By `component/volume`. */
  readonly stores: ReadonlyMap<string, LiveStore>;
  /** What bears the install's name and no install of ours made. */
  readonly foreign: readonly string[];
  /** Image ids of those references that are there. */
  readonly imageIds: ReadonlyMap<string, string>;
  /** Where the target keeps rendered files that are as they were written, by their path in the rendering. */
  readonly copies: ReadonlyMap<string, string>;
  /** Everything of ours in a form that two looks can be compared by; for the plan's hash. */
  readonly trace: readonly (readonly string[])[];
}

export interface LiveService {
  readonly component: string;
  /** Name and id of what runs: a container, a pod. */
  readonly name: string;
  readonly id: string;
  readonly phase: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  /** Hash of the definition it was made from. */
  readonly specHash: string;
  readonly image: string;
  readonly imageId: string;
  /** `name@sha256:…`, when the image came from a registry. */
  readonly digest?: string;
  /** How long it has been up, as the target says it: `3 hours`. */
  readonly uptime?: string;
  readonly exitCode?: number;
  /** How often its container was started again since it was made; absent where the target does not tell that in one look. */
  readonly restarts?: number;
  /** Ports on the outside. */
  readonly ports: readonly LivePort[];
  /** Why it cannot reach or be reached, in words; empty when all is well. */
  readonly severed: readonly string[];
  /** Files it reads that were changed after they were written. */
  readonly changedFiles: readonly string[];
  /** It is not the one that the last change made. */
  readonly replaced: boolean;
}

/** A copy of a service, a container or a pod, and what became of it. */
export interface ServiceCopy extends Pick<LiveService, "component" | "name" | "id" | "phase" | "health" | "image"> {
  readonly imageId: string;
  /** `name@sha256:…`, when the image came from a registry. */
  readonly digest?: string;
  /** How often it was started again by the target. */
  readonly restarts: number;
  readonly startedAt?: string;
  /** When it ended last, and with which status and for which reason, as far as the target tells. */
  readonly ended?: { readonly at?: string; readonly exitCode?: number; readonly reason?: string };
}

export interface LivePort {
  readonly address: string;
  /** Port of the host. */
  readonly hostPort: number;
  /** Port inside. */
  readonly containerPort: number;
  readonly protocol: string;
}

export interface LiveStore {
  readonly place: string;
  /** Made by this install. */
  readonly ours: boolean;
  /** What is free on its disk, in bytes; absent where that cannot be seen from here. */
  readonly freeBytes?: number;
  /** What that disk holds, free or not, in bytes; absent where it cannot be seen from here. */
  readonly sizeBytes?: number;
}

/** With less a database cannot go on writing for long, and some are damaged when they try. */
const fullBelowBytes = 256 * 2 ** 20;

/** Whether the disk of a store is full. */
export function isFull({ freeBytes }: Pick<LiveStore, "freeBytes">): boolean {
  return freeBytes !== undefined && freeBytes < fullBelowBytes;
}

/** Whether a service runs and, where its health is asked for, is healthy. */
export function serves(service: Pick<LiveService, "phase" | "health">): boolean {
  return service.phase === "running" && (service.health === "healthy" || service.health === "none");
}

/** Whether it is up, whatever its health. */
export function isUp(service: Pick<LiveService, "phase">): boolean {
  return service.phase === "running" || service.phase === "restarting";
}

/** Whether a service was made from this definition and image. */
export function isMadeOf(
  service: Pick<LiveService, "specHash" | "imageId">,
  unit: Unit,
  imageIds: ReadonlyMap<string, string>,
): boolean {
  const imageId = imageIds.get(unit.image);
  return service.specHash === unit.specHash && (imageId === undefined || service.imageId === imageId);
}
