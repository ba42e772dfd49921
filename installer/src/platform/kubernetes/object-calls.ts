import type { Cluster, KubeKind, KubeObject, ObjectRef } from "../cluster-ports.ts";
import type { ApiConnection, ApiRequest } from "./api-connection.ts";
import { ClusterRefusal } from "./cluster-errors.ts";
import { type KindResource, type Kinds, nameOf, collectionPath, objectPath, query } from "./kinds.ts";
import type { Pages } from "./pages.ts";
import { withoutManagedFields } from "./received-object.ts";

type ObjectCalls = Pick<
  Cluster,
  "knows" | "get" | "list" | "listMetadata" | "apply" | "create" | "replace" | "merge" | "remove"
>;

interface Access {
  readonly connection: ApiConnection;
  readonly kinds: Kinds;
  readonly pages: Pages;
}

/** The server refuses fields that it does not know, instead of leaving them out. */
const strict = { fieldValidation: "Strict" } as const;

/** Calls about objects of any kind. */
export function objectCalls({ connection, kinds, pages }: Access): ObjectCalls {
  return {
    knows: async (kind) => (await kinds.find(kind)) !== undefined,
    get: async (ref) => {
      const resource = await kinds.find(ref);
      if (resource === undefined) return undefined;
      const found = await connection.jsonIfPresent<KubeObject>({
        what: `to read ${nameOf(ref)}`,
        method: "GET",
        path: objectPath(ref, resource),
      });
      return found === undefined ? undefined : withoutManagedFields(found);
    },
    list: (kind, wanted) => pages.all(kind, wanted),
    listMetadata: (kind, wanted) => pages.all(kind, wanted, { metadataOnly: true }),
    ...writes(connection, kinds),
    merge: (ref, patch, options) => merge(connection, kinds, ref, { patch, ...options }),
    remove: async (ref, options = {}) => {
      const resource = await kinds.find(ref);
      if (resource === undefined) return false;
      const { propagation = "Background", graceSeconds, uid } = options;
      const content = {
        ...{ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation },
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      const request: ApiRequest = {
        what: `to remove ${nameOf(ref)}`,
        method: "DELETE",
        path: objectPath(ref, resource),
        body: { type: "application/json", content },
      };
      try {
        return (await connection.jsonIfPresent(request)) !== undefined;
      } catch (error) {
        // Another has its name by now.
        if (uid !== undefined && error instanceof ClusterRefusal && error.status === 409) return false;
        throw error;
      }
    },
  };
}

function writes(connection: ApiConnection, kinds: Kinds): Pick<ObjectCalls, "apply" | "create" | "replace"> {
  const send = async (object: KubeObject, verb: string, request: Sending): Promise<KubeObject> => {
    const ref = refOf(object);
    const resource = await kinds.find(ref);
    const what = `to ${verb} ${nameOf(ref)}`;
    if (resource === undefined) throw unknownKind(ref, what);
    const { method, toPath, type = "application/json", parameters } = request;
    const received = await connection.json<KubeObject>({
      what,
      method,
      path: `${toPath(ref, resource)}${query({ ...strict, ...parameters })}`,
      body: { type, content: object },
    });
    return withoutManagedFields(received);
  };
  const inCollection = (ref: ObjectRef, resource: KindResource): string => collectionPath(ref, resource, ref.namespace);
  return {
    apply: (object, { manager, force, dryRun }) =>
      send(object, "apply", {
        method: "PATCH",
        toPath: objectPath,
        // JSON is YAML.
        type: "application/apply-patch+yaml",
        parameters: { fieldManager: manager, force: force === true ? true : undefined, ...dry(dryRun) },
      }),
    create: (object, options) =>
      send(object, "create", { method: "POST", toPath: inCollection, parameters: dry(options?.dryRun) }),
    replace: (object) => send(object, "replace", { method: "PUT", toPath: objectPath, parameters: {} }),
  };
}

interface Sending {
  readonly method: "PATCH" | "POST" | "PUT";
  readonly toPath: (ref: ObjectRef, resource: KindResource) => string;
  readonly type?: string;
  readonly parameters: Readonly<Record<string, string | boolean | undefined>>;
}

interface Merging {
  readonly patch: object;
  readonly subresource?: string;
  readonly dryRun?: boolean;
}

async function merge(
  connection: ApiConnection,
  kinds: Kinds,
  ref: ObjectRef,
  { patch, subresource, dryRun }: Merging,
): Promise<KubeObject | undefined> {
  const resource = await kinds.find(ref);
  if (resource === undefined) return undefined;
  const part = subresource === undefined ? "" : `/${subresource}`;
  const merged = await connection.jsonIfPresent<KubeObject>({
    what: `to change ${nameOf(ref)}`,
    method: "PATCH",
    path: `${objectPath(ref, resource)}${part}${query({ ...strict, ...dry(dryRun) })}`,
    body: { type: "application/merge-patch+json", content: patch },
  });
  return merged === undefined ? undefined : withoutManagedFields(merged);
}

function dry(dryRun: boolean | undefined): { readonly dryRun: string | undefined } {
  return { dryRun: dryRun === true ? "All" : undefined };
}

function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

export function unknownKind({ apiVersion, kind }: KubeKind, what: string): ClusterRefusal {
  const message = `it has no kind ${kind} of ${apiVersion}`;
  return new ClusterRefusal(what, 404, { message, reason: "NotFound", causes: [], retryAfterSeconds: undefined });
}
