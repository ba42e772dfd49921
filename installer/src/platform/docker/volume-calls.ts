import type { Docker } from "../ports.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unless } from "./engine-errors.ts";
import { labelFilter, projectLabel } from "./label-filter.ts";

type VolumeAndNetworkCalls = Pick<
  Docker,
  "volumes" | "createVolume" | "removeVolume" | "networks" | "networkSubnets" | "removeNetwork"
>;

/** The engine answers null instead of an empty list. */
interface VolumeSummary {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Options: { readonly device?: string } | null;
}

/** The engine's calls about volumes and networks. */
export function volumeAndNetworkCalls(connection: EngineConnection): VolumeAndNetworkCalls {
  return {
    volumes: (labels) =>
      connection.call({ what: "to list volumes", kind: "question" }, async (docker, { signal }) => {
        const found = await docker.listVolumes({ filters: labelFilter(labels), abortSignal: signal });
        return ((found.Volumes as readonly VolumeSummary[] | null) ?? []).map((volume) => ({
          name: volume.Name,
          labels: volume.Labels ?? {},
          mountpoint: volume.Mountpoint,
          ...(volume.Options?.device === undefined ? {} : { hostPath: volume.Options.device }),
        }));
      }),
    createVolume: (name, labels, hostPath) =>
      connection.call({ what: `to create volume ${name}`, kind: "change" }, async (docker, { signal }) => {
        const options = hostPath === undefined ? {} : { DriverOpts: { type: "none", o: "bind", device: hostPath } };
        // Without a query of its own the library sends the body as query, too.
        const call = { _query: {}, _body: { Name: name, Labels: labels, ...options }, abortSignal: signal };
        await docker.createVolume(call);
      }),
    removeVolume: (name) =>
      unless(
        [404],
        connection.call({ what: `to remove volume ${name}`, kind: "change" }, (docker, { signal }) =>
          docker.getVolume(name).remove({ abortSignal: signal }),
        ),
      ),
    networks: (project) =>
      connection.call({ what: "to list networks", kind: "question" }, async (docker, { signal }) => {
        const filters = labelFilter({ [projectLabel]: project });
        const found = await docker.listNetworks({ filters, abortSignal: signal });
        return found.map((network) => ({ id: network.Id, name: network.Name }));
      }),
    networkSubnets: () =>
      connection.call({ what: "to list networks", kind: "question" }, async (docker, { signal }) => {
        const found = await docker.listNetworks({ abortSignal: signal });
        // Null for networks without addresses, as host and none are.
        return found.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
      }),
    removeNetwork: (id) =>
      unless(
        [404],
        connection.call({ what: `to remove network ${id}`, kind: "change" }, (docker, { signal }) =>
          docker.getNetwork(id).remove({ abortSignal: signal }),
        ),
      ),
  };
}
