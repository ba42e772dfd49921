import { createCluster } from "../../platform/kubernetes-cluster.ts";
import type { Target } from "../target.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { createHelmTarget } from "./helm-target.ts";
import type { RecordsPorts } from "./records/namespace-records.ts";
import { openHelmPlace, type PlaceRequest } from "./records/open-place.ts";

type OpenPorts = Omit<HelmPorts, "cluster" | "place" | "records"> & RecordsPorts;

/**
 * The target of an install, at its recorded place, or at the one that is asked for.
 * @throws as `openHelmPlace`
 */
export async function openHelmTarget(request: PlaceRequest, ports: OpenPorts): Promise<Target> {
  const { environment, signal } = ports;
  const room = await openHelmPlace(request, ports, (choice) => createCluster(choice, environment, { signal }));
  const { cluster, namespace, records } = room;
  return createHelmTarget({ ...ports, cluster, place: { namespace }, records });
}
