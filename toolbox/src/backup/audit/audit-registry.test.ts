import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addToRegistry, auditRegistry, emptyRegistry, manifestsOf, type StoredRegistry } from "./audit-registry.ts";
import type { AuditResult } from "./audit-result.ts";
import { openFindings } from "./findings.ts";
import { parseRegistryKey } from "./registry-layout.ts";
import { parseManifest } from "./registry-manifest.ts";

const root = "docker/registry/v2";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const digest = (text: string): string => `sha256:${sha256(text)}`;
const descriptor = (text: string) => ({ digest: digest(text), size: text.length });
const dataKey = (text: string): string => `${root}/blobs/sha256/${sha256(text).slice(0, 2)}/${sha256(text)}/data`;
const linkKey = (kind: string, text: string): string =>
  `${root}/repositories/team/app/${kind}/sha256/${sha256(text)}/link`;

const config = "{}";
const layer = "layer";
const image = JSON.stringify({ schemaVersion: 2, config: descriptor(config), layers: [descriptor(layer)] });
const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor(image)] });
const currentKey = `${root}/repositories/team/app/_manifests/tags/v1/current/link`;

/** The bucket of one image for one platform, with a tag on its index. */
const bucket = new Map([
  ...[config, layer, image, index].map((text) => [dataKey(text), text] as const),
  ...[config, layer].map((text) => [linkKey("_layers", text), digest(text)] as const),
  ...[image, index].map((text) => [linkKey("_manifests/revisions", text), digest(text)] as const),
  [currentKey, digest(index)],
  [`${root}/repositories/team/app/_manifests/tags/v1/index/sha256/${sha256(index)}/link`, digest(index)],
  [`${root}/repositories/team/app/_uploads/1/startedat`, "now"],
]);

function stored(objects: ReadonlyMap<string, string>): StoredRegistry {
  const registry = emptyRegistry();
  for (const [key, text] of objects) {
    const parsed = parseRegistryKey(key);
    if (parsed !== undefined) addToRegistry(registry, parsed, { size: text.length, sha256: sha256(text) });
  }
  return registry;
}

function audit(objects: ReadonlyMap<string, string>): AuditResult {
  const registry = stored(objects);
  const contents = new Map([...objects.values()].map((text) => [digest(text), text]));
  const manifests = new Map([...manifestsOf(registry)].map((name) => [name, parseManifest(contents.get(name) ?? "")]));
  const findings = openFindings();
  auditRegistry(registry, manifests, findings);
  return findings.result();
}

function without(key: string): AuditResult {
  return audit(new Map([...bucket].filter(([name]) => name !== key)));
}

describe("auditRegistry", () => {
  it("follows a tag down to every blob", () => {
    const { references, dangling, leftOut } = audit(bucket);

    expect(references).toMatchObject({
      "tag-manifest": 1,
      "link-manifest": 2,
      "index-manifest": 1,
      "manifest-config": 1,
      "manifest-layer": 1,
    });
    expect({ count: dangling.count, leftOut }).toEqual({ count: 0, leftOut: [] });
  });

  it("tells a layer of an index's image that is missing", () => {
    const { dangling } = without(dataKey(layer));

    expect(dangling.first).toEqual([
      {
        kind: "manifest-layer",
        from: `team/app@${digest(image)}`,
        to: digest(layer),
        problem: "is missing",
      },
    ]);
  });

  it.each([
    ["config", dataKey(config), ["manifest-config"]],
    ["manifest of an index", dataKey(image), ["link-manifest", "index-manifest"]],
    ["manifest of a tag", dataKey(index), ["link-manifest"]],
    ["link of a tag's manifest", linkKey("_manifests/revisions", index), ["tag-manifest"]],
    ["link of a layer", linkKey("_layers", layer), ["manifest-layer"]],
  ])("tells that the %s is missing", (_, key, kinds) => {
    const { dangling } = without(key);

    expect(dangling.first.map(({ kind }) => kind).toSorted()).toEqual(kinds.toSorted());
  });

  it("tells a layer that was cut short, and one of another content", () => {
    const short = audit(new Map([...bucket, [dataKey(layer), "lay"]]));
    const other = audit(new Map([...bucket, [dataKey(layer), "LAYER"]]));

    expect(short.dangling.first).toMatchObject([{ problem: "has 3 bytes instead of 5" }]);
    expect(other.dangling.first).toMatchObject([{ problem: "has another content" }]);
  });

  it("tells a link that leads elsewhere", () => {
    const key = linkKey("_manifests/revisions", image);
    const { dangling } = audit(new Map([...bucket, [key, digest(config)]]));

    expect(dangling.first).toMatchObject([{ kind: "link-manifest", problem: "is not what the link leads to" }]);
  });

  it("passes manifests that it does not know", () => {
    const old = JSON.stringify({ schemaVersion: 1, fsLayers: [{ blobSum: digest("gone") }] });
    const { dangling, leftOut } = audit(
      new Map([...bucket, [dataKey(old), old], [linkKey("_manifests/revisions", old), digest(old)]]),
    );

    expect(dangling.count).toBe(0);
    expect(leftOut).toEqual(["1 × manifest of a kind that this version does not know"]);
  });
});

describe("parseManifest", () => {
  it("leaves out layers that come from elsewhere and what a manifest is about", () => {
    const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    const text = JSON.stringify({
      schemaVersion: 2,
      config: descriptor(config),
      layers: [{ ...descriptor("base"), mediaType }, descriptor(layer)],
      subject: descriptor("signed"),
    });

    expect(parseManifest(text)).toMatchObject({ kind: "image", layers: [{ digest: digest(layer) }] });
  });

  it.each(["", "[]", "null", '{"schemaVersion":2}', '{"schemaVersion":2,"manifests":[{}]}'])("knows no %s", (text) => {
    expect(parseManifest(text)).toBeUndefined();
  });
});
