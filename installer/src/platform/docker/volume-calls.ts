import { isIP } from "node:net";
import type { Docker, NetworkState } from "../ports.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unless } from "./engine-errors.ts";
import { labelFilter, projectLabel } from "./label-filter.ts";

type VolumeAndNetworkCalls = Pick<Docker, "volumes" | "createVolume" | "removeVolume" | "networks" | "removeNetwork">;

/** The engine answers null instead of an empty list. */
interface VolumeSummary {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Options: { readonly device?: string } | null;
}

interface NetworkSummary {
  readonly Id: string;
  readonly Name: string;
  readonly Driver?: string | undefined;
  readonly Internal?: boolean | undefined;
  readonly Options?: Readonly<Record<string, string>> | null | undefined;
  /** Without any for networks without addresses, as host and none are. */
  readonly IPAM?: { readonly Config?: readonly AddressRange[] | null | undefined } | null | undefined;
}

interface AddressRange {
  readonly Subnet?: string | undefined;
  readonly Gateway?: string | undefined;
}

function fromNetwork(network: NetworkSummary): NetworkState {
  const ranges = network.IPAM?.Config ?? [];
  const { Id: id, Name: name } = network;
  const head = { id, name, subnets: ranges.flatMap(({ Subnet }) => Subnet ?? []) };
  if (network.Driver !== "bridge") return head;
  const device = network.Options?.["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`;
  // Whether the bridge of an internal network has an address depends on the engine's version.
  const address = network.Internal === true ? undefined : ranges.map(({ Gateway }) => Gateway).find(isIpv4);
  return { ...head, bridge: { device, ...(address === undefined ? {} : { address }) } };
}

function isIpv4(address: string | undefined): boolean {
  return address !== undefined && isIP(address) === 4;
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
        const filters = project === undefined ? {} : { filters: labelFilter({ [projectLabel]: project }) };
        const found = await docker.listNetworks({ ...filters, abortSignal: signal });
        return found.map((network) => fromNetwork(network));
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
