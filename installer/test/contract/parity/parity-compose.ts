import { noticesFolder } from "../../../src/render/compose/compose-service.ts";
import { parse } from "yaml";
import type { Rendering } from "../../../src/render/rendering.ts";
import { renderedFileToString } from "../../../src/render/rendered-file.ts";
import type { Reference } from "../../support/compose-reference.ts";
import type { ParityUnit, ParityUnits } from "./parity-unit.ts";

interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly user: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[];
  readonly tmpfs?: readonly string[];
  readonly cpus: number;
  readonly mem_limit: string;
  readonly pids_limit?: number;
  readonly shm_size?: string;
  readonly pull_policy: string;
  readonly logging?: unknown;
  readonly read_only?: boolean;
  readonly profiles?: readonly string[];
  readonly healthcheck: { readonly test: readonly string[]; readonly start_period: string };
  readonly stop_grace_period: string;
  readonly stop_signal?: string;
  readonly ports?: readonly { readonly published: string; readonly target: number }[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

/** A rendering as it would be read back from disk. */
export function composeOutput(rendering: Pick<Rendering, "files">): Pick<Reference, "compose" | "files"> {
  const files = new Map(rendering.files.map((file) => [file.path, renderedFileToString(file)]));
  return { compose: parse(files.get("compose.yaml") ?? "") as Reference["compose"], files };
}

/** Units of a Compose rendering; strings as a container would see them. */
export function composeUnits({ compose, files }: Pick<Reference, "compose" | "files">): ParityUnits {
  const services = compose.services as Readonly<Record<string, Service>>;
  return new Map(Object.entries(services).map(([id, service]) => [id, composeUnit(id, service, files)]));
}

function composeUnit(id: string, service: Service, files: ReadonlyMap<string, string>): ParityUnit {
  const isJob = service.profiles?.includes("jobs") === true;
  const mounts = service.volumes ?? [];
  const notices = `./${noticesFolder(id)}`;
  return {
    form: isJob ? "job" : "service",
    image: service.image,
    entrypoint: (service.entrypoint ?? []).map(literal),
    command: (service.command ?? []).map(literal),
    uid: service.user,
    env: Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, literal(value)])),
    files: Object.fromEntries(
      mounts
        .filter(({ type, source }) => type === "bind" && source !== notices)
        .map(({ source, target }) => [target, files.get(source.replace("./", "")) ?? "missing"]),
    ),
    notices: mounts.find(({ source }) => source === notices)?.target,
    scratch: { ...Object.fromEntries((service.tmpfs ?? []).map(scratch)), ...sharedMemory(service.shm_size) },
    volumes: Object.fromEntries(
      mounts
        .filter(({ type }) => type === "volume")
        .map(({ source, target }) => [target, source.slice(source.lastIndexOf("-") + 1)]),
    ),
    cpus: service.cpus,
    mebibytes: mebibytes(service.mem_limit),
    pids: service.pids_limit,
    pullPolicy: service.pull_policy,
    logging: service.logging === undefined ? undefined : "rotated",
    readOnly: service.read_only === true,
    service: isJob
      ? undefined
      : {
          ready: probeText(service.healthcheck.test, id).replaceAll("$$", "$"),
          startSeconds: Number.parseInt(service.healthcheck.start_period, 10),
          stopSeconds: Number.parseInt(service.stop_grace_period, 10),
          stopSignal: service.stop_signal,
          published: (service.ports ?? []).map((port) => `${port.published}:${port.target}`).sort(),
          after: Object.keys(service.depends_on ?? {}).sort(),
        },
  };
}

/** Compose reads `$$` as one dollar. */
function literal(value: string): string {
  return value.replaceAll("$$", "$");
}

function scratch(line: string): readonly [string, { readonly mebibytes: number; readonly options: string }] {
  const [path = "", options = ""] = line.split(":");
  const size = /size=(\d+)m/.exec(options)?.[1];
  return [path, { mebibytes: Number(size), options }];
}

function sharedMemory(
  size: string | undefined,
): Readonly<Record<string, { readonly mebibytes: number; readonly options: string }>> {
  return size === undefined ? {} : { "/dev/shm": { mebibytes: mebibytes(size), options: "shm" } };
}

function mebibytes(size: string): number {
  if (!/^\d+m$/.test(size)) throw new RangeError(`${size} is not in mebibytes`);
  return Number.parseInt(size, 10);
}

function probeText(test: readonly string[], id: string): string {
  const [kind, ...command] = test;
  if (kind !== "CMD") throw new RangeError(`${id}: healthcheck is not a command of words`);
  if (command[0] !== "probe" || command.length !== 3) return `exec ${JSON.stringify(command)}`;
  return command[1] === "http"
    ? `http ${(command[2] ?? "").replace("http://127.0.0.1:", ":")}`
    : `tcp ${(command[2] ?? "").replace("127.0.0.1", "")}`;
}
