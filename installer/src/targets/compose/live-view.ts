import type { ContainerState, Docker } from "../../platform/ports.ts";
import { type LiveContainers, sortContainers } from "./live-containers.ts";
import type { LiveNetwork } from "./networks.ts";

/** The containers and networks of a project, looked at again only when something may have changed. */
export interface LiveView {
  readonly containers: () => Promise<LiveContainers>;
  readonly networks: () => Promise<readonly LiveNetwork[]>;
  /** What was seen is out of date: this program changed something, or the engine told of a change. */
  readonly forget: () => void;
}

/** A view of one project; callers that ask at the same time share one look. */
export function createLiveView(
  docker: Pick<Docker, "containers" | "networks">,
  project: string,
  wanted: readonly string[],
): LiveView {
  let containers: Promise<LiveContainers> | undefined;
  let networks: ReturnType<LiveView["networks"]> | undefined;
  const forget = (): void => {
    containers = undefined;
    networks = undefined;
  };
  /** A look that failed is not kept. */
  const orForget = <T>(look: Promise<T>): Promise<T> => {
    look.catch(forget);
    return look;
  };
  return {
    containers: () => (containers ??= orForget(docker.containers(project).then((all) => sortContainers(all, wanted)))),
    networks: () => (networks ??= orForget(docker.networks(project))),
    forget,
  };
}

/** The container of a service, when there is one. */
export async function findService(view: LiveView, id: string): Promise<ContainerState | undefined> {
  return (await view.containers()).services.get(id);
}
