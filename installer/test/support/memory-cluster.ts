import { ApplyError, PreflightError } from "../../src/errors/installer-error.ts";
import type {
  Cluster,
  ClusterPlace,
  KubeKind,
  KubeObject,
  ObjectEvent,
  ObjectQuery,
  ObjectRef,
  ProgramStreams,
} from "../../src/platform/cluster-ports.ts";

/** What the cluster says instead of doing what it was asked. */
export class ClusterRefusal extends ApplyError {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The verbs of the port, as `calls` counts them. */
export type ClusterVerb = "get" | "list" | "apply" | "create" | "replace" | "merge" | "remove" | "watch";

/** What an access review asks about; without a namespace, about the whole cluster. */
export interface AccessQuestion {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
}

export interface MemoryCluster {
  readonly cluster: Cluster;
  /** Every object, as it is now; in the order they were made. */
  all(kind?: string): readonly KubeObject[];
  /** One object by kind and name, wherever it is; undefined when it is not there. */
  find(kind: string, name: string): KubeObject | undefined;
  /** Puts an object there as somebody else would, or as a controller does: also `status`. */
  put(object: KubeObject): KubeObject;
  /** Takes an object away, as somebody else would. */
  take(kind: string, name: string): void;
  /** Every request that was answered or refused, `verb Kind/name`. */
  readonly calls: string[];
  /** Refuses a request; throw a ClusterRefusal in it. Called before anything is looked at. */
  refuse: ((verb: ClusterVerb, ref: Partial<ObjectRef>) => void) | undefined;
  /** Whether whoever asks may do something, as an access review answers it; everything without it. */
  allows: ((question: AccessQuestion) => boolean) | undefined;
  /** The cluster does not answer while this is true. */
  away: boolean;
  /** Kinds that the server does not have, by `kind`. */
  readonly unknownKinds: Set<string>;
  /** Lines of containers, by `namespace/pod/container`. */
  readonly lines: Map<string, readonly string[]>;
  /** What programs do that are run in containers: gives the exit status. None can be run without it. */
  program: ((container: string, command: readonly string[], streams: ProgramStreams) => Promise<number>) | undefined;
  /** The same cluster as another machine reaches it: with its own name of the context, or by another address. */
  seenFrom(place: Partial<ClusterPlace>): Cluster;
}

export interface MemoryClusterOptions extends Partial<ClusterPlace> {
  /** What time stamps say. */
  readonly now?: () => Date;
  /** Namespaces that are there besides `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
}

/** What belongs to no namespace. */
const clusterKinds: ReadonlySet<string> = new Set([
  ...["Namespace", "Node", "PersistentVolume", "StorageClass", "PriorityClass", "CustomResourceDefinition"],
  ...["ClusterRole", "ClusterRoleBinding", "GatewayClass", "IngressClass", "CSIDriver"],
  ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
]);

/** Most bytes of the values of a Secret or ConfigMap. */
const dataLimit = 1024 * 1024;
/** Manager of what is written other than by server-side apply. */
const plainManager = "slipway";

type Fields = Readonly<Record<string, unknown>>;

interface Stored {
  object: KubeObject;
  /** Who set what, by path of the field: `spec.replicas`. Lists count as one field. */
  owners: Map<string, Set<string>>;
}

interface Watcher {
  readonly kind: KubeKind;
  readonly query: ObjectQuery;
  readonly onEvent: (event: ObjectEvent) => void;
}

/**
 * A cluster in memory that is as strict as a real one in what callers rely on: versions and 409s, namespaces that must be there, Secrets
 * that are immutable or too large, owners of fields under server-side apply (lists as a whole), selectors, preconditions. No controller
 * is at work: a test puts what one would.
 */
export function createMemoryCluster(options: MemoryClusterOptions = {}): MemoryCluster {
  const { now = () => new Date("2026-01-01T00:00:00.000Z") } = options;
  const stored = new Map<string, Stored>();
  const watchers = new Set<Watcher>();
  let version = 100;
  let made = 0;

  const idOf = ({ kind, apiVersion, name, namespace = "" }: ObjectRef): string =>
    [apiVersion.replace(/\/[^/]+$/, "/"), kind, namespace, name].join("|");
  const refOf = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef => ({
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  });

  function tell(type: ObjectEvent["type"], object: KubeObject): void {
    for (const { kind, query, onEvent } of [...watchers]) {
      if (isKind(object, kind) && fits(object, query)) onEvent({ type, object: structuredClone(object) });
    }
  }

  function save(id: string, object: KubeObject, owners: Stored["owners"]): KubeObject {
    const before = stored.get(id);
    const same = before !== undefined && equal(withoutServerFields(before.object), withoutServerFields(object));
    // What changes nothing makes no new version.
    if (same) {
      before.owners = owners;
      return structuredClone(before.object);
    }
    version += 1;
    const { metadata } = object;
    const specChanged = before === undefined || !equal(before.object["spec"], object["spec"]);
    const generation = before?.object.metadata.generation ?? 0;
    const next: KubeObject = {
      ...structuredClone(object),
      metadata: {
        ...structuredClone(metadata),
        uid: before?.object.metadata.uid ?? `uid-${(made += 1)}`,
        creationTimestamp: before?.object.metadata.creationTimestamp ?? now().toISOString(),
        resourceVersion: String(version),
        ...(object["spec"] === undefined ? {} : { generation: specChanged ? generation + 1 : generation }),
      },
    };
    requireValid(next, before?.object);
    const managed = { ...next, metadata: { ...next.metadata, managedFields: managedFieldsOf(owners) } };
    stored.set(id, { object: managed, owners });
    tell(before === undefined ? "ADDED" : "MODIFIED", managed);
    return structuredClone(managed);
  }

  /** Goes through everything that a write goes through, and takes it back. */
  function tried<T>(id: string, write: () => T): T {
    const before = stored.get(id);
    const kept = before === undefined ? undefined : { object: before.object, owners: new Map(before.owners) };
    const heard = [...watchers];
    watchers.clear();
    try {
      return write();
    } finally {
      for (const watcher of heard) watchers.add(watcher);
      if (kept === undefined) stored.delete(id);
      else stored.set(id, kept);
    }
  }

  function requirePlace(ref: ObjectRef): void {
    if (memory.unknownKinds.has(ref.kind)) {
      throw new ClusterRefusal(404, "NotFound", `the server could not find the requested resource (${ref.kind})`);
    }
    if (clusterKinds.has(ref.kind)) {
      if (ref.namespace === undefined) return;
      throw new Error(`${ref.kind} ${ref.name} belongs to no namespace, and ${ref.namespace} was given`);
    }
    if (ref.namespace === undefined) throw new Error(`${ref.kind} ${ref.name} was given no namespace`);
  }

  function requireNamespace({ kind, namespace }: ObjectRef): void {
    if (clusterKinds.has(kind) || namespace === undefined) return;
    if (stored.has(idOf({ apiVersion: "v1", kind: "Namespace", name: namespace }))) return;
    throw new ClusterRefusal(404, "NotFound", `namespaces "${namespace}" not found`);
  }

  function begin(verb: ClusterVerb, ref: Partial<ObjectRef>, at: ClusterPlace): void {
    memory.calls.push(`${verb} ${ref.kind ?? ""}${ref.name === undefined ? "" : `/${ref.name}`}`);
    if (memory.away) {
      throw new PreflightError(`the cluster of the context ${at.context} does not answer`, {
        hint: `check that ${at.server} can be reached`,
      });
    }
    memory.refuse?.(verb, ref);
  }

  function removeNow(id: string): void {
    const found = stored.get(id);
    if (found === undefined) return;
    stored.delete(id);
    tell("DELETED", found.object);
    const { name, uid } = found.object.metadata;
    for (const [other, { object }] of [...stored]) {
      const isInside = found.object.kind === "Namespace" && object.metadata.namespace === name;
      const isOwned = object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
      if (isInside || isOwned) removeNow(other);
    }
  }

  function clusterAt(at: ClusterPlace): Cluster {
    const answer = <T>(verb: ClusterVerb, ref: Partial<ObjectRef>, work: () => T): Promise<T> =>
      // Not before the next turn, as with a network between.
      Promise.resolve().then(() => {
        begin(verb, ref, at);
        return work();
      });
    const list = (kind: KubeKind, query: ObjectQuery): readonly KubeObject[] =>
      memory.unknownKinds.has(kind.kind)
        ? []
        : [...stored.values()]
            .map(({ object }) => object)
            .filter((object) => isKind(object, kind) && fits(object, query))
            .map((object) => structuredClone(object));
    return {
      place: () => at,
      version: () => Promise.resolve({ version: "v1.35.4", platform: "linux/amd64" }),
      knows: ({ kind }) => Promise.resolve(!memory.unknownKinds.has(kind)),
      get: (ref) =>
        answer("get", ref, () => {
          requirePlace(ref);
          return structuredClone(stored.get(idOf(ref))?.object);
        }),
      list: (kind, query) => answer("list", kind, () => list(kind, query)),
      listMetadata: (kind, query) =>
        answer("list", kind, () =>
          list(kind, query).map(({ apiVersion, kind: name, metadata }) => ({ apiVersion, kind: name, metadata })),
        ),
      apply: (object, { manager, force = false, dryRun = false }) =>
        answer("apply", refOf(object), () => {
          const ref = refOf(object);
          requirePlace(ref);
          requireNamespace(ref);
          const id = idOf(ref);
          const write = (): KubeObject => {
            const { object: next, owners } = applied(stored.get(id), object, manager, force);
            return save(id, next, owners);
          };
          return dryRun ? tried(id, write) : write();
        }),
      create: (object, { dryRun = false } = {}) =>
        answer("create", refOf(object), () => {
          const ref = refOf(object);
          // It is answered and not kept.
          if (ref.kind === "SelfSubjectAccessReview") {
            const { resourceAttributes } = object["spec"] as { readonly resourceAttributes: AccessQuestion };
            return { ...object, status: { allowed: memory.allows?.(resourceAttributes) ?? true } };
          }
          requirePlace(ref);
          requireNamespace(ref);
          const id = idOf(ref);
          if (stored.has(id)) {
            throw new ClusterRefusal(409, "AlreadyExists", `${plural(ref.kind)} "${ref.name}" already exists`);
          }
          if (object.metadata.resourceVersion !== undefined) {
            throw new ClusterRefusal(422, "Invalid", "resourceVersion should not be set on objects to be created");
          }
          const write = (): KubeObject => save(id, object, ownersOf(object, plainManager));
          return dryRun ? tried(id, write) : write();
        }),
      replace: (object) =>
        answer("replace", refOf(object), () => {
          const ref = refOf(object);
          requirePlace(ref);
          const id = idOf(ref);
          const before = stored.get(id);
          if (before === undefined) {
            throw new ClusterRefusal(404, "NotFound", `${plural(ref.kind)} "${ref.name}" not found`);
          }
          const { resourceVersion, uid } = object.metadata;
          if (resourceVersion === undefined) throw new Error(`${ref.kind} ${ref.name} is replaced without a version`);
          if (resourceVersion !== before.object.metadata.resourceVersion) {
            throw new ClusterRefusal(
              409,
              "Conflict",
              `Operation cannot be fulfilled on ${plural(ref.kind)} "${ref.name}": the object has been modified; please apply your changes to the latest version and try again`,
            );
          }
          if (uid !== undefined && uid !== before.object.metadata.uid) {
            throw new ClusterRefusal(409, "Conflict", `Precondition failed: UID in precondition: ${uid}`);
          }
          return save(id, object, new Map([...before.owners, ...ownersOf(object, plainManager)]));
        }),
      merge: (ref, patch, how) =>
        answer("merge", ref, () => {
          requirePlace(ref);
          const id = idOf(ref);
          const before = stored.get(id);
          if (before === undefined) return undefined;
          const next = merged(before.object, patch) as KubeObject;
          if (how?.dryRun === true) return next;
          const owners = new Map(before.owners);
          for (const [path] of leavesOf(patch as Fields)) owners.set(path, new Set([plainManager]));
          return save(id, next, owners);
        }),
      remove: (ref, { uid, propagation } = {}) =>
        answer("remove", ref, () => {
          requirePlace(ref);
          const id = idOf(ref);
          const found = stored.get(id);
          if (found === undefined) return false;
          if (uid !== undefined && uid !== found.object.metadata.uid) {
            throw new ClusterRefusal(409, "Conflict", `Precondition failed: UID in precondition: ${uid}`);
          }
          if (propagation === "Orphan") {
            stored.delete(id);
            tell("DELETED", found.object);
          } else removeNow(id);
          return true;
        }),
      watch: (kind, query, onEvent, { signal }) =>
        answer("watch", kind, () => {
          const watcher: Watcher = { kind, query, onEvent };
          for (const object of list(kind, query)) onEvent({ type: "ADDED", object });
          if (signal.aborted) return;
          watchers.add(watcher);
          signal.addEventListener("abort", () => watchers.delete(watcher), { once: true });
        }),
      logs: ({ namespace, pod, container }, { tail }) => {
        const lines = memory.lines.get(`${namespace}/${pod}/${container}`) ?? [];
        return Promise.resolve(tail < 0 ? lines : lines.slice(lines.length - Math.min(tail, lines.length)));
      },
      readLogs: ({ namespace, pod, container }, { tail, onLine }) => {
        const lines = memory.lines.get(`${namespace}/${pod}/${container}`) ?? [];
        for (const line of tail < 0 ? lines : lines.slice(lines.length - Math.min(tail, lines.length))) onLine(line);
        return Promise.resolve();
      },
      followLogs: ({ namespace, pod, container }, { onLine }) => {
        for (const line of memory.lines.get(`${namespace}/${pod}/${container}`) ?? []) onLine(line);
        return Promise.resolve();
      },
      exec: ({ namespace, pod, container }, command, streams) =>
        memory.program?.(`${namespace}/${pod}/${container}`, command, streams) ??
        Promise.reject(new ClusterRefusal(404, "NotFound", `pods "${pod}" not found`)),
      attach: ({ namespace, pod, container }, streams) =>
        memory.program?.(`${namespace}/${pod}/${container}`, [], streams).then(() => undefined) ??
        Promise.reject(new ClusterRefusal(404, "NotFound", `pods "${pod}" not found`)),
      close: () => undefined,
    };
  }

  const { context = "test", server = "https://127.0.0.1:6443", namespace = "default" } = options;
  const at = { context, server, namespace };
  const memory: MemoryCluster = {
    cluster: clusterAt(at),
    all: (kind) =>
      [...stored.values()].flatMap(({ object }) =>
        kind === undefined || object.kind === kind ? [structuredClone(object)] : [],
      ),
    find: (kind, name) => memory.all(kind).find(({ metadata }) => metadata.name === name),
    put: (object) => {
      const id = idOf(refOf(object));
      const before = stored.get(id);
      return save(id, object, new Map([...(before?.owners ?? []), ...ownersOf(object, "somebody")]));
    },
    take: (kind, name) => {
      const found = memory.find(kind, name);
      if (found !== undefined) removeNow(idOf(refOf(found)));
    },
    calls: [],
    refuse: undefined,
    allows: undefined,
    away: false,
    unknownKinds: new Set(),
    lines: new Map(),
    program: undefined,
    seenFrom: (place) => clusterAt({ ...at, ...place }),
  };
  for (const name of ["default", "kube-system", ...(options.namespaces ?? [])]) {
    memory.put({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  return memory;
}

/** One group is one kind, whatever its version. */
function isKind(object: KubeObject, { apiVersion, kind }: KubeKind): boolean {
  return object.kind === kind && groupOf(object.apiVersion) === groupOf(apiVersion);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/** `secrets`, well enough for messages. */
function plural(kind: string): string {
  const word = kind.toLowerCase();
  return /(s|x|ch)$/.test(word) ? `${word}es` : /[^aeo]y$/.test(word) ? `${word.slice(0, -1)}ies` : `${word}s`;
}

function fits({ metadata, ...fields }: KubeObject, { namespace, labels, fields: wanted }: ObjectQuery): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  const terms = (text: string): readonly string[] => text.split(/,(?![^(]*\))/).map((term) => term.trim());
  const hasLabels = labels === undefined || terms(labels).every((term) => fitsTerm(term, metadata.labels ?? {}));
  return hasLabels && (wanted === undefined || terms(wanted).every((term) => fitsField(term, { metadata, ...fields })));
}

function fitsTerm(term: string, labels: Readonly<Record<string, string>>): boolean {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term);
  if (set !== null) {
    const [, key = "", word, list = ""] = set;
    const value = labels[key];
    const isIn = value !== undefined && list.split(",").some((item) => item.trim() === value);
    return word === "in" ? isIn : !isIn;
  }
  const pair = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/.exec(term);
  if (pair !== null) {
    const [, key = "", word, value = ""] = pair;
    return word === "!=" ? labels[key] !== value : labels[key] === value;
  }
  if (term.startsWith("!")) return labels[term.slice(1)] === undefined;
  return labels[term] !== undefined;
}

function fitsField(term: string, object: Fields): boolean {
  const [, path = "", word = "=", value = ""] = /^([\w.]+)(==|=|!=)(.*)$/.exec(term) ?? [];
  if (path === "") throw new Error(`${term} is no field selector`);
  let found: unknown = object;
  for (const name of path.split(".")) found = (found as Fields | undefined)?.[name];
  const text = typeof found === "string" ? found : JSON.stringify(found ?? "");
  return word === "!=" ? text !== value : text === value;
}

/** What the API server checks itself, of those kinds that callers can get wrong. */
function requireValid(object: KubeObject, before: KubeObject | undefined): void {
  const { kind, metadata } = object;
  if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(metadata.name) || metadata.name.length > 253) {
    throw invalid(object, "metadata.name", "Invalid value: a lowercase RFC 1123 subdomain must consist of lower case");
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (value.length > 63 || !/^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/.test(value)) {
      throw invalid(object, `metadata.labels[${key}]`, `Invalid value: ${JSON.stringify(value)}`);
    }
  }
  if (kind !== "Secret" && kind !== "ConfigMap") return;
  requireDataFits(object);
  if (before !== undefined) requireMayChange(object, before);
}

function invalid({ kind, metadata }: KubeObject, field: string, why: string): ClusterRefusal {
  return new ClusterRefusal(422, "Invalid", `${kind} "${metadata.name}" is invalid: ${field}: ${why}`);
}

function requireDataFits(object: KubeObject): void {
  const isSecret = object.kind === "Secret";
  let size = 0;
  for (const [key, value] of Object.entries((object["data"] ?? {}) as Readonly<Record<string, string>>)) {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw invalid(object, `data[${key}]`, "Invalid value: a valid config key");
    const bytes = Buffer.from(value, isSecret ? "base64" : "utf8");
    if (isSecret && bytes.toString("base64") !== value) {
      throw new ClusterRefusal(400, "BadRequest", `illegal base64 data in Secret "${object.metadata.name}"`);
    }
    size += bytes.length;
  }
  if (size > dataLimit) throw invalid(object, "data", `Too long: may not be more than ${dataLimit} bytes`);
}

function requireMayChange(object: KubeObject, before: KubeObject): void {
  if (object.kind === "Secret" && (before["type"] ?? "Opaque") !== (object["type"] ?? "Opaque")) {
    throw invalid(object, "type", "Invalid value: field is immutable");
  }
  if (before["immutable"] !== true) return;
  if (object["immutable"] !== true || !equal(before["data"], object["data"])) {
    throw invalid(object, "data", "Forbidden: field is immutable when `immutable` is set");
  }
}

/** Server-side apply: a manager gives up what it no longer says, and may not change what another one set. */
function applied(
  before: Stored | undefined,
  wanted: KubeObject,
  manager: string,
  force: boolean,
): { readonly object: KubeObject; readonly owners: Stored["owners"] } {
  const { resourceVersion } = wanted.metadata;
  if (resourceVersion !== undefined && resourceVersion !== before?.object.metadata.resourceVersion) {
    throw new ClusterRefusal(409, "Conflict", `the object ${wanted.metadata.name} has been modified`);
  }
  const said = new Map(leavesOf(withoutServerFields(wanted)));
  const owners = new Map([...(before?.owners ?? [])].map(([path, names]) => [path, new Set(names)]));
  claim(said, new Map(before === undefined ? [] : leavesOf(before.object)), owners, { manager, force });
  let object: Fields = before?.object ?? { apiVersion: wanted.apiVersion, kind: wanted.kind };
  for (const [path, names] of [...owners]) {
    if (said.has(path) || !names.delete(manager) || names.size > 0) continue;
    owners.delete(path);
    object = without(object, path.split("\u0000"));
  }
  for (const [path, value] of said) object = withField(object, path.split("\u0000"), value);
  return { object: { ...(object as KubeObject), apiVersion: wanted.apiVersion }, owners };
}

/** Makes a manager an owner of the fields that it says. */
function claim(
  said: ReadonlyMap<string, unknown>,
  current: ReadonlyMap<string, unknown>,
  owners: Stored["owners"],
  { manager, force }: { readonly manager: string; readonly force: boolean },
): void {
  const conflicts: string[] = [];
  for (const [path, value] of said) {
    const names = [...(owners.get(path) ?? [])];
    const others = names.filter((name) => name !== manager);
    const isOther = current.has(path) && !equal(current.get(path), value);
    if (others.length > 0 && isOther && !force) {
      conflicts.push(`conflict with "${others.join(", ")}": .${path.replaceAll("\u0000", ".")}`);
    }
    owners.set(path, new Set(isOther ? [manager] : [...names, manager]));
  }
  if (conflicts.length === 0) return;
  const count = conflicts.length === 1 ? "1 conflict" : `${conflicts.length} conflicts`;
  throw new ClusterRefusal(409, "Conflict", `Apply failed with ${count}: ${conflicts.join("; ")}`);
}

function ownersOf(object: KubeObject, manager: string): Stored["owners"] {
  return new Map(leavesOf(withoutServerFields(object)).map(([path]) => [path, new Set([manager])]));
}

/** Every field that is no map, with its path; names may hold dots, so parts are joined by NUL. */
function leavesOf(fields: Fields, prefix = ""): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
    const path = prefix === "" ? name : `${prefix}\u0000${name}`;
    if (["apiVersion", "kind"].includes(path)) return [];
    return isMap(value) && Object.keys(value).length > 0 ? leavesOf(value, path) : [[path, value]];
  });
}

