import { fileURLToPath } from "node:url";
import { mustRun } from "../support/child.ts";
import { median } from "./measure.ts";
import type { BenchRow } from "./row.ts";

const megabytes = 500;
const speedBar = 60;
const memoryBar = 100;
const program = fileURLToPath(new URL("./redact-logs.ts", import.meta.url));

/** How fast, and in how much memory, secrets are taken out of logs. */
export function redactRow(rounds: number): BenchRow {
  return {
    id: "redact-logs",
    title: `secrets taken out of ${megabytes} MB of log lines, for a support bundle`,
    rival: "–",
    measure: async (say) => {
      const speeds: number[] = [];
      const peaks: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const printed = await mustRun(process.execPath, [program, String(megabytes)]);
        const { megabytesPerSecond, peakMiB } = JSON.parse(printed) as Measured;
        say(`round ${round + 1}: ${megabytesPerSecond.toFixed(0)} MB/s, ${peakMiB} MiB`);
        speeds.push(megabytesPerSecond);
        peaks.push(peakMiB);
      }
      const [speed, peak] = [median(speeds), Math.max(...peaks)];
      return {
        ours: `${speed.toFixed(0)} MB/s, ${peak} MiB`,
        theirs: "–",
        figure: `${speed.toFixed(0)} MB/s, ${peak} MiB`,
        bar: `≥ ${speedBar} MB/s, ≤ ${memoryBar} MiB`,
        pass: speed >= speedBar && peak <= memoryBar,
      };
    },
  };
}

interface Measured {
  readonly megabytesPerSecond: number;
  /** Largest resident memory. */
  readonly peakMiB: number;
}
