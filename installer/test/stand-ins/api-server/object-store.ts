import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { KubeObject } from "../../../src/platform/cluster-ports.ts";
import { type ApiServerAnswer, type ApiServerRequest, refusal } from "./answers.ts";

/** Kinds that it has, by group and version. */
const kinds: Readonly<Record<string, readonly (readonly [kind: string, plural: string, namespaced: boolean])[]>> = {
  v1: [
    ["ConfigMap", "configmaps", true],
    ["Secret", "secrets", true],
    ["Pod", "pods", true],
    ["Namespace", "namespaces", false],
    ["Node", "nodes", false],
  ],
  "apps/v1": [["Deployment", "deployments", true]],
};

export interface ObjectStore {
  /** What API servers answer to this. */
  answer(request: ApiServerRequest, response: ServerResponse): ApiServerAnswer | "answered";
  /** As if somebody else had created or changed it. */
  put(object: KubeObject): KubeObject;
  /** As if somebody else had removed it. */
  remove(kind: string, name: string): void;
  /** Forgets history: who asks for an older version is told 410. */
  forget(): void;
  /** Tells every watch how far it is, without a change. */
  bookmark(): void;
  /** Ends every watch, as the server does from time to time. */
  endWatches(): void;
  /** Watches that are open. */
  watches(): number;
}

interface Change {
  readonly version: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

interface Watch {
  readonly response: ServerResponse;
  readonly where: Place;
}

/** What a path leads to. */
interface Place {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export function createObjectStore(): ObjectStore {
  const objects = new Map<string, KubeObject>();
  const watches = new Set<Watch>();
  let history: Change[] = [];
  let version = 1000;
  let oldest = 0;

  function record(type: Change["type"], object: KubeObject): KubeObject {
    version += 1;
    const changed = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
    if (type === "DELETED") objects.delete(key);
    else objects.set(key, changed);
    const change = { version, type, object: changed };
    history.push(change);
    for (const watch of watches) send(watch, change);
    return changed;
  }

  function put(object: KubeObject): KubeObject {
    const before = objects.get(keyOf(object.kind, object.metadata.namespace, object.metadata.name));
    const uid = before?.metadata.uid ?? randomUUID();
    const managedFields = [{ manager: "test", fieldsV1: { "f:data": {} } }];
    const metadata = { ...object.metadata, uid, managedFields };
    return record(before === undefined ? "ADDED" : "MODIFIED", { ...object, metadata });
  }

  function list(place: Place, { query, headers }: ApiServerRequest): ApiServerAnswer {
    const [start, of] = (query.get("continue") ?? `0:${version}`).split(":").map(Number);
    if ((of ?? 0) < oldest) return refusal(410, "Expired", "The provided continue parameter is too old");
    const found = [...objects.values()].filter((object) => isAt(place, object) && isMeant(query, object));
    const limit = Number(query.get("limit") ?? "0") || found.length;
    const from = start ?? 0;
    const rest = from + limit < found.length ? `${from + limit}:${of ?? 0}` : "";
    const isMetadata = headers.accept?.includes("PartialObjectMetadataList") === true;
    // Items of a list say no kind of their own.
    const items = found.slice(from, from + limit).map((object) => asItem(object, isMetadata));
    return { body: { kind: `${place.kind}List`, metadata: { resourceVersion: String(of), continue: rest }, items } };
  }

  function watch(place: Place, { query }: ApiServerRequest, response: ServerResponse): ApiServerAnswer | "answered" {
    const from = Number(query.get("resourceVersion"));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from < oldest) {
      const { body } = refusal(410, "Expired", `too old resource version: ${from} (${oldest})`);
      response.end(`${JSON.stringify({ type: "ERROR", object: body })}\n`);
      return "answered";
    }
    const opened = { response, where: place };
    watches.add(opened);
    response.once("close", () => watches.delete(opened));
    for (const change of history) if (change.version > from) send(opened, change);
    return "answered";
  }

  function change(place: Place, name: string, request: ApiServerRequest): ApiServerAnswer {
    const { method, query, headers } = request;
    const before = objects.get(keyOf(place.kind, place.namespace, name));
    const isApply = headers["content-type"] === "application/apply-patch+yaml";
    if (before === undefined && !isApply) return refusal(404, "NotFound", `${place.plural} "${name}" not found`);
    if (method === "GET") return { body: before };
    if (method === "DELETE") return remove(before!, request);
    const body = request.body as KubeObject;
    if (method === "PUT" && body.metadata.resourceVersion !== before?.metadata.resourceVersion) {
      const why = `Operation cannot be fulfilled on ${place.plural} "${name}": the object has been modified`;
      return refusal(409, "Conflict", why);
    }
    const next = method === "PUT" ? body : (merged(before ?? {}, body) as KubeObject);
    return { body: query.get("dryRun") === "All" ? next : put(next) };
  }

