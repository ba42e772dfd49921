import type { Readable } from "node:stream";
import type { EngineSurroundings } from "./engine-surroundings.ts";
import type { LogReading } from "./log-reading.ts";

/** What the engine needs of the world. `cli/` builds the adapters in this folder and hands them down; tests hand in fakes. */

export interface RunOptions {
  readonly cwd?: string;
  /** Added to a minimal environment (PATH, HOME, LANG, DOCKER_*, proxy variables). */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called for each line of stdout and stderr as it comes. */
  readonly onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Do not throw on a non-zero exit status. */
  readonly allowFailure?: boolean;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts programs: argument vectors only, no shell. */
export interface Exec {
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

export interface Clock {
  /** Wall clock. */
  now(): Date;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What stands at a path itself; a link is not followed. */
export interface FileStat {
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  readonly directory: boolean;
  /** Neither file nor directory: a link, a device, a pipe, a socket. */
  readonly special?: boolean;
  /** When its contents were last changed, in milliseconds since 1970; absent where that is not known. */
  readonly modifiedMs?: number;
}

export interface FileSystem {
  readText(path: string): Promise<string>;
  /** Undefined when the file does not exist. */
  readTextIfPresent(path: string): Promise<string | undefined>;
  /**
   * Temp file in the same directory, fsync, rename, fsync of the directory. Refuses to follow a link. Without `flush` nothing
   * waits for the disk: for what the same command makes again, should a power cut have spoilt it.
   */
  writeAtomic(
    path: string,
    contents: string | Uint8Array,
    options?:
      | { readonly mode?: number; readonly owner?: number; readonly flush?: true }
      | { readonly mode?: number; readonly owner?: undefined; readonly flush: false },
  ): Promise<void>;
  appendDurable(path: string, line: string): Promise<void>;
  /** Appends without waiting for the disk; for logs. */
  append(path: string, text: string): Promise<void>;
  /** Makes it and its parents; sets the mode also when it is there. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /** The first of this path and its parents in which others could plant files; undefined when there is none. */
  foreignWritable(path: string): Promise<string | undefined>;
  /** A new folder, 0700, where the system keeps what is not needed for long; whoever made it removes it. */
  makeTemporary(): Promise<string>;
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  readBytes(path: string): Promise<Uint8Array>;
  /** Changes mode and owner in place, without following a link. */
  setOwner(path: string, owner: number, mode: number): Promise<void>;
  stat(path: string): Promise<FileStat | undefined>;
  remove(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
  /** Bytes of the disk where the path is or would be, free or not. */
  diskBytes(path: string): Promise<number>;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  /** Compose service name. */
  readonly service: string;
  readonly image: string;
  readonly imageId: string;
  readonly state: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  readonly health: "none" | "starting" | "healthy" | "unhealthy";
  readonly exitCode?: number;
  /** How long it has been up, in the engine's words: `3 hours`. */
  readonly uptime?: string;
  readonly startedAt?: string;
  /** Of one that does not run, and whether the kernel ended it for lack of memory. */
  readonly ended?: { readonly at: string; readonly outOfMemory: boolean };
  readonly restarts?: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Engine names of the networks it is attached to; sorted. */
  readonly networks: readonly string[];
  /** Ids of those networks by name; without those it was never started on. */
  readonly networkIds?: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly address: string;
    readonly hostPort: number;
    readonly containerPort: number;
    readonly protocol: string;
  }[];
}

export interface EngineInfo extends EngineSurroundings {
  readonly version: string;
  readonly apiVersion: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly dataRoot: string;
  readonly securityOptions: readonly string[];
  readonly os: string;
  readonly architecture: string;
  /** Ranges that networks are taken from, in parts of `size` bits, where the engine was given some: `default-address-pools`. */
  readonly addressPools?: readonly { readonly base: string; readonly size: number }[];
  /** The socket of this machine that it is reached by, where it is one. */
  readonly socket?: string;
  /** What its clock said when it was asked. */
  readonly time?: Date;
}

export interface EngineVersion {
  readonly version: string;
  /** The newest API version it speaks: `1.45`. */
  readonly apiVersion: string;
  /** As images name them: `linux`, `amd64`. */
  readonly os: string;
  readonly architecture: string;
}

export interface VolumeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mountpoint: string;
  /** The directory of the host that the volume is bound to, when it is. */
  readonly hostPath?: string;
}

export interface NetworkState {
  readonly id: string;
  readonly name: string;
  /** `172.17.0.0/16`. */
  readonly subnets: readonly string[];
  /** The interface of the engine's host that it is, where it is one, and the IPv4 address which that must have. */
  readonly bridge?: { readonly device: string; readonly address?: string };
}

/** An image as the engine has it. */
export interface ImageDetails {
  /** `sha256:…`: with graph drivers the digest of the configuration, with the containerd store that of index or manifest. */
  readonly id: string;
  /** Digests of the unpacked layers, lowest first. */
  readonly layers: readonly string[];
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** Bytes, unpacked, as the engine counts them. */
  readonly size: number;
  /** `slipway/nats:4cc2…`, as the engine writes them. */
  readonly tags: readonly string[];
  /** `name@sha256:…` of every registry it was pulled from. */
  readonly digests: readonly string[];
}

/** What a list of the engine's images tells. */
export interface FoundImages {
  /** By reference, of those that were asked for. */
  readonly ids: ReadonlyMap<string, string>;
  /** `name@sha256:…`, one for each name it was pulled under, by image id; empty for one that was built here. */
  readonly digests: ReadonlyMap<string, readonly string[]>;
}

export interface ImagePull {
  /** By tag or digest. */
  readonly reference: string;
  readonly credentials?:
    | { readonly kind: "password"; readonly username: string; readonly password: string }
    | { readonly kind: "identity-token"; readonly token: string };
  readonly onProgress: (detail: string) => void;
  readonly signal: AbortSignal;
}

/** The Docker engine, as far as Slipway uses it; Compose itself runs as a program. */
export interface Docker {
  /** @throws PreflightError when no engine answers; the hint tells not installed, not running and no permission apart */
  info(): Promise<EngineInfo>;
  /** What it is, for people and for the renderer; a cheap question. Throws as `info` does. */
  version(): Promise<EngineVersion>;
  composeVersion(): Promise<string | undefined>;
  /** Containers of the Compose project, stopped ones too; without restart counts, which `inspect` has. */
  containers(project: string): Promise<readonly ContainerState[]>;
  /** Containers with all these labels, stopped ones too. */
  containersLabelled(labels: Readonly<Record<string, string>>): Promise<readonly ContainerState[]>;
  inspect(id: string): Promise<ContainerState>;
  start(id: string): Promise<void>;
  stop(id: string, seconds: number): Promise<void>;
  restart(id: string, seconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  /** Ends it at once. */
  kill(id: string): Promise<void>;
  /** Runs a program in a container that is up, as its user; `lines` are those of its standard output. */
  exec(
    id: string,
    command: readonly string[],
  ): Promise<{ readonly exitCode: number; readonly lines: readonly string[] }>;
  /** Resolves with the exit status when the container ends. */
  wait(id: string, signal?: AbortSignal): Promise<number>;
  logs(id: string, options: { readonly tail: number; readonly since?: string }): Promise<readonly string[]>;
  /** Every line that was written until now, one by one: none is kept, however many there are. */
  readLogs(id: string, options: LogReading): Promise<void>;
  followLogs(id: string, options: LogReading): Promise<void>;
  /** Health and state changes of the project's containers until the signal aborts. Resolves once nothing is missed any more. */
  watch(project: string, onChange: (containerId: string) => void, signal: AbortSignal): Promise<void>;
  imageId(reference: string): Promise<string | undefined>;
  /** What of these references the engine has, and the digests of every image, in one request. */
  findImages(references: readonly string[]): Promise<FoundImages>;
  /** Image ids of those references that the engine has, in one request. */
  imageIds(references: readonly string[]): Promise<ReadonlyMap<string, string>>;
  imageDigests(reference: string): Promise<readonly string[]>;
  /** Undefined when the engine does not have the image. */
  imageDetails(reference: string): Promise<ImageDetails | undefined>;
  /** The images as one uncompressed tar, as `docker save` writes it; must be read to its end or destroyed. */
  exportImages(references: readonly string[], signal: AbortSignal): Promise<Readable>;
  pull(reference: string, onProgress: (detail: string) => void, signal?: AbortSignal): Promise<void>;
  /** Pulls by the engine itself, with no more credentials than are given. Throws RegistryError with what the engine said. */
  pullImage(request: ImagePull): Promise<void>;
  /** Takes images from a tar as `docker save` writes it. */
  loadImages(archive: Readable, onProgress: (detail: string) => void, signal: AbortSignal): Promise<void>;
  /** Gives an image that is there another reference. */
  tagImage(reference: string, target: string): Promise<void>;
  /** Takes a reference away; the image stays while it has another. */
  removeImageReference(reference: string): Promise<void>;
  volumes(labels: Readonly<Record<string, string>>): Promise<readonly VolumeState[]>;
  createVolume(name: string, labels: Readonly<Record<string, string>>, hostPath?: string): Promise<void>;
  removeVolume(name: string): Promise<void>;
  /** Of the Compose project; without one, all networks of the engine, whoever made them. */
  networks(project?: string): Promise<readonly NetworkState[]>;
  removeNetwork(id: string): Promise<void>;
  /** Runs a one-shot container to its end and removes it. */
  runOnce(request: OneShot): Promise<{ readonly exitCode: number; readonly output: readonly string[] }>;
}

/** Images of an engine: looked up, taken out, put in, pulled. What bundles and pushes need of it. */
export type ImageStore = Pick<
  Docker,
  | "info"
  | "version"
  | "imageId"
  | "findImages"
  | "imageIds"
  | "imageDigests"
  | "imageDetails"
  | "exportImages"
  | "pull"
  | "pullImage"
  | "loadImages"
  | "tagImage"
  | "removeImageReference"
>;

export interface OneShot {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly name?: string;
  readonly networks?: readonly string[];
  readonly binds?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities?: readonly string[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Lines of stdout as they come; stderr is only in the output. */
  readonly onLine?: (line: string) => void;
}

/** The host, for preflight and doctor. */
export interface Host {
  memoryBytes(): Promise<number>;
  cpuCount(): number;
  isRoot(): boolean;
  uid(): number;
  /** Tries to bind; undefined when it worked, else the reason. */
  bindError(address: string, port: number): Promise<string | undefined>;
  /** Tries to connect by TCP; undefined when it worked, else the reason. */
  connectError(host: string, port: number): Promise<string | undefined>;
  resolve(name: string): Promise<readonly string[]>;
  processAlive(pid: number): boolean;
  bootId(): Promise<string>;
}

/** Randomness fit for secrets. */
export interface Random {
  bytes(count: number): Uint8Array;
  uuid(): string;
}

/** Who holds a lock, as its file tells. */
export interface LockHolder {
  readonly pid: number;
  /** Who runs it and where: `anna@laptop`. Older versions did not tell. */
  readonly owner?: string;
  readonly bootId: string;
  /** When the run began. */
  readonly startedAt: string;
  /** The command as typed, without values of flags that could be secret. */
  readonly command: string;
  readonly run: string;
}

export type LockAttempt =
  | {
      readonly held: true;
      readonly release: () => Promise<void>;
      /** Who held it before, as far as the file tells: they hold it no more. */
      readonly previous: LockHolder | undefined;
    }
  | { readonly held: false; readonly holder: LockHolder | undefined };

export type NameHolder = (previous: LockHolder | undefined) => LockHolder;

/** Locks of the host, which end with the process that holds them. */
export interface Locks {
  /** Answers at once; never waits. What the file tells may depend on who held it before. */
  tryAcquire(path: string, holder: LockHolder | NameHolder): Promise<LockAttempt>;
}

/** Facts about this process, for the lock file and the log. */
export interface ProcessInfo {
  readonly pid: number;
  /** Who runs it and where: `anna@laptop`. */
  readonly owner: string;
  readonly command: string;
}

/** Where tests end the program or hold it: called with the name of every point that is passed; does nothing otherwise. */
export type Failpoint = (name: string) => Promise<void> | undefined;
