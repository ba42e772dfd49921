import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { openAssets } from "../../cli/assets.ts";
import { formatImageLock, type ImageLock, type LockSource } from "../../images/image-lock.ts";
import { fullTagged } from "../../oci/reference.ts";
import type { Plan } from "../../plan/model.ts";
import { loadPlan, loadPlanOfImages, readImageTable } from "./load-plan.ts";

const assets = openAssets();
const digest = `sha256:${"d".repeat(64)}`;

/** A lock in which every image has the same digest. */
function lockFrom(source: LockSource): ImageLock {
  const images = Object.entries(readImageTable(assets)).map(([name, row]) => ({
    name,
    reference: fullTagged(row.reference),
    kind: row.source,
    licenses: "MIT",
    reasons: ["catalogue"],
    source,
    digest,
    mediaType: "application/vnd.oci.image.index.v1+json",
    size: 1,
    platforms: [],
  }));
  return {
    apiVersion: "slipway/v1",
    kind: "ImageLock",
    version: "0",
    profiles: [],
    platforms: ["linux/amd64"],
    images,
  };
}

async function load(options: {
  readonly set?: readonly string[];
  readonly lock?: ImageLock;
  readonly file?: string;
}): Promise<Plan> {
  const fs = createMemoryFileSystem(options.file === undefined ? {} : { "/lock.yaml": options.file });
  const selection = {
    files: [],
    set: options.set ?? [],
    without: [],
    ...(options.file !== undefined && { lock: "/lock.yaml" }),
  };
  const request = {
    name: "slipway",
    stateDir: "/state",
    values: selection,
    ...(options.lock && { lock: options.lock }),
  };
  return (await loadPlan(request, { fs, assets })).plan;
}

function imagesOf(plan: Plan): readonly string[] {
  const containers = [
    ...plan.components.flatMap((row) => row.workload?.container ?? []),
    ...plan.jobs.map((row) => row.container),
  ];
  return containers.map((container) => container.image.reference);
}

const registry = ["images.registry=harbor.corp.example/platform"];

describe("loadPlan with a lock", () => {
  it("renders tag and digest of every image at a registry of one's own, wherever the lock's digests are from", async () => {
    for (const source of ["engine", "bundle", "registry"] as const) {
      const images = imagesOf(await load({ set: registry, lock: lockFrom(source) }));

      expect(images.length).toBeGreaterThan(10);
      expect(
        images.filter((image) => !/^harbor\.corp\.example\/platform\/[^@]+:[\w.-]+@sha256:d{64}$/.test(image)),
      ).toEqual([]);
    }
  });

  it("renders images of ours by tag in the local engine, and those of others by the digest of their registry", async () => {
    const images = imagesOf(await load({ lock: lockFrom("registry") }));

    expect(images.filter((image) => image.includes("@"))).toEqual([`casbin/casdoor:3.62.0@${digest}`]);
  });

  it("renders nothing by digest that the engine was given without a registry", async () => {
    const images = imagesOf(await load({ lock: lockFrom("bundle") }));

    expect(images.filter((image) => image.includes("@"))).toEqual([]);
  });

  it("reads the lock that is named, and says so when there is none or it is something else", async () => {
    const fromFile = await load({ set: registry, file: formatImageLock(lockFrom("engine")) });

    expect(fromFile).toEqual(await load({ set: registry, lock: lockFrom("engine") }));
    await expect(load({ file: "kind: InstallLock" })).rejects.toThrow("/lock.yaml is not an image lock");
    const values = { files: [], set: [], without: [], lock: "/none.yaml" };
    await expect(
      loadPlan({ name: "slipway", stateDir: "/state", values }, { fs: createMemoryFileSystem(), assets }),
    ).rejects.toThrow("there is no file /none.yaml");
  });

  it("leaves an image alone that the values name", async () => {
    const image = "corp.example/db/postgres:17";

    expect(imagesOf(await load({ set: [...registry, `postgres.image=${image}`], lock: lockFrom("bundle") }))).toContain(
      image,
    );
  });
});

describe("a profile that cannot do with localhost", () => {
  const request = { name: "slipway", stateDir: "/state" };
  const ports = { fs: createMemoryFileSystem({}), assets };
  const values = { files: [], set: [], without: [] };

  it("needs no address where only its images are asked for", async () => {
    const standard = { ...request, values: { ...values, profile: "standard" } };

    await expect(loadPlan(standard, ports)).rejects.toMatchObject({ code: "VALUES_INVALID" });
    expect(imagesOf((await loadPlanOfImages(standard, ports)).plan)).toContain("opencsghq/csghub-portal:v2.4.0-ce");
  });

  it("is the one that is installed from a bundle of it, unless another is named or runs", async () => {
    const lock = { ...lockFrom("bundle"), profiles: ["standard"] };
    const domain = ["domain=hub.corp.example"];
    const profileOf = async (more: { readonly profile?: string }): Promise<string> =>
      (await loadPlan({ ...request, lock, values: { ...values, set: domain, ...more } }, ports)).plan.install.profile;

    expect(await profileOf({})).toBe("standard");
    expect(await profileOf({ profile: "infra" })).toBe("infra");
  });
});
