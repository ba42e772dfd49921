import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A run that waits at a named point until the test lets it go on, so that no test depends on how fast a machine is. */
export interface Hold {
  /** For the program that is to be held. */
  readonly environment: Readonly<Record<string, string>>;
  /** Waits until the program is at the point; rejects with what it wrote when it ends before. */
  reached(ended: Promise<{ readonly stderr: string }>): Promise<void>;
  release(): void;
}

/** Holds a program at a failpoint; `folder` is where the two notes for it lie. */
export function holdAt(folder: string, point: string): Hold {
  // Of this point's own: a folder may see several holds, and what one left behind must not let the next go on.
  const own = point.replaceAll(":", "-");
  const log = join(folder, `points-reached-${own}`);
  const go = join(folder, `go-on-${own}`);
  return {
    environment: { SLIPWAY_FAILPOINT: `hold:${point}`, SLIPWAY_FAILPOINT_LOG: log, SLIPWAY_FAILPOINT_GO: go },
    reached: (ended) => untilTrue(ended, `the point ${point} to be reached`, () => pointsReached(log).includes(point)),
    release: () => writeFileSync(go, ""),
  };
}

/** Every failpoint that a program with this log has reached, in order. */
export function pointsReached(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
}

/**
 * Waits until something is true of a running program. The test's own limit is the only one.
 * @throws {Error} with what the program wrote when it ends before
 */
export async function untilTrue(
  ended: Promise<{ readonly stderr: string }>,
  what: string,
  isTrue: () => boolean,
): Promise<void> {
  let stderr: string | undefined;
  void ended.then((result) => (stderr = result.stderr));
  while (!isTrue()) {
    if (stderr !== undefined) throw new Error(`waited for ${what}, and the program ended:\n${stderr}`);
    await delay(10);
  }
}
