import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun } from "../../support/child.ts";
import { compare, formatMs } from "../measure.ts";
import { type Outcome, atMost, fasterBy, shown } from "../row.ts";
import { type Layout, uniqueBytes } from "./layouts.ts";
import { startHashers } from "./hashers.ts";
import { startRegistry } from "./peers.ts";
import { skopeoArchives, skopeoPull, skopeoPush, targetOf } from "./rivals.ts";
import type { BundleRow } from "./bundle-row.ts";
import type { Workbench } from "./workbench.ts";

/** Making, checking and taking in bundles: B1, B7, B8, B12. */
export const createRows: readonly BundleRow[] = [
  {
    id: "B1-create",
    title: "layout of W1 → signed bundle on a disk, hashing included, flushed",
    rival: "`tar` of the layout, then `sync` of it",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const disk = await mkdtemp(join(tmpdir(), "slipway-bench-"));
      try {
        const comparison = await compareWithTar(bench, layout, disk, { rounds, onRound: say });
        return atMost(comparison, bench.hasSha ? 1.3 : 1.5);
      } finally {
        await rm(disk, { recursive: true, force: true });
      }
    },
  },
  {
    id: "B1-memory",
    title: "the same into a memory file system, where no disk hides the hashing",
    rival: "`tar`, which hashes nothing",
    measure: async (bench, rounds, say) => {
      const comparison = await compareWithTar(bench, await bench.large(), bench.folder, { rounds, onRound: say });
      return { ...shown(comparison), figure: comparison.ratio.toFixed(2) };
    },
  },
  {
    id: "B1-engine",
    title: "images of infra in the local engine → bundle",
    rival: "`docker save` of them",
    measure: async (bench, _rounds, say) => {
      const file = join(bench.folder, "infra.tar");
      const create = ["bundle", "create", "--without", "casdoor", "--unsigned", "-o", file];
      // Sizes of layers and their packages are known from the second bundle on.
      const { images } = JSON.parse(await bench.slipway(...create, "--json")) as {
        readonly images: readonly { readonly reference: string }[];
      };
      await rm(file);
      const references = images.map(({ reference }) => reference);
      const comparison = await compare(
        { run: () => bench.slipway(...create), after: () => rm(file) },
        { run: () => mustRun("docker", ["save", "--output", file, ...references]), after: () => rm(file) },
        { rounds: 2, onRound: say },
      );
      return shown(comparison);
    },
  },
  {
    id: "B1-size",
    title: "size of that bundle",
    rival: "bytes of the unique blobs",
    measure: async (bench) => {
      const layout = await bench.large();
      const file = await bench.bundleOf(layout);
      const [size, unique] = [(await stat(file)).size, uniqueBytes(layout)];
      return sizes(size, unique, 1.001);
    },
  },
  {
    id: "B7-delta",
    title: "delta bundle W1 → W3",
    rival: "bytes of the new blobs (by image names it would be the whole image)",
    measure: async (bench) => {
      const [old, changed] = [await bench.large(), await bench.changed()];
      const base = await bench.bundleOf(old);
      const file = join(bench.folder, "delta.tar");
      await bench.create(changed, file, "--since", base, ...bench.trust);
      const fresh = [...changed.blobs].filter(([digest]) => !old.blobs.has(digest));
      const size = (await stat(file)).size;
      return sizes(
        size,
        fresh.reduce((sum, [, bytes]) => sum + bytes, 0),
        1.02,
      );
    },
  },
  {
    id: "B8-verify",
    title: "`bundle verify` of W1",
    rival: "`sha256sum` of every blob, one process",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const file = await bench.bundleOf(layout);
      const blobs = [...layout.blobs.keys()].map((digest) => blobFile(layout, digest));
      const comparison = await compare(
        { run: () => bench.slipway("bundle", "verify", file, ...bench.trust) },
        { run: () => mustRun("sha256sum", blobs) },
        { rounds, warmUps: 1, onRound: say },
      );
      return fasterBy(comparison, bench.hasSha ? 3 : 3.2);
    },
  },
  {
    id: "B8-ceiling",
    title: "`bundle verify` of W1",
    rival: "the same bytes hashed by OpenSSL on every core at once, and nothing else",
    onlyWithoutSha: true,
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const file = await bench.bundleOf(layout);
      const blobs = [...layout.blobs].map(([digest, size]) => [blobFile(layout, digest), size] as const);
      const hashers = await startHashers(new Map(blobs));
      try {
        const comparison = await compare(
          { run: () => bench.slipway("bundle", "verify", file, ...bench.trust) },
          { run: () => hashers.run() },
          { rounds, warmUps: 1, onRound: say },
        );
        return { ...shown(comparison), figure: `${Math.round(100 / comparison.ratio)} % of what the cores can` };
      } finally {
        await hashers.close();
      }
    },
  },
  {
    id: "B12-pull",
    title: "registry → bundle (W1)",
    rival: "`skopeo copy` × 12 to a `docker-archive:` each",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const registry = await startRegistry(bench.folder);
      const references = layout.references.map((reference) => targetOf(reference, registry.host));
      const [file, archives, folder] = ["pulled.tar", "archives", "layouts"].map((name) => join(bench.folder, name));
      try {
        await skopeoPush(layout, registry.host);
        const images = references.flatMap((reference) => ["--image", reference]);
        const ours = {
          run: () =>
            bench.slipway(
              "bundle",
              "create",
              "--images-only",
              "--from",
              "registry",
              ...images,
              "-o",
              file ?? "",
              "--unsigned",
            ),
          after: () => rm(file ?? ""),
        };
        const rival = {
          before: async () => {
            await mkdir(archives ?? "");
          },
          run: () => skopeoArchives(layout.references, registry.host, archives ?? ""),
          after: () => rm(archives ?? "", { recursive: true }),
        };
        const other = {
          before: async () => {
            await mkdir(folder ?? "");
          },
          run: () => skopeoPull(layout.references, registry.host, folder ?? ""),
          after: () => rm(folder ?? "", { recursive: true }),
        };
        const beside = await compare(ours, other, { rounds: Math.min(rounds, 3), onRound: say });
        const outcome = fasterBy(await compare(ours, rival, { rounds: Math.min(rounds, 3), onRound: say }), 3);
        return { ...outcome, theirs: `${outcome.theirs} (to one \`oci:\` layout ${formatMs(beside.rivalMs)})` };
      } finally {
        await registry.close();
      }
    },
  },
  {
    id: "B12-size",
    title: "size of the bundle of W1",
    rival: "a `docker-archive:` an image, together",
    measure: (bench) =>
      withArchives(bench, async (file, archives) => {
        const bytes = await Promise.all(archives.map(async (archive) => (await stat(archive)).size));
        return sizes(
          (await stat(file)).size,
          bytes.reduce((sum, size) => sum + size, 0),
          0.2,
        );
      }),
  },
  {
    id: "B12-load",
    title: "`bundle load` of W1 into the engine",
    rival: "`docker load` of 12 archives",
    measure: (bench, rounds, say) =>
      withArchives(bench, async (file, archives) => {
        const remove = async (): Promise<void> => {
          const found = await mustRun("docker", ["image", "ls", "--quiet", "--filter", "reference=*/bench/service-*"]);
          const ids = [...new Set(found.split("\n").filter((id) => id !== ""))];
          if (ids.length > 0) await mustRun("docker", ["image", "rm", "--force", ...ids]);
        };
        await remove();
        const ours = {
          run: () => bench.slipway("bundle", "load", file, "--to", "docker", ...bench.trust),
          after: remove,
        };
        const loadAll = async (): Promise<void> => {
          for (const archive of archives) await mustRun("docker", ["load", "--input", archive]);
        };
        // The engine unpacks the same layers on both sides, and that takes most of the time.
        const rival = { run: loadAll, after: remove };
        return shown(await compare(ours, rival, { rounds: Math.min(rounds, 3), onRound: say }));
      }),
  },
];

