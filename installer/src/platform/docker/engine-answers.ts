import type { EngineSurroundings } from "../engine-surroundings.ts";
import type { ContainerState, EngineInfo, EngineVersion, ImageDetails } from "../ports.ts";

type AttachedNetworks = Readonly<Record<string, { readonly NetworkID?: string } | null>>;

/** The parts of the Engine API's answers that are read. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly State: ContainerState["state"];
  readonly Status: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Ports: readonly PortSummary[] | null;
  readonly NetworkSettings?: { readonly Networks?: AttachedNetworks | null };
}

interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

export interface ContainerDetails {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: ContainerState["state"];
    readonly ExitCode: number;
    readonly StartedAt: string;
    readonly FinishedAt?: string;
    readonly OOMKilled?: boolean;
    readonly Health?: { readonly Status: ContainerState["health"] } | null;
  };
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> | null };
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>> | null;
    readonly Networks?: AttachedNetworks | null;
  };
}

export interface EngineInfoAnswer {
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly CgroupVersion?: string;
  readonly MemTotal: number;
  readonly NCPU: number;
  readonly DockerRootDir: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly OperatingSystem: string;
  readonly Architecture: string;
  readonly SystemTime?: string;
  readonly Warnings?: readonly string[] | null;
  readonly HttpProxy?: string;
  readonly HttpsProxy?: string;
  readonly NoProxy?: string;
  readonly RegistryConfig?: {
    readonly IndexConfigs?: Readonly<Record<string, { readonly Secure?: boolean }>> | null;
  } | null;
  readonly DefaultAddressPools?: readonly { readonly Base: string; readonly Size: number }[] | null;
}

/** The part of the Engine API's answer about one image that is read. */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Variant?: string;
  readonly Size?: number;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
}

export interface EngineVersionAnswer {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly Os: string;
  readonly Arch: string;
}

const serviceLabel = "com.docker.compose.service";

/** The list says health only in its status text: `Up 2 minutes (healthy)`. */
export function fromSummary(summary: ContainerSummary): ContainerState {
  const labels = summary.Labels ?? {};
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? "").replace(/^\//, ""),
    service: labels[serviceLabel] ?? "",
    image: summary.Image,
    imageId: summary.ImageID,
    state: summary.State,
    health: healthInStatus(summary.Status),
    ...inStatus(summary.Status),
    labels,
    ...attached(summary.NetworkSettings?.Networks),
    ports: (summary.Ports ?? []).flatMap((port) =>
      port.PublicPort === undefined
        ? []
        : [
            {
              address: port.IP ?? "",
              hostPort: port.PublicPort,
              containerPort: port.PrivatePort,
              protocol: port.Type,
            },
          ],
    ),
  };
}

function attached(networks: AttachedNetworks | null | undefined): Pick<ContainerState, "networks" | "networkIds"> {
  const ids = Object.entries(networks ?? {}).flatMap(([name, network]) =>
    network?.NetworkID === undefined || network.NetworkID === "" ? [] : [[name, network.NetworkID] as const],
  );
  return { networks: Object.keys(networks ?? {}).sort(), networkIds: Object.fromEntries(ids) };
}

function healthInStatus(status: string): ContainerState["health"] {
  if (status.includes("(healthy)")) return "healthy";
  if (status.includes("(unhealthy)")) return "unhealthy";
  return status.includes("(health: starting)") ? "starting" : "none";
}

/** `Up 3 hours (healthy)`, `Exited (137) 2 minutes ago`, `Restarting (1) 5 seconds ago`. */
function inStatus(status: string): Pick<ContainerState, "uptime" | "exitCode"> {
  const uptime = /^Up ([^(]+?)(?: \(.*)?$/.exec(status)?.[1];
  const exitCode = /^(?:Exited|Restarting) \((\d+)\)/.exec(status)?.[1];
  return { ...(uptime !== undefined && { uptime }), ...(exitCode !== undefined && { exitCode: Number(exitCode) }) };
}

/** How the year begins of what has not happened. */
const never = "0001-";

export function fromDetails(details: ContainerDetails): ContainerState {
  const labels = details.Config.Labels ?? {};
  const { Status, StartedAt, FinishedAt = never, OOMKilled = false } = details.State;
  const started = !StartedAt.startsWith(never);
  const ended = Status !== "running" && !FinishedAt.startsWith(never);
  return {
    id: details.Id,
    name: details.Name.replace(/^\//, ""),
    service: labels[serviceLabel] ?? "",
    image: details.Config.Image,
    imageId: details.Image,
    state: Status,
    health: details.State.Health?.Status ?? "none",
    exitCode: details.State.ExitCode,
    ...(started ? { startedAt: StartedAt } : {}),
    ...(ended ? { ended: { at: FinishedAt, outOfMemory: OOMKilled } } : {}),
    restarts: details.RestartCount,
    labels,
    ...attached(details.NetworkSettings.Networks),
    ports: Object.entries(details.NetworkSettings.Ports ?? {}).flatMap(([key, bindings]) => {
      const [containerPort = "0", protocol = "tcp"] = key.split("/");
      return (bindings ?? []).map((binding) => ({
        address: binding.HostIp,
        hostPort: Number(binding.HostPort),
        containerPort: Number(containerPort),
        protocol,
      }));
    }),
  };
}

export function fromVersion(answer: EngineVersionAnswer): EngineVersion {
  return { version: answer.Version, apiVersion: answer.ApiVersion, os: answer.Os, architecture: answer.Arch };
}

export function fromInfo(info: EngineInfoAnswer, apiVersion: string): EngineInfo {
  const pools = info.DefaultAddressPools ?? [];
  const time = new Date(info.SystemTime ?? "");
  return {
    version: info.ServerVersion,
    apiVersion,
    storageDriver: info.Driver,
    cgroupVersion: info.CgroupVersion ?? "1",
    memoryBytes: info.MemTotal,
    cpus: info.NCPU,
    dataRoot: info.DockerRootDir,
    securityOptions: info.SecurityOptions ?? [],
    os: info.OperatingSystem,
    architecture: info.Architecture,
    ...surroundingsOf(info),
    ...(Number.isNaN(time.getTime()) ? {} : { time }),
    ...(pools.length > 0 && { addressPools: pools.map(({ Base: base, Size: size }) => ({ base, size })) }),
  };
}

function surroundingsOf(info: EngineInfoAnswer): EngineSurroundings {
  const { HttpProxy: http = "", HttpsProxy: https = "", NoProxy: except = "" } = info;
  const registries = Object.entries(info.RegistryConfig?.IndexConfigs ?? {});
  return {
    warnings: info.Warnings ?? [],
    ...(http === "" && https === "" ? {} : { proxies: { http, https, except } }),
    plainRegistries: registries.flatMap(([name, { Secure: secure }]) => (secure === false ? [name] : [])),
  };
}

/** What the engine says of an image, in our words. */
export function fromImageInspect(answer: ImageInspect): ImageDetails {
  return {
    id: answer.Id,
    layers: answer.RootFS?.Layers ?? [],
    os: answer.Os ?? "linux",
    architecture: answer.Architecture ?? "amd64",
    ...(answer.Variant === undefined || answer.Variant === "" ? {} : { variant: answer.Variant }),
    size: answer.Size ?? 0,
    tags: answer.RepoTags ?? [],
    digests: answer.RepoDigests ?? [],
  };
}
