import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { differencesOf, formatImageLock, type ImageLock, parseImageLock, requireSameLock } from "./image-lock.ts";
import { recordedDigests, withLock } from "./lock-digests.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const lock: ImageLock = {
  apiVersion: "slipway/v1",
  kind: "ImageLock",
  version: "0.1.0",
  profiles: ["infra"],
  platforms: ["linux/amd64"],
  images: [
    {
      name: "nats",
      reference: "docker.io/slipway/nats:1",
      kind: "built",
      licenses: "Apache-2.0",
      reasons: ["component nats"],
      source: "engine",
      digest: digest("a"),
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      size: 10,
      platforms: [{ platform: "linux/amd64", digest: digest("a"), imageId: digest("b"), size: 10 }],
    },
    {
      name: "casdoor",
      reference: "docker.io/casbin/casdoor:3.62.0",
      kind: "third-party",
      licenses: "Apache-2.0",
      reasons: ["component casdoor"],
      unresolved: "no registry can be reached",
    },
  ],
};

/** The lock with one thing changed. */
function changed(change: (document: Record<string, unknown>, images: Record<string, unknown>[]) => void): string {
  const document = parse(formatImageLock(lock)) as Record<string, unknown>;
  change(document, document["images"] as Record<string, unknown>[]);
  return stringify(document, { aliasDuplicateObjects: false });
}

describe("formatImageLock", () => {
  it("is read back as it was, in the order of the names", () => {
    const read = parseImageLock(formatImageLock(lock), "lock.yaml");

    expect(read).toEqual({ ...lock, images: [lock.images[1], lock.images[0]] });
  });

  it("gives the same bytes whatever order the images are in", () => {
    expect(formatImageLock({ ...lock, images: lock.images.toReversed() })).toBe(formatImageLock(lock));
  });
});

describe("parseImageLock", () => {
  it.each([
    ["another kind", changed((document) => void (document["kind"] = "InstallLock")), /kind ImageLock/],
    ["a key that is not known", changed((document) => void (document["more"] = 1)), /has a key more/],
    [
      "an image with a key that is not known",
      changed((_, [, nats]) => void (nats!["tag"] = "x")),
      /images\[1\] has a key tag/,
    ],
    ["a digest that is none", changed((_, [, nats]) => void (nats!["digest"] = "sha256:12")), /images\[1\]\.digest/],
    ["a size that is none", changed((_, [, nats]) => void (nats!["size"] = -1)), /images\[1\]\.size/],
    ["a source that is none", changed((_, [, nats]) => void (nats!["source"] = "hearsay")), /images\[1\]\.source/],
    ["a kind of image that is none", changed((_, [, nats]) => void (nats!["kind"] = "found")), /images\[1\]\.kind/],
    [
      "a platform that is none",
      changed((document) => void (document["platforms"] = ["LINUX"])),
      /LINUX is not a platform/,
    ],
    [
      "a short reference",
      changed((_, [, nats]) => void (nats!["reference"] = "slipway/nats:1")),
      /not written in full/,
    ],
    ["an image twice", changed((document, [, nats]) => void (document["images"] = [nats, nats])), /in it twice/],
    ["images that are not a list", changed((document) => void (document["images"] = {})), /images is not a list/],
    ["an alias bomb", "a: &a [x]\nb: *a\n", /not an image lock/],
    ["no YAML", "a: [", /not an image lock/],
    ["nothing", "", /not a mapping/],
  ])("refuses %s and names the place", (_title, text, message) => {
    expect(() => parseImageLock(text, "lock.yaml")).toThrow(message);
  });
});

describe("requireSameLock", () => {
  it("passes over the place the same bytes came from and why something is unresolved", () => {
    const elsewhere = lock.images.map((image) =>
      "digest" in image ? { ...image, source: "bundle" as const } : { ...image, unresolved: "another reason" },
    );

    expect(() => requireSameLock(lock, { ...lock, images: elsewhere }, "lock.yaml")).not.toThrow();
  });

  it("exits with 14 and lists what is other, new and gone", () => {
    const nats = { ...lock.images[0]!, digest: digest("c") };
    const redis = { ...lock.images[1]!, reference: "docker.io/library/redis:7" };
    const now = { ...lock, images: [nats, redis] };

    expect(differencesOf(lock, now)).toEqual([
      "docker.io/casbin/casdoor:3.62.0: in the lock, but not used any more",
      "docker.io/library/redis:7: not in the lock",
      `docker.io/slipway/nats:1: ${digest("a")} in the lock, ${digest("c")} now`,
    ]);
    expect(() => requireSameLock(lock, now, "lock.yaml")).toThrow(expect.objectContaining({ code: "PLAN_CHANGED" }));
  });
});

describe("withLock", () => {
  const table = { nats: { reference: "slipway/nats:1", source: "built" as const } };

  it("gives images of the table the digests of the lock", () => {
    expect(withLock(table, lock)["nats"]).toMatchObject({ digest: digest("a"), local: true });
    expect(withLock(table, undefined)).toBe(table);
  });

  it("leaves an image alone of which the lock knows no digest, or only another tag's", () => {
    const other = {
      casdoor: { reference: "casbin/casdoor:3.62.0", source: "third-party" as const },
      nats: { reference: "slipway/nats:2", source: "built" as const },
    };

    expect(withLock(other, lock)).toEqual(other);
  });
});

describe("recordedDigests", () => {
  it("finds the references that an install recorded with a digest", () => {
    const text = stringify({
      kind: "InstallLock",
      images: [
        { reference: "slipway/nats:1", imageId: digest("b") },
        { reference: `casbin/casdoor:3.62.0@${digest("d")}`, imageId: digest("e") },
        { reference: `harbor.corp.example:8443/p/library/redis:7@${digest("f")}`, imageId: digest("e") },
      ],
    });

    expect([...recordedDigests(text)]).toEqual([
      ["docker.io/casbin/casdoor:3.62.0", digest("d")],
      ["harbor.corp.example:8443/p/library/redis:7", digest("f")],
    ]);
    expect(recordedDigests(undefined).size).toBe(0);
  });
});
