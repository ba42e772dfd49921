import { describe, expect, it } from "vitest";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("images", () => {
  it("builds the named ones and lists all", async () => {
    const image = { name: "minio", reference: "slipway/minio:1", state: "built" as const };
    const built = await cli("images build minio gitaly --jobs 2", {
      buildImages: () => Promise.resolve({ apiVersion, kind: "ImagesBuildResult", images: [image], ms: 2000 }),
    });
    const row = {
      name: "minio",
      kind: "built" as const,
      reference: "slipway/minio:1",
      present: false,
      digests: [],
      usedBy: ["minio"],
    };
    const listed = await cli("images list", {
      listImages: () => Promise.resolve({ apiVersion, kind: "ImagesListResult", images: [row] }),
    });

    expect(built.requests["buildImages"]?.[0]).toMatchObject({ names: ["minio", "gitaly"], jobs: 2 });
    expect(built.stdout()).toContain("built 1 in 2.0 s, 0 were there\n  slipway/minio:1");
    expect(listed.stdout()).toContain("minio  built   no       slipway/minio:1  minio");
  });
});
