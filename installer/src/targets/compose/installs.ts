import { compareText } from "../../language/compare-text.ts";
import { nameLabel, roleLabel } from "../../render/compose/labels.ts";
import type { HostInstall } from "../target.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { stateDirOf } from "./live-containers.ts";

/** Every install that the engine has containers or volumes of, by their labels. */
export async function composeInstalls({ docker }: Pick<ComposePorts, "docker">): Promise<readonly HostInstall[]> {
  const [containers, volumes] = await Promise.all([docker.containersLabelled({}), docker.volumes({})]);
  const services = containers.filter(({ labels }) => labels[roleLabel] === "service");
  const names = new Set([...services, ...volumes].flatMap(({ labels }) => labels[nameLabel] ?? []));
  return [...names].toSorted(compareText).map((name) => {
    const own = services.filter(({ labels }) => labels[nameLabel] === name);
    const records = own.map(stateDirOf).find((place) => place !== undefined);
    return {
      name,
      services: own.length,
      running: own.filter(({ state }) => state === "running").length,
      stores: volumes.filter(({ labels }) => labels[nameLabel] === name).length,
      ...(records === undefined ? {} : { records }),
    };
  });
}
