import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peakMemory } from "../measure.ts";
import type { Outcome } from "../row.ts";
import { writeSparseLayout } from "./layouts.ts";
import { startRegistry } from "./peers.ts";
import type { BundleRow } from "./bundle-row.ts";

const gigabyte = 1_000_000_000;
const memoryBar = 150;

/** One blob of 5 GB: B11. */
export const hugeRows: readonly BundleRow[] = [
  {
    id: "B11-memory",
    title: "largest resident memory while a 5 GB blob is bundled, verified and pushed",
    rival: "–",
    measure: async (bench, _rounds, say): Promise<Outcome> => {
      // On the disk: twice 5 GB and what the registry keeps would not fit into a memory file system everywhere.
      const folder = await mkdtemp(join(tmpdir(), "slipway-bench-"));
      const registry = await startRegistry(folder);
      try {
        const layout = await writeSparseLayout(join(folder, "layout"), 5 * gigabyte);
        const file = join(folder, "huge.tar");
        const before = await bytesBelow(bench.folder);
        const create = [
          "bundle",
          "create",
          "--images-only",
          "--from",
          `oci:${layout.folder}`,
          "--unsigned",
          "-o",
          file,
        ];
        const images = layout.references.flatMap((reference) => ["--image", reference]);
        const made = await peakMemory(bench.start(...create, ...images));
        const verified = await peakMemory(bench.start("bundle", "verify", file, "--allow-unsigned"));
        const push = ["push", "--bundle", file, "--allow-unsigned", "--to", registry.host, "--plain-http"];
        const pushed = await peakMemory(bench.start(...push));
        say(`create ${made} MiB, verify ${verified} MiB, push ${pushed} MiB`);
        const temporary = (await bytesBelow(bench.folder)) - before;
        const [most, size] = [Math.max(made, verified, pushed), (await stat(file)).size];
        return {
          ours: `create ${made}, verify ${verified}, push ${pushed} MiB; ${temporary} temporary bytes`,
          theirs: `${(size / gigabyte).toFixed(2)} GB`,
          figure: `${most} MiB`,
          bar: `≤ ${memoryBar} MiB, 0 bytes of blobs elsewhere`,
          pass: most <= memoryBar && temporary < 1_000_000,
        };
      } finally {
        await registry.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  },
];

/**
 * Bytes of the files in a folder and below it: caches and temporary files of our program are there. Its compiled code, which each command
 * leaves at its first start, is none of what it handles.
 */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const compiled = join(folder, "cache/slipway/compiled");
  const sizes = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(compiled))
    .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
