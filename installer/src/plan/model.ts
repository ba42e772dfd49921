/**
 * The Plan: the one description of a platform that renderers, executors, verify, status and docs read.
 * Plain, serialisable data. It names no target (Compose, Kubernetes) and holds no secret, only names of secrets.
 */

import type { ClusterValues } from "../values/values.generated.ts";
import type { Console } from "./console.ts";
import type { EdgeKey, Route } from "./routes.ts";
import type { SecretSpec } from "./secret-specs.ts";
import type { DataClass, Volume } from "./volumes.ts";

export type { EdgeKey, PageCare, QueryField, Route } from "./routes.ts";
export type { SecretGenerator, SecretSpec } from "./secret-specs.ts";
export type { DataClass, Volume } from "./volumes.ts";

export interface Plan {
  readonly apiVersion: "slipway/v1";
  readonly kind: "Plan";
  readonly install: InstallIdentity;
  readonly settings: PlanSettings;
  /** Dependencies before dependents; ties by id. */
  readonly components: readonly Component[];
  readonly jobs: readonly Job[];
  readonly secrets: readonly SecretSpec[];
  readonly listeners: readonly Listener[];
  readonly routes: readonly Route[];
  /** Secrets that open everything inside; who shows one to the gateway is answered 403. */
  readonly insideKeys: readonly string[];
  readonly edgeKeys: readonly EdgeKey[];
  readonly wires: readonly Wire[];
}

export interface InstallIdentity {
  /** Compose project, release, prefix of volumes and networks. */
  readonly name: string;
  readonly profile: string;
  readonly edition: string;
  /** Version of Slipway that built this plan. */
  readonly version: string;
}

export interface PlanSettings {
  readonly timezone: string;
  readonly domain: string;
  readonly addressing: "domain" | "port";
  readonly bindAddress: string;
  readonly tls: "off" | "self-signed" | "files";
  /** Public URL of the platform, without a trailing slash. */
  readonly mainUrl: string;
  readonly logs: { readonly maxSize: string; readonly maxFiles: number };
  /** Directory that holds every volume, or undefined for the target's own volumes. */
  readonly dataDir?: string;
  readonly pullPolicy: "missing" | "always" | "never";
  /** Nobody outside reaches it, and it reaches nobody: a second platform of the same data, to try it on. */
  readonly isolated?: true;
  /** It has to outlast the loss of a machine. */
  readonly severalMachines?: true;
  /** How the platform lies in a cluster, for a target that is one; `namespace` is never empty. */
  readonly cluster: ClusterSettings;
}

export type ClusterSettings = ClusterValues;

export interface LocalizedText {
  readonly en: string;
  readonly zh: string;
}

/** Where a component's traffic lives. The target turns zones and edges into networks or network policies. */
export type Zone = "edge" | "app" | "data";

/** `gateway`: listeners and routes lead through it. `sign-in`: people's accounts are there. `page`: it says what runs here. */
export type ComponentRole = "gateway" | "sign-in" | "page";

export interface Component {
  readonly id: string;
  readonly title: LocalizedText;
  readonly purpose: LocalizedText;
  readonly presence: "embedded" | "external" | "off";
  /** Its part in the whole, where others have to find it by that. */
  readonly role?: ComponentRole;
  readonly zone: Zone;
  /** The value that asks for it, where it can be on one host alone. */
  readonly onlyOnOneHost?: string;
  /** Absent when the component is external or off. */
  readonly workload?: Workload;
  readonly endpoints: readonly Endpoint[];
  /** What must be so before this component starts. */
  readonly needs: readonly Dependency[];
  /** Endpoints this component opens connections to, `component.endpoint`; sorted. */
  readonly reaches: readonly string[];
  readonly published: readonly PublishedPort[];
  readonly volumes: readonly Volume[];
  readonly databases: readonly Store[];
  readonly buckets: readonly Store[];
  /** How a person gets into what it keeps, where that is more than its own pages. */
  readonly console?: Console;
  /** Addresses people open, for status, the page and the summary. */
  readonly links: readonly Link[];
  readonly registrations?: readonly Registration[];
  /** Secret with the first password for `links`, if there is a login. */
  readonly firstPassword?: { readonly user: string; readonly secret: string };
}

