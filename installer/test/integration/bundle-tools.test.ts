import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { collectBlobs, describeBundle } from "../../src/actions/bundle/describe-bundle.ts";
import { bundlePaths } from "../../src/bundle/bundle-manifest.ts";
import { assembleBundle } from "../../src/bundle/assemble-bundle.ts";
import { gatherImages } from "../../src/bundle/gather-images.ts";
import { formatDockerManifest, formatOciIndex, ociLayoutText } from "../../src/bundle/image-indexes.ts";
import { openFileSource } from "../../src/bundle/sources/file-source.ts";
import { openLayoutFolder } from "../../src/bundle/sources/layout-source.ts";
import { writeBundle } from "../../src/bundle/write-bundle.ts";
import { createBundlePorts } from "../support/bundle-ports.ts";
import { LayoutFolder } from "../support/layout-folder.ts";
import { missing, run, tool } from "./foreign-tools.ts";

const prefix = `slipway-bundle-tools-${process.pid}`;
const references = [`docker.io/${prefix}/one:1`, `docker.io/${prefix}/two:1`];
const { ports } = createBundlePorts();
let folder: string;
let bundle: string;
let layout: LayoutFolder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), `${prefix}-`));
  bundle = join(folder, "bundle.tar");
  layout = new LayoutFolder(
    join(folder, "layout"),
    references.map((reference, at) => ({ reference, layers: ["shared:200000", `own${at}:300000`] })),
  );
  await write(bundle, references);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A bundle of images of the layout, as `bundle create` makes one. */
async function write(file: string, wanted: readonly string[]): Promise<void> {
  const { signal } = new AbortController();
  const platforms = [{ os: "linux", architecture: "amd64" }];
  const source = await openLayoutFolder(layout.folder, ports.bulkFiles);
  const images = await gatherImages({
    images: wanted.map((reference, at) => ({ name: `image${at}`, reference, licenses: "none", reasons: ["test"] })),
    platforms,
    sources: [source],
    jobs: 2,
    signal,
  });
  const origins = collectBlobs(images, []);
  const named = { name: "tools", version: "1.0.0", profile: "infra", platforms: ["linux/amd64"], without: [] };
  const description = describeBundle({ ...named, images, artifacts: [], sbomPaths: new Map() }, origins);
  const docker = images.map(({ wanted, platforms: [first] }) => ({
    reference: wanted.reference,
    config: first?.config ?? "",
    layers: first?.layers.map(({ digest }) => digest) ?? [],
  }));
  const assembled = assembleBundle({
    description,
    files: new Map([
      [bundlePaths.ociLayout, Buffer.from(ociLayoutText)],
      [bundlePaths.index, Buffer.from(formatOciIndex(description.images))],
      [bundlePaths.dockerManifest, Buffer.from(formatDockerManifest(docker))],
    ]),
    blobs: [...origins.values()].map(({ descriptor }) => descriptor),
  });
  await writeBundle(
    { bundle: assembled, origins, output: file, jobs: 2, onBytes: () => undefined, signal },
    { ...ports, bulk: ports.bulkFiles, failpoint: () => undefined },
  );
}

function layersOf(reference: string): readonly string[] {
  return layout.layersOf(reference).map(({ digest }) => digest);
}

