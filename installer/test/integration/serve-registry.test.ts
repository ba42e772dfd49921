import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { itUnless } from "../support/unless.ts";
import { mediaTypes } from "../../src/oci/descriptor.ts";
import { type RunningServer, startHttpServer } from "../../src/platform/http-server.ts";
import { createRegistryHandler } from "../../src/registry/serve/handle-request.ts";
import { indexImages } from "../../src/registry/serve/served-images.ts";
import { mustRun, runChild } from "../support/child.ts";
import { ContentStore } from "./content-store.ts";

const isInstalled = async (program: string): Promise<boolean> =>
  (await runChild("sh", ["-c", `command -v ${program}`])).exitCode === 0;
const [skopeo, oras, podman] = await Promise.all(["skopeo", "oras", "podman"].map(isInstalled));
const docker = (await runChild("docker", ["version"]).catch(() => ({ exitCode: 1 }))).exitCode === 0;

const name = `slipway-serve-test-${randomBytes(4).toString("hex")}/app`;
const store = new ContentStore();
const image = store.image(
  [
    ["one", "first"],
    ["two", "second"],
  ],
  true,
);
const index = store.add(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...image.manifest, platform: { os: "linux", architecture: "amd64" } }],
  }),
  mediaTypes.ociIndex,
);

let server: RunningServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-serve-"));
  const images = [
    { reference: `docker.io/${name}:1`, root: image.manifest, referrers: [] },
    { reference: `docker.io/${name}:all`, root: index, referrers: [] },
  ];
  const served = await indexImages(images, store.content, (digest) => store.blobs.has(digest));
  server = await startHttpServer(createRegistryHandler(served, store.content), { host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

describe("the registry that is served is read by", () => {
  itUnless(
    skopeo === true ? undefined : "skopeo is not installed",
    "skopeo: one image, and a whole index with its digest",
    async () => {
      const from = `docker://${server.authority}/${name}`;
      await mustRun("skopeo", ["copy", "--src-tls-verify=false", `${from}:1`, `oci:${folder}/one:1`]);
      await mustRun("skopeo", [
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        `${from}:all`,
        `oci:${folder}/all:1`,
      ]);
      const tags = await mustRun("skopeo", ["list-tags", "--tls-verify=false", from]);

      const layout = JSON.parse(await readFile(join(folder, "all/index.json"), "utf8")) as {
        readonly manifests: readonly { readonly digest: string }[];
      };
      expect(layout.manifests.map((entry) => entry.digest)).toEqual([index.digest]);
      expect(JSON.parse(tags)).toMatchObject({ Tags: ["1", "all"] });
    },
  );

  itUnless(
    oras === true ? undefined : "oras is not installed",
    "oras: a manifest by tag, a blob by digest",
    async () => {
      const from = `${server.authority}/${name}`;

      const manifest = await mustRun("oras", ["manifest", "fetch", "--plain-http", `${from}:1`]);
      const blob = await mustRun("oras", ["blob", "fetch", "--plain-http", "--output", "-", `${from}@${image.config}`]);

      expect(manifest).toBe(store.blobs.get(image.manifest.digest)?.toString());
      expect(blob).toBe(store.blobs.get(image.config)?.toString());
    },
  );

  itUnless(docker ? undefined : "no engine answers", "docker pull, by digest and by tag", async () => {
    const byDigest = `${server.authority}/${name}@${index.digest}`;
    const byTag = `${server.authority}/${name}:1`;
    try {
      await mustRun("docker", ["pull", "--quiet", byDigest]);
      await mustRun("docker", ["pull", "--quiet", byTag]);

      const id = await mustRun("docker", ["image", "inspect", "--format", "{{.Id}}", byTag]);
      expect([image.config, image.manifest.digest]).toContain(id.trim());
    } finally {
      await runChild("docker", ["rmi", byTag, byDigest]);
    }
  });

  itUnless(podman === true ? undefined : "podman is not installed", "podman, into a store of its own", async () => {
    const storage = [
      "--root",
      join(folder, "podman"),
      "--runroot",
      join(folder, "podman-run"),
      "--storage-driver",
      "vfs",
    ];

    const result = await runChild("podman", [
      ...storage,
      ...["pull", "--quiet", "--tls-verify=false", `${server.authority}/${name}:1`],
    ]);

    expect(result).toMatchObject({ exitCode: 0 });
    expect(result.stdout.trim()).toBe(image.config.slice("sha256:".length));
    await runChild("podman", [...storage, "rmi", "--all", "--force"]);
  });
});
