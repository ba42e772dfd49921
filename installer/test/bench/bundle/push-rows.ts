import { join } from "node:path";
import { mustRun } from "../../support/child.ts";
import { type Comparison, type Contender, compare } from "../measure.ts";
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
import type { TokenIssuer } from "../../stand-ins/registry/signed-tokens.ts";
import type { BundleRow } from "./bundle-row.ts";
import type { Workbench } from "./workbench.ts";

type Say = (text: string) => void;
export type Push = (host: string) => Promise<unknown>;

/** Bundle → registry: B2 to B6. */
export const pushRows: readonly BundleRow[] = [
  race("B2-layout", "`skopeo copy` × 12 from `oci:`", {
    most: Infinity,
    rival: (_bench, layout) => Promise.resolve((host) => skopeoPush(layout, host)),
    judge: (comparison, { hasSha }) => fasterBy(comparison, hasSha ? 1.7 : 2),
  }),
  race("B2-archive", "`skopeo copy` × 12 from one `oci-archive:`", {
    rival: async (bench, layout) => {
      const archive = join(bench.folder, "layout.tar");
      await mustRun("tar", ["-cf", archive, "-C", layout.folder, "."]);
      return (host) => skopeoPushArchive(layout, archive, host);
    },
    judge: (comparison) => fasterBy(comparison, 4),
  }),
  race("B2-regctl", "`regctl image copy` × 12 from `ocidir:`", {
    needs: "regctl",
    rival: (bench, layout) => Promise.resolve((host) => regctlPush(layout, host, bench.folder)),
    judge: shown,
  }),
  race("B2-crane", "`crane push` × 12 from a layout each", {
    needs: "crane",
    rival: async (bench, layout) => {
      const folders = await splitLayout(layout, join(bench.folder, "split"));
      return (host) => cranePush(layout, folders, host);
    },
    judge: shown,
  }),
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
  race("B3-no-mounts", "the same without mounts (`skopeo`, cache wiped for each image)", {
    rival: (_bench, layout) => Promise.resolve((host) => skopeoPush(layout, host, { wipe: true })),
    judge: (comparison) => fasterBy(comparison, 6),
  }),
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

interface Race {
  /** What the rival does, its preparations made. */
  readonly rival: (bench: Workbench, layout: Layout) => Promise<Push>;
  readonly judge: (comparison: Comparison, bench: Workbench) => Outcome;
  /** A program that the row is left out without. */
  readonly needs?: string;
  /** Rounds at most; three unless told. */
  readonly most?: number;
}

/** W1 out of our bundle against the rival's way, each into an empty registry. */
function race(id: string, rival: string, { rival: prepare, judge, needs, most = 3 }: Race): BundleRow {
  return {
    id,
    title: "push W1 to an empty registry, from a bundle",
    rival,
    measure: async (bench, rounds, say) => {
      if (needs !== undefined && !(await isInstalled(needs))) return notHere(needs);
      const layout = await bench.large();
      const pushes = { ours: await ours(bench, layout), rival: await prepare(bench, layout) };
      return judge(await intoEmpty(bench, pushes, { rounds: Math.min(rounds, most), onRound: say }), bench);
    },
  };
}

/** Our push of a layout's bundle, as a person would start it. */
export async function ours(bench: Workbench, layout: Layout, ...more: readonly string[]): Promise<Push> {
  const file = await bench.bundleOf(layout);
  return (host) => bench.slipway("push", "--bundle", file, "--to", host, "--plain-http", ...bench.trust, ...more);
}

/** Both into registries started empty for each round, which is not measured. */
export async function intoEmpty(
  bench: Workbench,
  pushes: { readonly ours: Push; readonly rival: Push },
  options: {
    readonly rounds: number;
    readonly onRound: Say;
    readonly delayMs?: number;
    readonly issuer?: TokenIssuer;
  },
): ReturnType<typeof compare> {
  const { delayMs = 0, issuer } = options;
  const into = (run: Push): Contender => {
    let opened: readonly BenchRegistry[] = [];
    return {
      before: async () => {
        await forgetBlobs();
        const registry = await startRegistry(bench.folder, issuer);
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

/** Of a row whose rival is not installed. */
export function notHere(program: string): Outcome {
  return { ours: "–", theirs: `${program} is not installed`, figure: "not measured", bar: "–", pass: true };
}
