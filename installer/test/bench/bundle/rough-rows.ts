import type { RunningChild } from "../../support/child.ts";
import type { Outcome } from "../row.ts";
import { type Fate, startProxy } from "./http-proxy.ts";
import { uniqueBytes } from "./layouts.ts";
import { withRegistry } from "./push-rows.ts";
import { forgetBlobs, skopeoPush } from "./rivals.ts";
import type { BundleRow } from "./bundle-row.ts";

const connections = 4;

/** Pushes that are killed or meet a bad registry: B9, B10. */
export const roughRows: readonly BundleRow[] = [
  ...[10, 50, 90].map(
    (percent): BundleRow => ({
      id: `B9-kill-${percent}`,
      title: `blobs sent again after kill -9 at ${percent} % of a push of W1, ${connections} connections`,
      rival: "one a connection",
      measure: (bench) =>
        withRegistry(bench, async (registry) => {
          const layout = await bench.large();
          const file = await bench.bundleOf(layout);
          const proxy = await startProxy(registry.host);
          const args = ["push", "--bundle", file, "--to", proxy.host, "--plain-http", ...bench.trust];
          const command = [...args, "--connections", String(connections)];
          try {
            await killAt(bench.start(...command), () => proxy.seen.bodyBytes >= (uniqueBytes(layout) * percent) / 100);
            await bench.slipway(...command);
            const again = proxy.seen.bodyBytes - uniqueBytes(layout);
            // The largest blobs go first: what one connection may have had in flight.
            const largest = [...layout.blobs.values()].toSorted((a, b) => b - a).slice(0, connections);
            const allowed = largest.reduce((sum, size) => sum + size, 0);
            return bytesBelow(again, allowed);
          } finally {
            await proxy.close();
          }
        }),
    }),
  ),
  {
    id: "B10-faults",
    title: "bytes of a push of W2 through 1 % answers 500, 1 % resets, some 429 with Retry-After",
    rival: "unique bytes; beside it, what `skopeo` does",
    measure: (bench) =>
      withRegistry(bench, async (registry) => {
        const layout = await bench.small();
        const file = await bench.bundleOf(layout);
        const proxy = await startProxy(registry.host, bad);
        await bench
          .slipway("push", "--bundle", file, "--to", proxy.host, "--plain-http", ...bench.trust)
          .finally(proxy.close);
        const theirs = await withRegistry(bench, async (other) => {
          await forgetBlobs();
          const rough = await startProxy(other.host, bad);
          const ended = await skopeoPush(layout, rough.host).then(
            () => "completes",
            () => "gives up",
          );
          await rough.close();
          return ended;
        });
        const ratio = proxy.seen.bodyBytes / uniqueBytes(layout);
        return {
          ours: `completes, ${proxy.seen.faults} faults`,
          theirs: `\`skopeo\` ${theirs}`,
          figure: ratio.toFixed(3),
          bar: "≤ 1.05",
          pass: ratio <= 1.05,
        };
      }),
  },
];

/** The same requests meet the same fate in every run. */
function bad(index: number): Fate {
  if (index % 100 === 37) return "500";
  if (index % 100 === 73) return "reset";
  return index % 200 === 11 ? "429" : "pass";
}

async function killAt(child: RunningChild, reached: () => boolean): Promise<void> {
  while (!reached() && child.process.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 2));
  child.process.kill("SIGKILL");
  await child.ended;
}

function bytesBelow(bytes: number, allowed: number): Outcome {
  const text = (value: number): string => `${(value / 1e6).toFixed(1)} MB`;
  return {
    ours: text(bytes),
    theirs: text(allowed),
    figure: text(bytes),
    bar: `≤ ${text(allowed)}`,
    pass: bytes <= allowed,
  };
}