function blobFile(layout: Layout, digest: string): string {
  return join(layout.folder, "blobs/sha256", digest.slice("sha256:".length));
}

/** `bundle create` against `tar`, both until the bytes are on the medium. */
function compareWithTar(
  bench: Workbench,
  layout: Layout,
  folder: string,
  options: { readonly rounds: number; readonly onRound: (text: string) => void },
): ReturnType<typeof compare> {
  const [ours, theirs] = [join(folder, "ours.tar"), join(folder, "theirs.tar")];
  const makeTar = async (): Promise<void> => {
    await mustRun("tar", ["-cf", theirs, "-C", layout.folder, "."]);
    await mustRun("sync", [theirs]);
  };
  return compare(
    { run: () => bench.create(layout, ours), after: () => rm(ours) },
    { run: makeTar, after: () => rm(theirs) },
    { ...options, warmUps: 1 },
  );
}

/** The bundle of W1, and the same images as it is done without one: an archive each. */
async function withArchives(
  bench: Workbench,
  body: (file: string, archives: readonly string[]) => Promise<Outcome>,
): Promise<Outcome> {
  const layout = await bench.large();
  const registry = await startRegistry(bench.folder);
  const folder = join(bench.folder, "archives");
  try {
    await skopeoPush(layout, registry.host);
    await mkdir(folder);
    const archives = await skopeoArchives(layout.references, registry.host, folder);
    return await body(await bench.bundleOf(layout), archives);
  } finally {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two sizes in bytes, ours at most `bar` times the other. */
function sizes(ours: number, theirs: number, bar: number): Outcome {
  const ratio = ours / theirs;
  const text = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;
  return { ours: text(ours), theirs: text(theirs), figure: ratio.toFixed(4), bar: `≤ ${bar}`, pass: ratio <= bar };
}