  function remove(object: KubeObject, { body }: ApiServerRequest): ApiServerAnswer {
    const uid = (body as { readonly preconditions?: { readonly uid?: string } }).preconditions?.uid;
    if (uid !== undefined && uid !== object.metadata.uid) {
      return refusal(409, "Conflict", `Precondition failed: UID in precondition: ${uid}`);
    }
    record("DELETED", object);
    return { body: { kind: "Status", status: "Success" } };
  }

  return {
    answer: (request, response) => {
      const found = discovery(request.path);
      if (found !== undefined) return found;
      const place = placeOf(request.path);
      if (place === undefined) return refusal(404, "NotFound", "the server could not find the requested resource");
      if (place.name !== undefined) return change(place, place.name, request);
      if (request.method === "POST") {
        const object = request.body as KubeObject;
        if (objects.has(keyOf(object.kind, object.metadata.namespace, object.metadata.name))) {
          return refusal(409, "AlreadyExists", `${place.plural} "${object.metadata.name}" already exists`);
        }
        return { status: 201, body: request.query.get("dryRun") === "All" ? object : put(object) };
      }
      return request.query.get("watch") === "true" ? watch(place, request, response) : list(place, request);
    },
    put,
    remove: (kind, name) => {
      const found = [...objects.values()].find((object) => object.kind === kind && object.metadata.name === name);
      if (found !== undefined) record("DELETED", found);
    },
    forget: () => {
      version += 1;
      oldest = version;
      history = [];
    },
    bookmark: () => {
      version += 1;
      for (const { response, where } of watches) {
        const object = {
          kind: where.kind,
          apiVersion: where.apiVersion,
          metadata: { resourceVersion: String(version) },
        };
        response.write(`${JSON.stringify({ type: "BOOKMARK", object })}\n`);
      }
    },
    endWatches: () => {
      for (const { response } of watches) response.end();
      watches.clear();
    },
    watches: () => watches.size,
  };
}

function send({ response, where }: Watch, { type, object }: Change): void {
  if (isAt(where, object)) response.write(`${JSON.stringify({ type, object })}\n`);
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ""}/${name}`;
}

function isAt({ kind, namespace }: Place, object: KubeObject): boolean {
  return object.kind === kind && (namespace === undefined || object.metadata.namespace === namespace);
}

function isMeant(query: URLSearchParams, { metadata }: KubeObject): boolean {
  const labels = (query.get("labelSelector") ?? "").split(",").filter((term) => term !== "");
  return labels.every((term) => {
    const [key = "", value = ""] = term.split("=");
    return metadata.labels?.[key] === value;
  });
}

/** Items of a list say no kind of their own. */
function asItem(object: KubeObject, metadataOnly: boolean): object {
  const { metadata } = object;
  return metadataOnly ? { metadata } : { ...object, metadata, kind: undefined, apiVersion: undefined };
}

function discovery(path: string): ApiServerAnswer | undefined {
  if (path === "/version") return { body: { gitVersion: "v1.35.4", platform: "linux/amd64" } };
  const group = /^\/(?:api|apis)\/([^/]+(?:\/[^/]+)?)$/.exec(path)?.[1];
  const known = kinds[group ?? ""];
  if (known === undefined) return undefined;
  const resources = known.flatMap(([kind, name, namespaced]) => [
    { name, kind, namespaced },
    { name: `${name}/status`, kind, namespaced },
  ]);
  return { body: { kind: "APIResourceList", groupVersion: group, resources } };
}

function placeOf(path: string): Place | undefined {
  const [, group = "", rest = ""] =
    /^\/(?:api\/(?=v1\/)|apis\/(?=[^/]+\/v1\/))((?:[^/]+\/)?v1)\/(.*)$/.exec(path) ?? [];
  const [, namespace, plural = "", name] =
    /^(?:namespaces\/([^/]+)\/(?=[a-z]+(?:\/|$)))?([a-z]+)(?:\/([^/]+))?(?:\/(?:status|scale))?$/.exec(rest) ?? [];
  const found = kinds[group]?.find(([, known]) => known === plural);
  if (found === undefined) return undefined;
  return { apiVersion: group, kind: found[0], plural, namespace, name };
}

/** RFC 7386. */
function merged(before: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof before === "object" && before !== null ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = merged(result[key], value);
  }
  return result;
}
