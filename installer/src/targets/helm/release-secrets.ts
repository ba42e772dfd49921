import type { Wanted } from "../../execute/wanted.ts";
import type { Cluster, KubeObject } from "../../platform/cluster-ports.ts";
import type { HelmPlace } from "./helm-ports.ts";
import { kinds } from "./kinds.ts";
import { ofInstall, ownLabels } from "./labels.ts";

/** Marks the Secrets that this target makes for pods, so that it finds those that nobody reads any more. */
const contentsLabel = "slipway.dev/contents";

/** Characters of a digest that a Secret's name ends with; as the chart cuts it. */
const suffixLength = 10;

const folder = "secrets/";

/** What the chart is told besides the rendered values: by which digest it finds each unit's Secrets. */
export function secretDigestsOf({ units }: Pick<Wanted, "units">): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...units.values()].flatMap(({ id, filePaths, filesDigest }) =>
      filePaths.some((path) => path.startsWith(folder)) ? [[id, filesDigest.slice(0, suffixLength)]] : [],
    ),
  );
}

/**
 * The Secrets that the pods of a platform read. Each is named by its contents and cannot be changed: other contents are another Secret, and
 * the pods that read it are others.
 */
export function contentSecrets(wanted: Wanted, { namespace }: HelmPlace): readonly KubeObject[] {
  const digests = secretDigestsOf(wanted);
  return [...wanted.units.values()].flatMap(({ id, filePaths }) => {
    const keys = filePaths.flatMap((path) => {
      const [, name = "", key = ""] = /^secrets\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
      const text = wanted.files.get(path)?.contents;
      return name === "" || text === undefined ? [] : [{ name, key, text }];
    });
    // What a job in its pod reads is that job's.
    const own = new Set(["files", "env", "tls"].map((kind) => `${wanted.plan.install.name}-${kind}-${id}`));
    const names = [...new Set(keys.map(({ name }) => name))].filter((name) => own.has(name));
    return names.map((name): KubeObject => {
      const entries = keys.filter((entry) => entry.name === name);
      return {
        ...kinds.secret,
        metadata: {
          name: `${name}-${digests[id] ?? ""}`,
          namespace,
          labels: { ...ownLabels(wanted.plan.install.name, id), [contentsLabel]: "true" },
        },
        type: entries.some(({ key }) => key === "tls.crt") ? "kubernetes.io/tls" : "Opaque",
        immutable: true,
        data: Object.fromEntries(entries.map(({ key, text }) => [key, Buffer.from(text).toString("base64")])),
      };
    });
  });
}

/** Makes those that are missing; what is there has the same contents, by its name. */
export async function makeSecrets(cluster: Cluster, secrets: readonly KubeObject[], name: string): Promise<void> {
  const namespace = secrets[0]?.metadata.namespace;
  if (namespace === undefined) return;
  const there = new Set(await contentNames(cluster, { namespace }, name));
  await Promise.all(
    secrets
      .filter(({ metadata }) => !there.has(metadata.name))
      .map((secret) => cluster.apply(secret, { manager: "slipway", force: true })),
  );
}

/** Removes those that no pod of the release reads any more. */
export async function pruneSecrets(
  cluster: Cluster,
  place: HelmPlace,
  name: string,
  keep: readonly KubeObject[],
): Promise<void> {
  const kept = new Set(keep.map(({ metadata }) => metadata.name));
  const old = (await contentNames(cluster, place, name)).filter((secret) => !kept.has(secret));
  await Promise.all(old.map((secret) => cluster.remove({ ...kinds.secret, ...place, name: secret })));
}

async function contentNames(cluster: Cluster, { namespace }: HelmPlace, name: string): Promise<readonly string[]> {
  const labels = `${ofInstall(name)},${contentsLabel}=true`;
  return (await cluster.listMetadata(kinds.secret, { namespace, labels })).map(({ metadata }) => metadata.name);
}
