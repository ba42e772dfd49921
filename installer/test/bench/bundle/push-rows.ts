import { join } from "node:path";
import { mustRun } from "../../support/child.ts";
import { type Contender, compare } from "../measure.ts";
import { type Outcome, fasterBy, shown } from "../row.ts";
import { startProxy } from "./http-proxy.ts";
import { type Layout, uniqueBytes } from "./layouts.ts";
import { type BenchRegistry, startDelay, startRegistry } from "./peers.ts";
import {
  cranePush,
  forgetBlobs,
  isInstalled,
  regctlPush,
  splitLayout,
  skopeoPush,
  skopeoPushArchive,
} from "./rivals.ts";
import type { BundleRow } from "./rows.ts";
import type { Workbench } from "./workbench.ts";

type Say = (text: string) => void;
type Push = (host: string) => Promise<unknown>;

/** Bundle → registry: B2 to B6. */
export const pushRows: readonly BundleRow[] = [
  {
    id: "B2-layout",
    title: "push W1 to an empty registry, from a bundle",
    rival: "`skopeo copy` × 12 from `oci:`",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const rival: Push = (host) => skopeoPush(layout, host);
      return fasterBy(
        await intoEmpty(bench, { ours: await ours(bench, layout), rival }, { rounds: rounds, onRound: say }),
        1.7,
      );
    },
  },
  {
    id: "B2-archive",
    title: "the same",
    rival: "`skopeo copy` × 12 from one `oci-archive:`",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const archive = join(bench.folder, "layout.tar");
      await mustRun("tar", ["-cf", archive, "-C", layout.folder, "."]);
      const rival: Push = (host) => skopeoPushArchive(layout, archive, host);
      return fasterBy(
        await intoEmpty(
          bench,
          { ours: await ours(bench, layout), rival },
          { rounds: Math.min(rounds, 3), onRound: say },
        ),
        4,
      );
    },
  },
  {
    id: "B2-regctl",
    title: "the same",
    rival: "`regctl image copy` × 12 from `ocidir:`",
    measure: async (bench, rounds, say) => {
      if (!(await isInstalled("regctl"))) return notHere("regctl");
      const layout = await bench.large();
      const rival: Push = (host) => regctlPush(layout, host, bench.folder);
      return shown(
        await intoEmpty(
          bench,
          { ours: await ours(bench, layout), rival },
          { rounds: Math.min(rounds, 3), onRound: say },
        ),
      );
    },
  },
  {
    id: "B2-crane",
    title: "the same",
    rival: "`crane push` × 12 from a layout each",
    measure: async (bench, rounds, say) => {
      if (!(await isInstalled("crane"))) return notHere("crane");
      const layout = await bench.large();
      const folders = await splitLayout(layout, join(bench.folder, "split"));
      const rival: Push = (host) => cranePush(layout, folders, host);
      const pushes = { ours: await ours(bench, layout), rival };
      return shown(await intoEmpty(bench, pushes, { rounds: Math.min(rounds, 3), onRound: say }));
    },
  },
  {
    id: "B2-bytes",
    title: "bytes of request bodies in that push, manifests included",
    rival: "bytes of the unique blobs and manifests",
    measure: async (bench) => {
      const layout = await bench.large();
      const push = await ours(bench, layout);
      return withRegistry(bench, async (registry) => {
        const proxy = await startProxy(registry.host);
        await push(proxy.host).finally(proxy.close);
        const [sent, unique] = [proxy.seen.bodyBytes, uniqueBytes(layout)];
        return {
          ours: String(sent),
          theirs: String(unique),
          figure: String(sent - unique),
          bar: "0",
          pass: sent === unique,
        };
      });
    },
  },
  {
    id: "B3-no-mounts",
    title: "push W1 to an empty registry, from a bundle",
    rival: "the same without mounts (`skopeo`, cache wiped for each image)",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      const rival: Push = (host) => skopeoPush(layout, host, { wipe: true });
      return fasterBy(
        await intoEmpty(
          bench,
          { ours: await ours(bench, layout), rival },
          { rounds: Math.min(rounds, 3), onRound: say },
        ),
        6,
      );
    },
  },
  {
    id: "B4-again",
    title: "push W1 again, nothing changed",
    rival: "`skopeo copy` × 12",
    measure: async (bench, rounds, say) => {
      const layout = await bench.large();
      return withRegistry(bench, async ({ host }) => {
        const push = await ours(bench, layout);
        await push(host);
        await skopeoPush(layout, host);
        const rival = { run: () => skopeoPush(layout, host) };
        return fasterBy(await compare({ run: () => push(host) }, rival, { rounds, warmUps: 1, onRound: say }), 3);
      });
    },
  },
  {
    id: "B4-requests",
    title: "requests of that second push",
    rival: "one an image",
    measure: async (bench) => {
      const layout = await bench.large();
      const push = await ours(bench, layout);
      return withRegistry(bench, async (registry) => {
        await push(registry.host);
        const proxy = await startProxy(registry.host);
        // Another name for the same registry: nothing is remembered of it.
        await push(proxy.host).finally(proxy.close);
        const { requests } = proxy.seen;
        const images = layout.references.length;
        return {
          ours: String(requests),
          theirs: String(images),
          figure: String(requests),
          bar: `≤ ${images}`,
          pass: requests <= images,
        };
      });
    },
  },
  {
    id: "B4-again-20ms",
    title: "push W2 again over a 20 ms round trip, 16 connections",
    rival: "`skopeo copy` × 60",
    measure: async (bench, rounds, say) => {
      const layout = await bench.small();
      return withRegistry(bench, async (registry) => {
        const push = await ours(bench, layout, "--connections", "16");
        const { host, close } = await startDelay(registry.host, 10);
        try {
          await push(host);
          await skopeoPush(layout, host);
          const rival = { run: () => skopeoPush(layout, host) };
          return fasterBy(
            await compare({ run: () => push(host) }, rival, { rounds: Math.min(rounds, 3), onRound: say }),
            40,
          );
        } finally {
          await close();
        }
      });
    },
  },
  {
    id: "B5-small",
    title: "push W2 to an empty registry over a 20 ms round trip, 16 connections",
    rival: "`skopeo copy` × 60",
    measure: async (bench, rounds, say) => {
      const layout = await bench.small();
      const push = await ours(bench, layout, "--connections", "16");
      return fasterBy(
        await intoEmpty(
          bench,
          { ours: push, rival: (host) => skopeoPush(layout, host) },
          { rounds: Math.min(rounds, 3), onRound: say, delayMs: 10 },
        ),
        12,
      );
    },
  },
  {
    id: "B6-changed",
    title: "push W3 where W1 is",
    rival: "`skopeo copy` × 12",
    measure: async (bench, rounds, say) => {
      const [old, changed] = [await bench.large(), await bench.changed()];
      const push = await ours(bench, changed);
      const first = await ours(bench, old);
      const filled = (run: Push): Contender => {
        let registry: BenchRegistry | undefined;
        return {
          before: async () => {
            await forgetBlobs();
            registry = await startRegistry(bench.folder);
            await first(registry.host);
          },
          run: () => run(registry?.host ?? ""),
          after: async () => registry?.close(),
        };
      };
      const rival = filled((host) => skopeoPush(changed, host));
      return fasterBy(await compare(filled(push), rival, { rounds, onRound: say }), 2);
    },
  },
];

