import { type Fields, fieldsOf, hasFields } from "../../language/fields.ts";
import type { Mount, Workload } from "./found.ts";
import { listAt, textAt, valueAt } from "./yaml-documents.ts";

/** One object of a manifest. */
export interface ClusterObject {
  readonly kind: string;
  readonly name: string;
  readonly fields: Fields;
  /** File, kind and name. */
  readonly where: string;
}

/** The object that a document is, or those that it lists; none where it is no object. */
export function objectsOf(file: string, fields: Fields): readonly ClusterObject[] {
  const kind = textAt(fields, "kind");
  if (kind === "" || textAt(fields, "apiVersion") === "") return [];
  if (kind === "List") return listAt(fields, "items").flatMap((item) => objectsOf(file, item));
  const name = textAt(fields, "metadata.name");
  return [{ kind, name, fields, where: `${file} ${kind} ${name}` }];
}

/** Texts that a ConfigMap or Secret holds, by their keys. */
export function textsOf({ kind, fields }: ClusterObject): readonly (readonly [key: string, text: string])[] {
  if (kind === "ConfigMap") return textEntries(fields["data"]);
  if (kind !== "Secret") return [];
  const encoded = textEntries(fields["data"]).map(([key, value]) => [key, decoded(value)] as const);
  return [...encoded, ...textEntries(fields["stringData"])];
}

function textEntries(value: unknown): readonly (readonly [string, string])[] {
  return Object.entries(fieldsOf(value)).flatMap(([key, text]) =>
    typeof text === "string" ? [[key, text] as const] : [],
  );
}

function decoded(value: string): string {
  return Buffer.from(value, "base64").toString("utf8");
}

const workloadKinds: readonly string[] = ["Deployment", "StatefulSet", "DaemonSet"];

/** Every container that keeps running. */
export function workloadsOf(objects: readonly ClusterObject[]): readonly Workload[] {
  return objects.filter(({ kind }) => workloadKinds.includes(kind)).flatMap(containersOf);
}

function containersOf(object: ClusterObject): readonly Workload[] {
  const pod = fieldsOf(valueAt(object.fields, "spec.template.spec"));
  return listAt(pod, "containers").map((container) => ({
    name: textAt(container, "name"),
    image: textAt(container, "image"),
    variables: Object.fromEntries(
      listAt(container, "env").map((entry) => [textAt(entry, "name"), textAt(entry, "value")]),
    ),
    mounts: listAt(container, "volumeMounts").flatMap((mount) => claimOf(object, pod, mount)),
    where: object.where,
  }));
}

/** A mount of a claim: one that the pod names, or that each copy gets for itself. */
function claimOf(object: ClusterObject, pod: Fields, mount: Fields): readonly Mount[] {
  const volume = textAt(mount, "name");
  const target = textAt(mount, "mountPath");
  const named = listAt(pod, "volumes").find(
    (one) => textAt(one, "name") === volume && hasFields(one["persistentVolumeClaim"]),
  );
  if (named !== undefined) {
    return [{ target, source: textAt(named, "persistentVolumeClaim.claimName"), kind: "claim" }];
  }
  const templates = listAt(object.fields, "spec.volumeClaimTemplates");
  if (!templates.some((template) => textAt(template, "metadata.name") === volume)) return [];
  return [{ target, source: `${volume}-${object.name}-0`, kind: "claim" }];
}
