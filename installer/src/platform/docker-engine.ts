import { RegistryError } from "../errors/installer-error.ts";
import {
  type ContainerDetails,
  type ContainerSummary,
  type EngineInfoAnswer,
  familiarReference,
  fromDetails,
  fromInfo,
  fromSummary,
} from "./docker/engine-answers.ts";
import { createEngineClient, type EngineClient, readBody } from "./docker/engine-client.ts";
import { exportCalls } from "./docker/image-export.ts";
import { importCalls } from "./docker/image-import.ts";
import { readFramedLines, readJsonLines } from "./docker/engine-streams.ts";
import { runOneShot } from "./docker/one-shot.ts";
import type { ContainerState, Docker, Exec } from "./ports.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Labels = Readonly<Record<string, string>>;

const projectLabel = "com.docker.compose.project";

/** The Docker engine of this machine, or the one DOCKER_HOST or the docker context names. */
export function createDockerEngine(env: Environment, exec: Exec): Docker {
  const client = createEngineClient(env);
  return {
    info: async () => {
      const [info, version] = await Promise.all([
        client.json<EngineInfoAnswer>("/info"),
        client.json<{ readonly ApiVersion: string }>("/version"),
      ]);
      return fromInfo(info, version.ApiVersion);
    },
    apiVersion: async () => {
      const answer = await client.stream("/_ping");
      await readBody(answer);
      return String(answer.headers["api-version"] ?? "");
    },
    composeVersion: async () => {
      const result = await exec.run("docker", ["compose", "version", "--short"], { allowFailure: true });
      return result.exitCode === 0 ? result.stdout.trim().replace(/^v/, "") : undefined;
    },
    ...containerCalls(client),
    ...imageCalls(client, exec),
    ...exportCalls(client),
    ...importCalls(client),
    ...volumeAndNetworkCalls(client),
    runOnce: (request) => runOneShot(client, request),
  };
}

type ContainerCalls = Pick<
  Docker,
  | "containers"
  | "containersLabelled"
  | "inspect"
  | "start"
  | "stop"
  | "restart"
  | "kill"
  | "removeContainer"
  | "wait"
  | "logs"
  | "followLogs"
  | "watch"
>;