function withField(fields: Fields, [name = "", ...rest]: readonly string[], value: unknown): Fields {
  const inner = fields[name];
  return { ...fields, [name]: rest.length === 0 ? value : withField(isMap(inner) ? inner : {}, rest, value) };
}

function without(fields: Fields, [name = "", ...rest]: readonly string[]): Fields {
  const inner = fields[name];
  if (rest.length === 0) return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
  return isMap(inner) ? { ...fields, [name]: without(inner, rest) } : fields;
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = merged(result[name], value);
  }
  return result;
}

const serverFields: readonly string[] = [
  ...["resourceVersion", "uid", "generation", "creationTimestamp", "managedFields"],
];

/** Without what only the server says. */
function withoutServerFields(object: KubeObject): KubeObject {
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([name]) => !serverFields.includes(name)));
  return { ...object, metadata: metadata as unknown as KubeObject["metadata"] };
}

function managedFieldsOf(owners: Stored["owners"]): readonly object[] {
  const managers = new Set([...owners.values()].flatMap((names) => [...names]));
  return [...managers].map((manager) => {
    let fieldsV1: Fields = {};
    for (const [path, names] of owners) {
      const parts = path.split("\u0000").map((name) => `f:${name}`);
      if (names.has(manager)) fieldsV1 = withField(fieldsV1, parts, {});
    }
    return { manager, operation: "Apply", fieldsType: "FieldsV1", fieldsV1 };
  });
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values are the same as JSON, whatever the order of their fields. */
function equal(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown): string | undefined =>
    JSON.stringify(value, (_key, item: unknown) =>
      isMap(item) ? Object.fromEntries(Object.entries(item).sort(([x], [y]) => (x < y ? -1 : 1))) : item,
    );
  return sorted(a) === sorted(b);
}