/** Our push of a layout's bundle, as a person would start it. */
async function ours(bench: Workbench, layout: Layout, ...more: readonly string[]): Promise<Push> {
  const file = await bench.bundleOf(layout);
  return (host) => bench.slipway("push", "--bundle", file, "--to", host, "--plain-http", ...bench.trust, ...more);
}

/** Both into registries started empty for each round, which is not measured. */
async function intoEmpty(
  bench: Workbench,
  pushes: { readonly ours: Push; readonly rival: Push },
  options: { readonly rounds: number; readonly onRound: Say; readonly delayMs?: number },
): ReturnType<typeof compare> {
  const { delayMs = 0 } = options;
  const into = (run: Push): Contender => {
    let opened: readonly BenchRegistry[] = [];
    return {
      before: async () => {
        await forgetBlobs();
        const registry = await startRegistry(bench.folder);
        opened = delayMs === 0 ? [registry] : [await startDelay(registry.host, delayMs), registry];
      },
      run: () => run(opened[0]?.host ?? ""),
      after: async () => {
        for (const peer of opened) await peer.close();
      },
    };
  };
  return compare(into(pushes.ours), into(pushes.rival), options);
}

export async function withRegistry<T>(bench: Workbench, body: (registry: BenchRegistry) => Promise<T>): Promise<T> {
  const registry = await startRegistry(bench.folder);
  try {
    return await body(registry);
  } finally {
    await registry.close();
  }
}

export function notHere(program: string): Outcome {
  return { ours: "–", theirs: `${program} is not installed`, figure: "not measured", bar: "–", pass: true };
}
