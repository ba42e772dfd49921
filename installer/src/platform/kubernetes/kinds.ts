import type { KubeKind, ObjectQuery, ObjectRef } from "../cluster-ports.ts";
import type { ApiConnection } from "./api-connection.ts";
import { InternalError } from "../../errors/installer-error.ts";

/** How the API server calls the objects of a kind. */
export interface KindResource {
  /** `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface Kinds {
  /** Undefined when the server does not have the kind. */
  find(kind: KubeKind): Promise<KindResource | undefined>;
}

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Asks the API server what it has, once for each group and version, and again while a kind is missing: it may be added. */
export function createKinds(connection: ApiConnection): Kinds {
  const known = new Map<string, KindResource>();
  return {
    find: async ({ apiVersion, kind }) => {
      const key = (name: string): string => `${apiVersion}/${name}`;
      const found = known.get(key(kind));
      if (found !== undefined) return found;
      const list = await connection.jsonIfPresent<ResourceList>({
        what: `which kinds ${apiVersion} has`,
        method: "GET",
        path: groupPath(apiVersion),
      });
      for (const { name, kind: named, namespaced } of list?.resources ?? []) {
        // `pods/log` and the like are parts of objects.
        if (!name.includes("/")) known.set(key(named), { plural: name, namespaced });
      }
      return known.get(key(kind));
    },
  };
}

/** `/api/v1`, `/apis/apps/v1`. */
function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** Of all objects of the kind, in one namespace or in all. */
export function collectionPath(
  { apiVersion }: KubeKind,
  resource: KindResource,
  namespace: string | undefined,
): string {
  const within = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${groupPath(apiVersion)}${within}/${resource.plural}`;
}

export function objectPath(ref: ObjectRef, resource: KindResource): string {
  if (resource.namespaced && ref.namespace === undefined) {
    throw new InternalError(`${ref.kind} ${ref.name} is named without its namespace`);
  }
  return `${collectionPath(ref, resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
}

/** `?a=1&b=2` of what is there; empty when nothing is. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) given.append(name, String(value));
  return given.size === 0 ? "" : `?${given.toString()}`;
}

export function selectors({ labels, fields }: ObjectQuery): Readonly<Record<string, string | undefined>> {
  return { labelSelector: labels, fieldSelector: fields };
}

/** `Deployment demo/web`. */
export function nameOf({ kind, name, namespace }: Omit<ObjectRef, "apiVersion">): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** `Secrets in the namespace demo`, for messages. */
export function describeQuery({ kind }: KubeKind, { namespace }: ObjectQuery): string {
  return `objects of the kind ${kind} in ${namespace === undefined ? "all namespaces" : `the namespace ${namespace}`}`;
}
