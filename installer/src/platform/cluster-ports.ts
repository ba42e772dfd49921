import type { Readable, Writable } from "node:stream";

/** What a Kubernetes cluster is asked. `platform/kubernetes/` is the real one; tests hand in fakes. */

/** An object as the API server has it, and as it is sent. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeMetadata;
  /** `spec`, `status`, `data`, …: whoever reads them says what they are. */
  readonly [field: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  /** Absent for what belongs to no namespace. */
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
}

/** A kind of object: `{ apiVersion: "apps/v1", kind: "Deployment" }`. */
export interface KubeKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface ObjectRef extends KubeKind {
  readonly name: string;
  readonly namespace?: string;
}

export interface ObjectQuery {
  /** All namespaces when absent. */
  readonly namespace?: string;
  /** `app.kubernetes.io/instance=slipway`. */
  readonly labels?: string;
  /** `involvedObject.name=web`. */
  readonly fields?: string;
}

export interface ApplyOptions {
  /** Field manager. */
  readonly manager: string;
  /** Takes over fields of other managers. */
  readonly force?: boolean;
  /** Goes through admission and changes nothing. */
  readonly dryRun?: boolean;
}

export interface RemoveOptions {
  /** Whether what it owns goes, too, before it (`Foreground`) or after it (`Background`), or stays (`Orphan`). */
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  readonly graceSeconds?: number;
  /** Only this very object. */
  readonly uid?: string;
}

export interface ObjectEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface PodLogOptions {
  /** Lines from the end; all of them when negative. */
  readonly tail: number;
  /** `10m`, or a time such as `2026-11-21T10:00:00Z`. */
  readonly since?: string;
  /** Of the container that ended before this one. */
  readonly previous?: boolean;
}

export interface ProgramStreams {
  /** Nothing more is read of it once the program has ended: it is destroyed. */
  readonly input?: Readable;
  readonly output: Writable;
  readonly errors: Writable;
  /** A terminal in the container; its size follows that of this process's own. */
  readonly terminal: boolean;
}

/** Where a cluster is, for messages and records. */
export interface ClusterPlace {
  /** Name of the context in the kubeconfig. */
  readonly context: string;
  /** URL of its API server. */
  readonly server: string;
  /** Namespace of that context; `default` where it has none. */
  readonly namespace: string;
  /** Nobody looks at the API server's certificate (`insecure-skip-tls-verify`): passwords would go to whoever answers at its address. */
  readonly unverified?: true;
}

/**
 * One cluster. Every call throws PreflightError when the cluster does not answer or does not know who asks (the hint tells not reachable,
 * expired, wrong certificate and not signed in apart), and ClusterRefusal for everything else that it refuses.
 */
export interface Cluster {
  /** @throws PreflightError when there is no kubeconfig, or the context is not in it */
  place(): ClusterPlace;
  /** `{ version: "v1.35.4", platform: "linux/amd64" }`. */
  version(): Promise<{ readonly version: string; readonly platform: string }>;
  /** Whether the server has this kind. */
  knows(kind: KubeKind): Promise<boolean>;
  /** Undefined when it is not there. */
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** Everything that fits, page by page. Nothing where the server does not have the kind. */
  list(kind: KubeKind, query: ObjectQuery): Promise<readonly KubeObject[]>;
  /** As `list` does, with names, labels and owners only: what lists of large objects cost less by. */
  listMetadata(kind: KubeKind, query: ObjectQuery): Promise<readonly KubeObject[]>;
  /** Server-side apply, with strict validation of fields. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** Throws ClusterRefusal with status 409 when it is there already. */
  create(object: KubeObject, options?: Pick<ApplyOptions, "dryRun">): Promise<KubeObject>;
  /** Replaces it as it was read; throws ClusterRefusal with status 409 when somebody changed it in between. */
  replace(object: KubeObject): Promise<KubeObject>;
  /** Merge patch (RFC 7386): null takes a field away. Undefined when it is not there. */
  merge(
    ref: ObjectRef,
    patch: object,
    options?: { readonly subresource?: "scale" | "status"; readonly dryRun?: boolean },
  ): Promise<KubeObject | undefined>;
  /** Whether it was there. */
  remove(ref: ObjectRef, options?: RemoveOptions): Promise<boolean>;
  /**
   * Everything that fits now, as ADDED, then every change until the signal aborts; begins anew where the server ends it. Resolves once the
   * first of them have been handed over. Errors later on are tried again with pauses; `onLost` is told when that goes on for long.
   */
  watch(
    kind: KubeKind,
    query: ObjectQuery,
    onEvent: (event: ObjectEvent) => void,
    options: { readonly signal: AbortSignal; readonly onLost?: (error: unknown) => void },
  ): Promise<void>;
  logs(container: ContainerRef, options: PodLogOptions): Promise<readonly string[]>;
  /** Every line that was printed until now, one by one: none is kept, however many there are. */
  readLogs(
    container: ContainerRef,
    options: PodLogOptions & { readonly signal: AbortSignal; readonly onLine: (line: string) => void },
  ): Promise<void>;
  /** Until the signal aborts or the container ends. */
  followLogs(
    container: ContainerRef,
    options: PodLogOptions & { readonly signal: AbortSignal; readonly onLine: (line: string) => void },
  ): Promise<void>;
  /** Runs a program in a container that runs; resolves with its exit status. */
  exec(
    container: ContainerRef,
    command: readonly string[],
    streams: ProgramStreams,
    signal?: AbortSignal,
  ): Promise<number>;
  /** Connects to the container's own program until it ends. */
  attach(container: ContainerRef, streams: ProgramStreams, signal?: AbortSignal): Promise<void>;
  /** Closes connections that are kept for the next request. */
  close(): void;
}

/** Which cluster is meant; nothing is read before the first call. */
export interface ClusterChoice {
  /** A context of the kubeconfig; its current one when absent. */
  readonly context?: string;
}
