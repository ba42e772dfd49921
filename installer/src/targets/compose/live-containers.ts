import { dirname, join } from "node:path";
import { type StateLayout, stateLayout } from "../../execute/state/layout.ts";
import type { ContainerState } from "../../platform/ports.ts";
import { consoleRole, roleLabel, specLabel } from "../../render/compose/labels.ts";

const composeFileLabel = "com.docker.compose.project.config_files";

/** Compose gives a container this kind of name while it replaces another. */
const replacementName = /^[0-9a-f]{12}_/;

/** The containers of a project, told apart. */
export interface LiveContainers {
  readonly all: readonly ContainerState[];
  /** The container of each service; of several, the one with the proper name. */
  readonly services: ReadonlyMap<string, ContainerState>;
  /** Ours, and no longer needed: stopped jobs, half-made replacements, services that no longer exist. */
  readonly leftovers: readonly ContainerState[];
  /** In the project, but not made by us. */
  readonly foreign: readonly ContainerState[];
}

/** Tells a project's containers apart; `wanted` are the components of the platform. */
export function sortContainers(containers: readonly ContainerState[], wanted: readonly string[]): LiveContainers {
  const services = new Map<string, ContainerState>();
  const leftovers: ContainerState[] = [];
  const foreign: ContainerState[] = [];
  for (const container of containers) {
    if (!isOurs(container)) foreign.push(container);
    else if (isConsoleInUse(container)) continue;
    else if (isLeftover(container, wanted) || services.has(container.service)) leftovers.push(container);
    else services.set(container.service, container);
  }
  return { all: containers, services, leftovers, foreign };
}

/** Whether Slipway had this container made; a one-shot container of it bears other labels. */
export function isOurs(container: ContainerState): boolean {
  return container.labels[specLabel] !== undefined;
}

/** Nobody's to clear away but by the person who works in it. */
function isConsoleInUse({ labels, state }: ContainerState): boolean {
  return labels[roleLabel] === consoleRole && state === "running";
}

function isLeftover(container: ContainerState, wanted: readonly string[]): boolean {
  return (
    container.labels[roleLabel] === "job" || replacementName.test(container.name) || !wanted.includes(container.service)
  );
}

/** Whether Compose made a container from the file in this state directory. */
export function isMadeFrom(container: ContainerState, layout: StateLayout): boolean {
  return composeFileOf(container) === composeFileIn(layout);
}

/** The state directory with the file that Compose made a container from. */
export function stateDirOf(container: ContainerState): string | undefined {
  const file = composeFileOf(container);
  const root = file === undefined ? undefined : dirname(dirname(file));
  return root !== undefined && file === composeFileIn(stateLayout(root)) ? root : undefined;
}

/** Without what Compose read from standard input besides: there, proxies of the user's Docker configuration are taken back. */
function composeFileOf({ labels }: ContainerState): string | undefined {
  return labels[composeFileLabel]?.replace(/,([^,]*\/)?-$/, "");
}

function composeFileIn({ live }: Pick<StateLayout, "live">): string {
  return join(live, "compose.yaml");
}