function containerCalls(client: EngineClient): ContainerCalls {
  const list = async (labels: Labels): Promise<readonly ContainerState[]> => {
    const found = await client.json<readonly ContainerSummary[]>("/containers/json", {
      query: { all: true, filters: labelFilter(labels) },
    });
    return found.map(fromSummary).sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const post = async (id: string, verb: string, query = {}): Promise<void> => {
    await client.send(`/containers/${id}/${verb}`, { method: "POST", query });
  };
  return {
    containers: (project) => list({ [projectLabel]: project }),
    containersLabelled: list,
    inspect: async (id) => fromDetails(await client.json<ContainerDetails>(`/containers/${id}/json`)),
    start: (id) => post(id, "start"),
    stop: (id, seconds) => post(id, "stop", { t: seconds }),
    restart: (id, seconds) => post(id, "restart", { t: seconds }),
    kill: async (id) => {
      await client.send(`/containers/${id}/kill`, { method: "POST", accept: [404, 409] });
    },
    removeContainer: async (id) => {
      await client.send(`/containers/${id}`, { method: "DELETE", query: { force: true, v: true }, accept: [404] });
    },
    wait: async (id, signal) => {
      const call = { method: "POST" as const, ...(signal === undefined ? {} : { signal }) };
      return (await client.json<{ readonly StatusCode: number }>(`/containers/${id}/wait`, call)).StatusCode;
    },
    ...logCalls(client),
    watch: async (project, onChange, signal) => {
      const filters = JSON.stringify({ type: ["container"], label: [`${projectLabel}=${project}`] });
      const stream = await client.stream("/events", { query: { filters }, signal });
      // A broken stream is no failure: whoever waits also looks by himself from time to time.
      readJsonLines(stream, (event) => onChange((event as { Actor?: { ID?: string } }).Actor?.ID ?? "")).catch(
        () => undefined,
      );
    },
  };
}

function logCalls(client: EngineClient): Pick<Docker, "logs" | "followLogs"> {
  const query = (options: { readonly tail: number; readonly since?: string }) => ({
    stdout: true,
    stderr: true,
    tail: options.tail < 0 ? "all" : options.tail,
    since: options.since === undefined ? undefined : sinceSeconds(options.since),
  });
  return {
    logs: async (id, options) => {
      const lines: string[] = [];
      const stream = await client.stream(`/containers/${id}/logs`, { query: query(options) });
      await readFramedLines(stream, (line) => lines.push(line));
      return lines;
    },
    followLogs: async (id, options) => {
      try {
        const stream = await client.stream(`/containers/${id}/logs`, {
          query: { ...query(options), follow: true },
          signal: options.signal,
        });
        await readFramedLines(stream, options.onLine);
      } catch (error) {
        if (!options.signal.aborted) throw error;
      }
    },
  };
}

type ImageCalls = Pick<Docker, "imageId" | "imageIds" | "imageDigests" | "pull">;

interface ImageSummary {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly RepoDigests: readonly string[] | null;
}

function imageCalls(client: EngineClient, exec: Exec): ImageCalls {
  const imageIds = async (references: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const images = await client.json<readonly ImageSummary[]>("/images/json");
    const byName = new Map(
      images.flatMap((image) =>
        [image.Id, ...(image.RepoTags ?? []), ...(image.RepoDigests ?? [])].map((name) => [name, image.Id] as const),
      ),
    );
    const found = references.map((reference) => [reference, byName.get(familiarReference(reference))] as const);
    return new Map(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
  };
  return {
    imageIds,
    imageId: async (reference) => (await imageIds([reference])).get(reference),
    imageDigests: async (reference) => {
      const images = await client.json<readonly ImageSummary[]>("/images/json");
      const wanted = familiarReference(reference);
      const image = images.find((candidate) =>
        [candidate.Id, ...(candidate.RepoTags ?? []), ...(candidate.RepoDigests ?? [])].includes(wanted),
      );
      return image?.RepoDigests ?? [];
    },
    pull: async (reference, onProgress, signal) => {
      // The docker program knows the credential stores and helpers of this user.
      const result = await exec.run("docker", ["pull", reference], {
        allowFailure: true,
        onLine: onProgress,
        ...(signal === undefined ? {} : { signal }),
      });
      if (result.exitCode === 0) return;
      throw new RegistryError(`${reference} could not be pulled`, {
        hint: "check the reference, the network and docker login",
        details: result.stderr.trim().split("\n").slice(-5),
      });
    },
  };
}

type VolumeAndNetworkCalls = Pick<Docker, "volumes" | "createVolume" | "removeVolume" | "networks" | "removeNetwork">;

function volumeAndNetworkCalls(client: EngineClient): VolumeAndNetworkCalls {
  return {
    volumes: async (labels) => {
      const found = await client.json<{
        readonly Volumes:
          | readonly {
              readonly Name: string;
              readonly Labels: Labels | null;
              readonly Mountpoint: string;
              readonly Options: { readonly device?: string } | null;
            }[]
          | null;
      }>("/volumes", { query: { filters: labelFilter(labels) } });
      return (found.Volumes ?? []).map((volume) => ({
        name: volume.Name,
        labels: volume.Labels ?? {},
        mountpoint: volume.Mountpoint,
        ...(volume.Options?.device === undefined ? {} : { hostPath: volume.Options.device }),
      }));
    },
    createVolume: async (name, labels, hostPath) => {
      const options = hostPath === undefined ? {} : { DriverOpts: { type: "none", o: "bind", device: hostPath } };
      await client.send("/volumes/create", { method: "POST", body: { Name: name, Labels: labels, ...options } });
    },
    removeVolume: async (name) => {
      await client.send(`/volumes/${name}`, { method: "DELETE", accept: [404] });
    },
    networks: async (project) => {
      const filters = labelFilter({ [projectLabel]: project });
      const found = await client.json<readonly { readonly Id: string; readonly Name: string }[]>("/networks", {
        query: { filters },
      });
      return found.map((network) => ({ id: network.Id, name: network.Name }));
    },
    removeNetwork: async (id) => {
      await client.send(`/networks/${id}`, { method: "DELETE", accept: [404] });
    },
  };
}

function labelFilter(labels: Labels): string {
  return JSON.stringify({ label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) });
}

/** Docker's notation (`10m`, `2h30m`, a date) as seconds since the epoch, which is all the API reads. */
function sinceSeconds(since: string): string {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
  if (/^(\d+[smhd])+$/.test(since)) {
    const ago = [...since.matchAll(/(\d+)([smhd])/g)].reduce(
      (sum, [, count, unit]) => sum + Number(count) * (units[unit ?? "s"] ?? 1),
      0,
    );
    return String(Math.floor(Date.now() / 1000) - ago);
  }
  const parsed = Date.parse(since);
  return Number.isNaN(parsed) ? since : String(Math.floor(parsed / 1000));
}
