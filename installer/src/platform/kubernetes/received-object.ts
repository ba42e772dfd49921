import type { KubeKind, KubeMetadata, KubeObject } from "../cluster-ports.ts";

/** Without the record of who set which field: it is longer than many objects, nobody reads it, and the server refuses it back. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  return { ...object, metadata: plainMetadata(object.metadata) };
}

/** Items of a list say no kind of their own. */
export function listedObject(item: KubeObject, { apiVersion, kind }: KubeKind): KubeObject {
  return { ...item, apiVersion, kind, metadata: plainMetadata(item.metadata) };
}

function plainMetadata(metadata: KubeMetadata): KubeMetadata {
  const { managedFields, ...kept } = metadata as KubeMetadata & { readonly managedFields?: unknown };
  return managedFields === undefined ? metadata : kept;
}
