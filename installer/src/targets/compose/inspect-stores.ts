import type { SeenStore } from "../../execute/data-guard.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Plan } from "../../plan/model.ts";
import type { Docker } from "../../platform/ports.ts";
import type { Store } from "../../render/rendering.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { nameLabel, runLabel } from "../../render/compose/labels.ts";
import { probeImageOf } from "./probe-image.ts";
import { composeVolumes, inspectVolumes } from "./volumes.ts";

/** Looks into the volumes of these stores for the data of their services. */
export async function inspectStores(
  { name }: Install,
  plan: Plan,
  stores: readonly Store[],
  ports: ComposePorts,
): Promise<ReadonlyMap<string, SeenStore>> {
  // Labelled, so that the next change clears a container away that a killed run left.
  const labels = { [nameLabel]: name, [runLabel]: "inspect" };
  const docker: Docker = { ...ports.docker, runOnce: (request) => ports.docker.runOnce({ ...request, labels }) };
  return inspectVolumes({ ...ports, docker }, name, composeVolumes(plan, stores), await probeImageOf(plan, ports));
}
