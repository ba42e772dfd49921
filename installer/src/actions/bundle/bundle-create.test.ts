import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fixtureKey } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import type { LayoutImage } from "../../../test/support/layout-folder.ts";
import { createSeededRandom } from "../../../test/support/memory-ports.ts";
import { formatSecretKey } from "../../bundle/minisign-secret.ts";
import { repairParts } from "../../bundle/parity.ts";
import { parseSplitHeader } from "../../bundle/split-header.ts";
import { createFailpoint } from "../../platform/failpoint.ts";
import { digestOf } from "../../oci/digest.ts";
import { createBundle } from "./bundle-create.ts";
import type { BundleCreateRequest } from "./create-request.ts";
import {
  assets,
  folder,
  ownImages,
  referenceOf,
  layout,
  testPorts,
  requestFor,
  create,
  bytesOf,
  open,
  inFreshFolder,
} from "./testing/created-bundles.ts";

inFreshFolder();

describe("bundle create", () => {
  it("carries images that a person names, with the platform's or alone", async () => {
    const vllm = "quay.io/example/vllm:v0.9";
    layout("l", [...ownImages(), { reference: vllm, layers: ["shared:30000", "vllm:70000"] }]);

    await create("more.tar", "l", { images: [vllm, referenceOf("postgres")] });
    await create("alone.tar", "l", { images: [vllm], imagesOnly: true });

    const [more, alone] = [await open("more.tar"), await open("alone.tar")];
    const reasons = new Map(more.manifest.images.map((image) => [image.reference, image.reasons]));
    await Promise.all([more.close(), alone.close()]);
    expect(reasons.get(vllm)).toEqual(["named with --image"]);
    expect(reasons.get(referenceOf("postgres"))).toContain("component postgres");
    expect(alone.manifest.name).toBe("slipway-images");
    expect(alone.manifest.profiles).toEqual([]);
    expect(alone.manifest.images.map(({ reference }) => reference)).toEqual([vllm]);
  });

  it("refuses a further image without a version, and a bundle without any image", async () => {
    layout("l");

    const attempt = (more: Partial<BundleCreateRequest>) => create("b.tar", "l", more);

    await expect(attempt({ images: ["quay.io/example/vllm"] })).rejects.toMatchObject({ code: "USAGE" });
    await expect(attempt({ imagesOnly: true })).rejects.toMatchObject({ code: "USAGE" });

    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("refuses an output that is a folder, or in a folder that is not there, before any image is read", async () => {
    layout("l");
    const { ports, events } = createBundlePorts();

    for (const output of [folder, join(folder, "not-there/b.tar")]) {
      const request = { ...requestFor("b.tar", "l"), output };
      await expect(createBundle(request, { ...ports, assets, failpoint: createFailpoint({}) })).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining(folder) as string,
      });
    }

    expect(events).toEqual([]);
  });

  it("refuses an output that is a link, a pipe or a device, which it would replace", async () => {
    layout("l");
    symlinkSync("/dev/null", join(folder, "link.tar"));

    for (const output of ["/dev/null", "link.tar"]) {
      const request = requestFor("b.tar", "l", { output: output.startsWith("/") ? output : join(folder, output) });
      await expect(createBundle(request, testPorts())).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining("is no plain file") as string,
      });
    }
    expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(lstatSync(join(folder, "link.tar")).isSymbolicLink()).toBe(true);
  });

  it("takes an output in a folder that is reached by a link", async () => {
    layout("l");
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "linked"));

    await create("linked/b.tar", "l", { dryRun: true });
  });

  it("asks for the passphrase of a key that has one, and says how to give it where nobody can be asked", async () => {
    layout("l");
    const keyFile = join(folder, "protected");
    writeFileSync(keyFile, await formatSecretKey(fixtureKey, "correct horse", createSeededRandom("p")));
    const asked: string[] = [];
    const askPassphrase = (message: string): Promise<string> => {
      asked.push(message);
      return Promise.resolve("correct horse");
    };

    const result = await create("b.tar", "l", { signing: { unsigned: false, keyFile, askPassphrase } });
    const refused = create("c.tar", "l", { signing: { unsigned: false, keyFile } });

    await expect(refused).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("is protected by a passphrase") as string,
      hint: expect.stringContaining("--passphrase-file") as string,
    });
    expect(result.signed).toBe(true);
    expect(asked).toEqual([`passphrase of ${keyFile}`]);
  });

  it("tells no digest of the root document in a dry run, which does not read the layers it depends on", async () => {
    layout("l");

    const result = await create("b.tar", "l", { dryRun: true });

    expect(result.root).toBeUndefined();
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("warns when it carries no program for a platform, and not when only images are carried", async () => {
    layout("l");
    const warningsOf = async (output: string, more: Partial<BundleCreateRequest>): Promise<readonly string[]> => {
      const { ports, events } = createBundlePorts();
      await createBundle(requestFor(output, "l", more), { ...ports, assets, failpoint: createFailpoint({}) });
      return events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    };

    const whole = await warningsOf("b.tar", {});
    const images = await warningsOf("i.tar", { images: [referenceOf("postgres")], imagesOnly: true });

    expect(whole).toContain("the bundle carries no slipway program for linux/amd64");
    expect(images).toEqual([]);
  });

  it("tells how far the parity parts are", async () => {
    layout("l");
    const { ports, events } = createBundlePorts();

    await createBundle(requestFor("s.tar", "l", { partSize: 200_000, parity: 1 }), {
      ...ports,
      assets,
      failpoint: createFailpoint({}),
    });

    const told = events.flatMap((event) => (event.type === "progress" ? [[event.id, event.percent] as const] : []));
    expect(told).toContainEqual(["parity of s.tar", 100]);
  });

  it("makes a signed bundle that opens, with every image of the profile and each blob once", async () => {
    layout("l");

    const result = await create("b.tar", "l");

    const bundle = await open("b.tar");
    const names = bundle.manifest.images.map(({ name }) => name);
    const blobs = bundle.entries.filter(({ path }) => path.startsWith("blobs/"));
    await bundle.close();
    expect(bundle.trust.state).toBe("signed");
    expect(names).toContain("postgres");
    expect(names).toContain("toolbox");
    expect(names).not.toContain("casdoor");
    expect(bundle.manifest.without).toEqual(["casdoor"]);
    expect(new Set(blobs.map(({ path }) => path)).size).toBe(blobs.length);
    expect(bundle.manifest.blobBytes).toBe(blobs.reduce((sum, { size }) => sum + size, 0));
    expect(result).toMatchObject({ root: bundle.root, bytes: bytesOf("b.tar").length, signed: true });
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("makes the same bytes from the layout, from the bundle itself and from its parts", async () => {
    layout("l");

    await create("a.tar", "l");
    await create("b.tar", join(folder, "a.tar"));
    await create("c.tar", "l", { partSize: 100_000 });
    await create("d.tar", join(folder, "c.tar.split.json"));

    const parts = readdirSync(folder).filter((name) => /^c\.tar\.part\d+$/.test(name));
    expect(bytesOf("b.tar").equals(bytesOf("a.tar"))).toBe(true);
    expect(parts.length).toBeGreaterThan(2);
    expect(Buffer.concat(parts.toSorted().map(bytesOf)).equals(bytesOf("a.tar"))).toBe(true);
    expect(bytesOf("d.tar").equals(bytesOf("a.tar"))).toBe(true);
  });

  it("says in checksums.txt what sha256sum would say", async () => {
    layout("l");

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    const sums = new Map(
      (await bundle.readFile("checksums.txt"))
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => [line.slice(66), line.slice(0, 64)]),
    );
    await bundle.close();
    const whole = bytesOf("b.tar");
    for (const { path, offset, size } of bundle.entries) {
      if (/^(bundle\.json|checksums\.txt)/.test(path)) continue;
      expect(`sha256:${sums.get(path) ?? ""}`).toBe(digestOf(whole.subarray(offset, offset + size)));
    }
    expect(sums.size).toBe(bundle.entries.length - 3);
  });

  it("carries signatures found at the source, by subject and by cosign's tag", async () => {
    layout("l", ownImages({ postgres: { signed: "subject" }, valkey: { signed: "tag" } }));

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    const found = bundle.manifest.images.flatMap(({ name, referrers }) =>
      referrers.map(({ tag }) => [name, tag?.slice(-4)]),
    );
    const index = JSON.parse((await bundle.readFile("index.json")).toString()) as { manifests: unknown[] };
    await bundle.close();
    expect(found).toEqual([
      ["postgres", undefined],
      ["valkey", ".sig"],
    ]);
    expect(index.manifests).toHaveLength(bundle.manifest.images.length + 2);
  });

  it("writes nothing on a dry run and says how large it would be", async () => {
    layout("l");

    const dry = await create("b.tar", "l", { dryRun: true });
    const real = await create("b2.tar", "l");

    expect(existsSync(join(folder, "b.tar"))).toBe(false);
    expect(dry.blobBytes).toBe(real.blobBytes);
    expect(dry.images).toEqual(real.images);
  });
});

describe("a bundle in parts with parity", () => {
  it("can do without as many parts as there is parity", async () => {
    layout("l");
    const result = await create("b.tar", "l", { partSize: 200_000, parity: 2 });
    await create("whole.tar", "l");
    const parts = readdirSync(folder).filter((name) => /^b\.tar\.part\d+$/.test(name));
    rmSync(join(folder, parts[0] ?? ""));
    rmSync(join(folder, parts[1] ?? ""));
    const header = parseSplitHeader(bytesOf("b.tar.split.json").toString(), "b.tar.split.json");
    const ports = testPorts();

    await repairParts(
      { header, folders: [folder], output: folder, onBytes: () => undefined, signal: ports.signal },
      ports,
    );

    expect(result.files.filter((path) => path.includes(".parity"))).toHaveLength(2);
    expect(Buffer.concat(parts.toSorted().map(bytesOf)).equals(bytesOf("whole.tar"))).toBe(true);
  });
});

describe("an image for several platforms", () => {
  const two = ["linux/amd64", "linux/arm64"];
  const both = (): readonly LayoutImage[] => ownImages().map((image) => ({ ...image, platforms: two }));

  it("is carried with its index when all of them are wanted", async () => {
    const made = layout("l", both());

    await create("b.tar", "l", { platforms: two });

    const bundle = await open("b.tar");
    await bundle.close();
    const image = bundle.manifest.images.find(({ name }) => name === "nats");
    expect(image?.root.digest).toBe(made.roots.get(referenceOf("nats"))?.digest);
    expect(image?.parentIndex).toBeUndefined();
    expect(image?.platforms.map(({ platform }) => platform)).toEqual(two);
  });

  it("is narrowed to the platform's manifest, and the index it was in is recorded", async () => {
    const made = layout("l", both());

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    await bundle.close();
    const image = bundle.manifest.images.find(({ name }) => name === "nats");
    expect(image?.parentIndex).toBe(made.roots.get(referenceOf("nats"))?.digest);
    expect(image?.root.digest).toBe(image?.platforms[0]?.manifest.digest);
    expect(bundle.entries.some(({ path }) => path.endsWith((image?.parentIndex ?? "?").slice(7)))).toBe(false);
  });

  it("is refused for a platform that it has not", async () => {
    layout("l");

    await expect(create("b.tar", "l", { platforms: two })).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: expect.stringContaining("is not there for linux/arm64") as string,
    });
  });
});
