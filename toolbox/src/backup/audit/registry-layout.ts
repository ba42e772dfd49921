import { createHash } from "node:crypto";

// https://github.com/distribution/distribution/blob/v3.1.2/registry/storage/paths.go

/** Where the registry keeps everything, in its bucket. */
export const registryPrefix = "docker/registry/v2/";

/** What a key of the registry's bucket is. */
export type RegistryKey =
  | { readonly kind: "blob"; readonly digest: string }
  | { readonly kind: "manifest" | "layer"; readonly repository: string; readonly digest: string }
  | { readonly kind: "tag"; readonly repository: string; readonly tag: string };

/** Undefined for a key that nothing is followed from or to, as of uploads and of the tags that were. */
export function parseRegistryKey(key: string): RegistryKey | undefined {
  if (!key.startsWith(registryPrefix)) return undefined;
  const path = key.slice(registryPrefix.length);
  const blob = /^blobs\/(?<algorithm>[a-z0-9]+)\/[0-9a-f]{2}\/(?<hex>[0-9a-f]+)\/data$/.exec(path)?.groups;
  if (blob !== undefined) return { kind: "blob", digest: digestOf(blob) };
  const link =
    /^repositories\/(?<repository>.+)\/_(?<what>manifests\/revisions|layers)\/(?<algorithm>[a-z0-9]+)\/(?<hex>[0-9a-f]+)\/link$/.exec(
      path,
    )?.groups;
  if (link !== undefined) {
    const kind = link["what"] === "layers" ? "layer" : "manifest";
    return { kind, repository: link["repository"] ?? "", digest: digestOf(link) };
  }
  const { repository, tag } =
    /^repositories\/(?<repository>.+)\/_manifests\/tags\/(?<tag>[^/]+)\/current\/link$/.exec(path)?.groups ?? {};
  return repository === undefined || tag === undefined ? undefined : { kind: "tag", repository, tag };
}

function digestOf(groups: Readonly<Record<string, string>>): string {
  return `${groups["algorithm"] ?? ""}:${groups["hex"] ?? ""}`;
}

/** The hash of a link's content. It holds a digest and nothing else, so its hash tells to which of several it leads. */
export function linkSha256(digest: string): string {
  return createHash("sha256").update(digest).digest("hex");
}
