import type { Install } from "../../execute/state/install.ts";
import { compareText } from "../../language/compare-text.ts";
import type { ContainerState, Docker } from "../../platform/ports.ts";
import { consoleRole, roleLabel } from "../../render/compose/labels.ts";
import type { ServiceCopy } from "../live-platform.ts";
import { isOurs } from "./live-containers.ts";

/** Containers of services; jobs and consoles bear a role. */
export async function copiesOf(
  { name }: Pick<Install, "name">,
  docker: Pick<Docker, "containers" | "inspect" | "findImages">,
): Promise<readonly ServiceCopy[]> {
  const services = (await docker.containers(name)).filter(
    (container) => isOurs(container) && !["job", consoleRole].includes(container.labels[roleLabel] ?? ""),
  );
  const [{ digests }, seen] = await Promise.all([
    docker.findImages([]),
    Promise.all(services.map(({ id }) => docker.inspect(id))),
  ]);
  const copies = seen.map((container) => toCopy(container, digests.get(container.imageId)?.at(-1)));
  return copies.toSorted((a, b) => compareText(a.component, b.component) || compareText(a.name, b.name));
}

function toCopy(container: ContainerState, digest: string | undefined): ServiceCopy {
  const { service, name, id, state, health, image, imageId } = container;
  const { restarts = 0, startedAt, ended, exitCode } = container;
  return {
    ...{ component: service, name, id, phase: state, health, image, imageId, restarts },
    ...(digest === undefined ? {} : { digest }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(ended === undefined
      ? {}
      : {
          ended: {
            at: ended.at,
            ...(exitCode === undefined ? {} : { exitCode }),
            ...(ended.outOfMemory ? { reason: "out of memory" } : {}),
          },
        }),
  };
}
