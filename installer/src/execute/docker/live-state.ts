import { join } from "node:path";
import type { Plan } from "../../plan/model.ts";
import type { ContainerState, Docker } from "../../platform/ports.ts";
import type { ComposeRendering, ComposeUnit } from "../../render/compose/compose-rendering.ts";
import { hashOf } from "../digest.ts";
import type { StateLayout } from "../state/layout.ts";

export const specLabel = "dev.slipway.spec";
export const roleLabel = "dev.slipway.role";

const composeFileLabel = "com.docker.compose.project.config_files";

/** Compose gives a container this kind of name while it replaces another. */
const replacementName = /^[0-9a-f]{12}_/;

/** What the engine has of a project, compared with what is wanted. */
export interface LiveState {
  readonly containers: readonly ContainerState[];
  /** The container of each service; of several, the one with the proper name. */
  readonly services: ReadonlyMap<string, ContainerState>;
  /** Ours, and no longer of use: stopped jobs, half-made replacements, services that are no more. */
  readonly leftovers: readonly ContainerState[];
  /** In the project, but not made by us. */
  readonly foreign: readonly ContainerState[];
}

/** Reads the project's containers. */
export async function readLiveState(docker: Docker, project: string, wanted: readonly string[]): Promise<LiveState> {
  return sortLiveState(await docker.containers(project), wanted);
}

/** Tells the project's containers apart; pure. */
export function sortLiveState(containers: readonly ContainerState[], wanted: readonly string[]): LiveState {
  const services = new Map<string, ContainerState>();
  const leftovers: ContainerState[] = [];
  const foreign: ContainerState[] = [];
  for (const container of containers) {
    if (container.labels[specLabel] === undefined) foreign.push(container);
    else if (isLeftover(container, wanted) || services.has(container.service)) leftovers.push(container);
    else services.set(container.service, container);
  }
  return { containers, services, leftovers, foreign };
}

function isLeftover(container: ContainerState, wanted: readonly string[]): boolean {
  return (
    container.labels[roleLabel] === "job" || replacementName.test(container.name) || !wanted.includes(container.service)
  );
}

/** Whether Compose made a container from the file in this state directory. */
export function isMadeFrom(container: ContainerState, layout: StateLayout): boolean {
  return container.labels[composeFileLabel] === join(layout.live, "compose.yaml");
}

/** Whether a container is what the rendering asks for. */
export function matchesUnit(
  container: ContainerState,
  unit: ComposeUnit,
  imageIds: ReadonlyMap<string, string>,
): boolean {
  const imageId = imageIds.get(unit.image);
  return container.labels[specLabel] === unit.specHash && (imageId === undefined || container.imageId === imageId);
}

/** What `plan` prints and `install --plan-hash` insists on: the plan, the images behind it, and the state it was computed against. */
export function planFingerprint(
  plan: Plan,
  rendering: ComposeRendering,
  imageIds: ReadonlyMap<string, string>,
  live: readonly ContainerState[] | undefined,
): string {
  const units = [...rendering.services, ...rendering.jobs].map((unit) => [unit.id, unit.specHash]);
  const images = [...imageIds].sort(([a], [b]) => (a < b ? -1 : 1));
  const state = live
    ?.filter((container) => container.labels[roleLabel] !== "job")
    .map((container) => [container.service, container.labels[specLabel] ?? "", container.imageId])
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
  return hashOf({ plan, units, images: live === undefined ? null : images, state: state ?? null });
}

/** Images of everything that may run. */
export function imageReferences(rendering: ComposeRendering): readonly string[] {
  return [...new Set([...rendering.services, ...rendering.jobs].map((unit) => unit.image))].sort();
}
