import type { Install } from "../../execute/state/install.ts";
import type { Wanted } from "../../execute/wanted.ts";
import type { KubeObject } from "../../platform/cluster-ports.ts";
import { isMadeOf, type LivePlatform, serves } from "../live-platform.ts";
import type { HelmPorts } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { idLabel, ofInstall, secretAnnotation } from "./labels.ts";
import { doneAs, markersOf } from "./markers.ts";
import { secretDigestsOf } from "./release-secrets.ts";

/** Whether every service is the wanted one, reads the secrets as they are now and serves, and every job is done as wanted. */
export async function isAsWanted(
  { name }: Install,
  wanted: Wanted,
  live: LivePlatform,
  { cluster, place }: Pick<HelmPorts, "cluster" | "place">,
): Promise<boolean> {
  const services = [...wanted.units.values()].filter(({ role }) => role === "service");
  const run = services.every((unit) => {
    const service = live.services.get(unit.id);
    return service !== undefined && isMadeOf(service, unit, live.imageIds) && serves(service);
  });
  if (!run) return false;
  const query = { ...place, labels: ofInstall(name) };
  const [deployments, statefulSets, configMaps] = await Promise.all([
    cluster.listMetadata(kinds.deployment, query),
    cluster.listMetadata(kinds.statefulSet, query),
    cluster.list(kinds.configMap, query),
  ]);
  const digests = secretDigestsOf(wanted);
  const read = new Map(
    [...deployments, ...statefulSets].map(({ metadata }) => [
      metadata.labels?.[idLabel],
      metadata.annotations?.[secretAnnotation] ?? "",
    ]),
  );
  if (services.some(({ id }) => (read.get(id) ?? "") !== (digests[id] ?? ""))) return false;
  const done = new Map(configMaps.map((configMap) => [configMap.metadata.name, doneOf(configMap)]));
  return [...markersOf(wanted.plan)].every(([job, marker]) => {
    const unit = wanted.units.get(job);
    return unit !== undefined && done.get(marker) === doneAs(unit, digests);
  });
}

function doneOf(configMap: KubeObject): string | undefined {
  return (configMap["data"] as Readonly<Record<string, string>> | undefined)?.["done"];
}
