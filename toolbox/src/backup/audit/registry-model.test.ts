import { describe, expect, it } from "vitest";
import { addToRegistry, auditRegistry, emptyRegistry } from "./audit-registry.ts";
import { openFindings } from "./findings.ts";
import { linkSha256, type RegistryKey } from "./registry-layout.ts";
import { type Manifest, parseManifest } from "./registry-manifest.ts";

const [config, layer, image] = ["c", "d", "e"].map((letter) => letter.repeat(64)) as [string, string, string];
const digest = (hex: string): string => `sha256:${hex}`;
const repository = "team/app";
const manifest = parseManifest(
  JSON.stringify({
    schemaVersion: 2,
    config: { digest: digest(config), size: 1 },
    layers: [{ digest: digest(layer), size: 1 }],
  }),
);

/** A push, in the order in which the registry writes: what is referred to comes first. */
const push: readonly { readonly key: RegistryKey; readonly sha256: string }[] = [
  ...[layer, config].flatMap((hex) => [
    { key: { kind: "blob", digest: digest(hex) } as const, sha256: hex },
    { key: { kind: "layer", repository, digest: digest(hex) } as const, sha256: linkSha256(digest(hex)) },
  ]),
  { key: { kind: "blob", digest: digest(image) }, sha256: image },
  { key: { kind: "manifest", repository, digest: digest(image) }, sha256: linkSha256(digest(image)) },
  { key: { kind: "tag", repository, tag: "v1" }, sha256: linkSha256(digest(image)) },
];

/** Copies kinds of keys one after the other, each after so many steps of the push; gives how many references dangle. */
function danglingAfter(order: readonly RegistryKey["kind"][], places: readonly number[]): number {
  const copy = emptyRegistry();
  for (const [at, kind] of order.entries()) {
    const there = push.slice(0, places[at]).filter(({ key }) => key.kind === kind);
    for (const { key, sha256 } of there) addToRegistry(copy, key, { size: 1, sha256 });
  }
  const findings = openFindings();
  auditRegistry(copy, new Map<string, Manifest | undefined>([[digest(image), manifest]]), findings);
  return findings.result().dangling.count;
}

/** How many ways there are to copy beside the push, and how many of them are broken. */
function tryAll(order: readonly RegistryKey["kind"][]): { readonly ways: number; readonly broken: number } {
  const moments = Array.from({ length: push.length + 1 }, (_, at) => at);
  let ways: readonly (readonly number[])[] = [[]];
  while (ways[0]?.length !== order.length) {
    ways = ways.flatMap((way) => moments.filter((at) => at >= (way.at(-1) ?? 0)).map((at) => [...way, at]));
  }
  return { ways: ways.length, broken: ways.filter((way) => danglingAfter(order, way) > 0).length };
}

// The figures stand in docs/adr/0015-backups.md.
describe("a copy of a registry beside a push, at every point of its steps", () => {
  it("has no reference that dangles when what refers is copied before what is referred to", () => {
    expect(tryAll(["tag", "manifest", "layer", "blob"])).toEqual({ ways: 330, broken: 0 });
  });

  it("is found out when keys are copied in their own order", () => {
    expect(tryAll(["blob", "layer", "manifest", "tag"])).toEqual({ ways: 330, broken: 136 });
  });
});