/** A container that keeps running. */
export interface Workload {
  readonly container: Container;
  /** Copies that run; `maxReplicas` may, while they are busy, where their number is not fixed. */
  readonly replicas: number;
  readonly maxReplicas?: number;
  readonly health: Health;
  /** Seconds to stop cleanly before it is killed. */
  readonly stopSeconds: number;
  readonly stopSignal?: string;
  /** Whether two copies may run side by side while one is replaced. */
  readonly update: "rolling" | "recreate";
}

export interface Container {
  readonly image: Image;
  readonly command?: readonly string[];
  /** Replaces the image's entry point; only where the image's own cannot serve. */
  readonly entrypoint?: readonly string[];
  /** User and group id, fixed and >= 10000; 0 only for the job of an `ImageFolder`. */
  readonly uid: number;
  readonly env: readonly EnvVariable[];
  readonly files: readonly ConfigFile[];
  readonly mounts: readonly VolumeMount[];
  /** Writable memory-backed directories on the otherwise read-only root. */
  readonly scratch: readonly Scratch[];
  /**
   * A folder that a run writes to while the container serves, mounted read-only. What lies there is read anew at each use and is no
   * part of the configuration: it restarts nothing.
   */
  readonly notices?: string;
  readonly resources: Resources;
}

export interface Image {
  /** Name in the catalogue. */
  readonly name: string;
  /** `repository:tag` or `repository@sha256:…`, with the configured registry applied. */
  readonly reference: string;
  /** `built` by us, `third-party` by reference, or named in the values. */
  readonly source: "built" | "third-party" | "values";
}

export interface EnvVariable {
  readonly name: string;
  readonly value: Text;
  /** Why a secret stands in the environment; required exactly when the value has a secret slot. */
  readonly secretReason?: string;
}

export interface ConfigFile {
  /** Absolute path in the container; mounted read-only. */
  readonly path: string;
  readonly contents: FileContents;
}

export type FileContents =
  | { readonly kind: "text"; readonly text: Text }
  /** Serialised as JSON (which YAML readers accept); slots become JSON strings. */
  | { readonly kind: "json"; readonly value: Slotted }
  /** The gateway's nginx configuration, made from the plan's listeners and routes. */
  | { readonly kind: "nginx-gateway" }
  /** A page that says what runs here, made from the plan's components. */
  | { readonly kind: "landing-page"; readonly language: "en" | "zh" }
  | { readonly kind: "landing-style" };

/** Literals and slots, joined without anything between them. */
export type Text = readonly TextPart[];
export type TextPart = string | Slot;

export type Slot = SecretSlot | EndpointSlot;

export interface SecretSlot {
  readonly slot: "secret";
  readonly name: string;
  /** For secrets made of several files, for example `certificate`; `former` is the one before of a secret that is replaced in a store. */
  readonly part?: string;
  readonly as: Encoding;
}

export interface EndpointSlot {
  readonly slot: "endpoint";
  /** `component.endpoint` */
  readonly ref: string;
  readonly field: "host" | "port" | "hostPort" | "url";
  /** Stands here when no component of this plan offers the endpoint; without it that is an error. */
  readonly fallback?: string;
}

/** How a value is escaped for the text around it. `quoted` is a JSON string without its outer quotes: also right in TOML and YAML double quotes. `shell` stands between single quotes of a POSIX shell. */
export type Encoding = "raw" | "url" | "quoted" | "base64" | "shell";

/** A JSON document whose leaves may be slots. Numbers of endpoints (`field: "port"`) become JSON numbers. */
export type Slotted =
  | null
  | boolean
  | number
  | string
  | Slot
  | { readonly concat: Text }
  | readonly Slotted[]
  | { readonly [key: string]: Slotted };