describe("a bundle is read as it is by", () => {
  const docker = missing("docker", ["version", "--format", "{{.Server.Version}}"]);
  const skopeo = missing("skopeo", ["--version"]);
  const podman = missing("podman", ["--version"]);
  const oras = missing("oras", ["version"]);
  const crane = missing("crane", ["version"]);

  tool("docker", docker, "load: every image, with its layers", () => {
    const names = references.map((reference) => reference.replace("docker.io/", ""));
    try {
      const output = run("docker", ["load", "-i", bundle]);
      const layers = names.map((name): unknown =>
        JSON.parse(run("docker", ["image", "inspect", "--format", "{{json .RootFS.Layers}}", name])),
      );

      for (const name of names) expect(output).toContain(`Loaded image: ${name}`);
      expect(layers).toEqual(references.map(layersOf));
    } finally {
      spawnSync("docker", ["image", "rm", ...names], { stdio: "ignore" });
    }
  });

  tool("skopeo", skopeo, "as an OCI archive, by the full reference", () => {
    for (const reference of references) {
      const seen = JSON.parse(run("skopeo", ["inspect", `oci-archive:${bundle}:${reference}`])) as {
        readonly Digest: string;
        readonly Layers: readonly string[];
      };

      expect(seen.Digest).toBe(layout.roots.get(reference)?.digest);
      expect(seen.Layers).toEqual(layersOf(reference));
    }
  });

  tool("skopeo", skopeo, "as an archive of docker save, and copies an image whole", () => {
    const [reference = ""] = references;
    const name = reference.replace("docker.io/", "");
    const target = join(folder, "copied");

    run("skopeo", ["copy", "--insecure-policy", `docker-archive:${bundle}:${name}`, `dir:${target}`]);

    for (const layer of layout.layersOf(reference)) {
      expect(statSync(join(target, layer.digest.slice("sha256:".length))).size).toBe(layer.size);
    }
  });

  tool("podman", podman, "load: every image", () => {
    const root = join(folder, "podman");
    const store = ["--root", join(root, "root"), "--runroot", join(root, "run"), "--storage-driver", "vfs"];

    run("podman", [...store, "load", "-i", bundle]);
    const images = run("podman", [...store, "images", "--format", "{{.Repository}}:{{.Tag}}"]);

    for (const reference of references) expect(images).toContain(reference.replace("docker.io/", ""));
  });

  tool("oras", oras, "as an OCI layout, by digest", () => {
    const digest = layout.roots.get(references[0] ?? "")?.digest ?? "";

    const manifest = run("oras", ["manifest", "fetch", "--oci-layout", `${bundle}@${digest}`]);

    expect(manifest).toBe(readFileSync(layout.blobFile(digest), "utf8"));
  });

  tool("crane", crane, "validate: an archive of docker save, of which it reads those with one image", async () => {
    const single = join(folder, "single.tar");
    await write(single, references.slice(0, 1));

    expect(run("crane", ["validate", "--fast", `--tarball=${single}`])).toContain("PASS");
  });

  tool("tar", missing("tar", ["--version"]), "without a warning, and nothing but plain files is in it", () => {
    const listed = spawnSync("tar", ["-tvf", bundle], { stdio: "pipe" });
    const lines = listed.stdout.toString().trim().split("\n");

    expect(listed.stderr.toString()).toBe("");
    expect(lines.every((line) => line.startsWith("-rw-r--r--"))).toBe(true);
    expect(lines[0]).toMatch(/ 0\/0 .* 1970-01-01 .* bundle\.json$/);
  });
});

describe("as a source we read what is written by", () => {
  const docker = missing("docker", ["version", "--format", "{{.Server.Version}}"]);
  const skopeo = missing("skopeo", ["--version"]);

  async function resolved(path: string, reference: string) {
    const source = await openFileSource(
      { path, spoolPath: join(folder, "spool", "a.tar"), signal: new AbortController().signal },
      { ...ports, bulk: ports.bulkFiles, openBundle: () => Promise.reject(new Error("it is not a bundle")) },
    );
    const [image] = await gatherImages({
      images: [{ name: "x", reference, licenses: "none", reasons: [] }],
      platforms: [{ os: "linux", architecture: "amd64" }],
      sources: [source],
      jobs: 1,
      signal: new AbortController().signal,
    });
    return { source, image };
  }

  tool("skopeo", skopeo, "copy to an OCI archive and to one of docker save", async () => {
    const [reference = ""] = references;
    const name = reference.replace("docker.io/", "");
    const layoutAt = `oci:${layout.folder}:${reference}`;
    run("skopeo", ["copy", "--insecure-policy", layoutAt, `oci-archive:${join(folder, "s.oci")}:${reference}`]);
    run("skopeo", ["copy", "--insecure-policy", layoutAt, `docker-archive:${join(folder, "s.docker")}:${name}`]);

    const oci = await resolved(join(folder, "s.oci"), reference);
    const saved = await resolved(join(folder, "s.docker"), reference);
    await oci.source.close();
    await saved.source.close();

    // It packs layers on the way, so that only the configuration is the same.
    expect(oci.image?.platforms[0]?.config).toBe(saved.image?.platforms[0]?.config);
    expect(saved.image?.platforms[0]?.layers.map(({ digest }) => digest)).toEqual(layersOf(reference));
  });

  tool("docker", docker, "save", async () => {
    const names = references.map((reference) => reference.replace("docker.io/", ""));
    try {
      run("docker", ["load", "-i", bundle]);
      run("docker", ["save", "-o", join(folder, "saved.tar"), ...names]);
    } finally {
      spawnSync("docker", ["image", "rm", ...names], { stdio: "ignore" });
    }

    const { source, image } = await resolved(join(folder, "saved.tar"), references[1] ?? "");
    await source.close();

    expect(image?.platforms[0]?.layers.map(({ digest }) => digest)).toEqual(layersOf(references[1] ?? ""));
    expect(readdirSync(folder)).not.toContain("spool");
  });
});
