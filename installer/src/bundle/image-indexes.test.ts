import { describe, expect, it } from "vitest";
import type { BundledImage } from "./bundle-manifest.ts";
import { familiarName, formatDockerManifest, formatOciIndex } from "./image-indexes.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const descriptor = (digit: string) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: digest(digit),
  size: 9,
});

function image(name: string, more: Partial<BundledImage> = {}): BundledImage {
  return {
    name,
    reference: `docker.io/slipway/${name}:1`,
    root: descriptor("1"),
    platforms: [{ platform: "linux/amd64", manifest: descriptor("1"), config: digest("c") }],
    licenses: "MIT",
    reasons: [],
    referrers: [],
    ...more,
  };
}

interface Entry {
  readonly digest: string;
  readonly platform?: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
}

function entriesOf(images: readonly BundledImage[]): readonly Entry[] {
  return (JSON.parse(formatOciIndex(images)) as { readonly manifests: readonly Entry[] }).manifests;
}

describe("index.json", () => {
  it("names every image in full in the three annotations that tools look for", () => {
    const [entry] = entriesOf([image("nats")]);

    expect(entry?.annotations).toEqual({
      "io.containerd.image.name": "docker.io/slipway/nats:1",
      "org.opencontainers.image.base.name": "docker.io/slipway/nats:1",
      "org.opencontainers.image.ref.name": "docker.io/slipway/nats:1",
    });
  });

  it("has an entry a platform for an image whose index could not be carried whole", () => {
    const platforms = ["linux/amd64", "linux/arm64"].map((platform, at) => ({
      platform,
      manifest: descriptor(String(at + 1)),
      config: digest("c"),
    }));

    const entries = entriesOf([image("nats", { parentIndex: digest("9"), platforms })]);

    expect(entries.map(({ platform }) => platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ]);
  });

  it("lists what refers to an image once, under a name only where it has a tag", () => {
    const subject = digest("1");
    const tag = `sha256-${"1".repeat(64)}.sig`;
    const referrers = [
      { descriptor: descriptor("5"), subject },
      { descriptor: descriptor("6"), subject, tag },
    ];

    const entries = entriesOf([image("nats", { referrers }), image("minio", { referrers: referrers.slice(0, 1) })]);

    expect(entries).toHaveLength(4);
    expect(entries[2]?.annotations).toBeUndefined();
    expect(entries[3]?.annotations?.["org.opencontainers.image.ref.name"]).toBe(`docker.io/slipway/nats:${tag}`);
  });
});

describe("manifest.json of docker load", () => {
  it.each([
    ["docker.io/library/redis:7", "redis:7"],
    ["docker.io/slipway/nats:1", "slipway/nats:1"],
    ["quay.io/argoproj/argocd:v3", "quay.io/argoproj/argocd:v3"],
    [`quay.io/x/y@${digest("1")}`, undefined],
  ])("calls %s %s", (reference, name) => {
    expect(familiarName(reference)).toBe(name);
  });

  it("has an image with two names once, and one without a tag too", () => {
    const shared = { config: digest("a"), layers: [digest("b")] };

    const list = JSON.parse(
      formatDockerManifest([
        { reference: "docker.io/x/y:2", ...shared },
        { reference: "docker.io/x/y:1", ...shared },
        { reference: `docker.io/x/z@${digest("1")}`, config: digest("d"), layers: [] },
      ]),
    ) as unknown;

    expect(list).toEqual([
      {
        Config: `blobs/sha256/${"a".repeat(64)}`,
        RepoTags: ["x/y:1", "x/y:2"],
        Layers: [`blobs/sha256/${"b".repeat(64)}`],
      },
      { Config: `blobs/sha256/${"d".repeat(64)}`, RepoTags: [], Layers: [] },
    ]);
  });
});