export interface VolumeMount {
  /** Name of a volume of the same component, unless another is named. */
  readonly volume: string;
  readonly component?: string;
  readonly path: string;
  /** Who mounts it only reads there. */
  readonly readOnly?: true;
}

export interface Scratch {
  readonly path: string;
  readonly sizeMiB: number;
  /** May programs in it be run; no by default. */
  readonly exec?: boolean;
}

export interface Resources {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly pids: number;
  readonly shmMiB?: number;
  /** Work that can wait: where processors are short, everybody else has them first. */
  readonly yields?: true;
}

export interface Store {
  readonly name: string;
  readonly dataClass: DataClass;
  /** Other components that use it. */
  readonly usedBy: readonly string[];
}

export interface Health {
  /** Able to serve: dependents wait for this. */
  readonly ready: Probe;
  /** Alive: restarted when it fails for long. */
  readonly live: Probe;
  /** Longest time a first start may take, seconds. */
  readonly startSeconds: number;
}

export type Probe =
  | { readonly kind: "http"; readonly port: number; readonly path: string }
  | { readonly kind: "tcp"; readonly port: number }
  | { readonly kind: "exec"; readonly command: readonly string[] };

export type Protocol = "postgres" | "redis" | "http" | "grpc" | "nats" | "ssh" | "s3";

export interface Endpoint {
  readonly id: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly tls: boolean;
  /** Set when the service is somewhere else: the host from the values. */
  readonly externalHost?: string;
}

export type Dependency =
  | { readonly kind: "healthy"; readonly component: string }
  | { readonly kind: "completed"; readonly job: string };

/** A port of the host that leads to a container. */
export interface PublishedPort {
  /** Port of the host. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly address: string;
  readonly purpose: string;
}

export interface Link {
  readonly title: LocalizedText;
  readonly url: string;
}

/** Something of this platform that people must enter at a service outside, or a component does not work. */
export interface Registration {
  readonly place: string;
  readonly what: LocalizedText;
  readonly value: string;
}

/** Runs to its end, once; safe to repeat. */
export interface Job {
  readonly id: string;
  /** The component it prepares. */
  readonly component: string;
  readonly title: string;
  readonly container: Container;
  readonly needs: readonly Dependency[];
  readonly reaches: readonly string[];
  readonly deadlineSeconds: number;
  /** It waits by itself until the services that it needs serve, so that it may begin when they do. */
  readonly waits?: true;
  /** It signs in with secrets and hands none on: what it made is the same with others, and is not made again for one that was replaced. */
  readonly outlastsSecrets?: true;
  /** Part of every bring-up, or only run when asked for (`verify`, consoles). */
  readonly trigger: "bring-up" | "request";
  /** What it makes, in words, for plan and docs. */
  readonly makes: readonly string[];
  /** Arguments with which its container only says what it would set right. */
  readonly probeArguments?: readonly string[];
  /** What it reads from standard input and writes to standard output is nobody else's, and no log has it. */
  readonly isPrivate?: true;
  /** People change what it sets by the service's own means, so that a plan looks for it. */
  readonly editedByPeople?: true;
  /** A quick question to a service: what the job finds is as before while the answer is. It names everything that the job looks at. */
  readonly stamp?: { readonly component: string; readonly command: readonly string[] };
}

/** Something the gateway listens on. */
export interface Listener {
  readonly id: string;
  readonly host: string;
  /** Port inside the gateway. */
  readonly port: number;
  /** Port published on the host. */
  readonly publicPort: number;
  readonly tls: boolean;
  readonly url: string;
}

/** A connection that must work, proved by `verify` as the consumer would use it. `check` is a document of the toolbox. */
export interface Wire {
  readonly id: string;
  readonly from: string;
  /** `component.endpoint` */
  readonly to: string;
  readonly expectation: string;
  readonly check: Readonly<Record<string, Slotted>>;
  /** Tried only when it is asked for: it makes things as a person would, and takes them away again. */
  readonly journey?: true;
}
