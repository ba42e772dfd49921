import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runPrefix } from "../support/platform.ts";
import type { Chance } from "./chance.ts";

/**
 * Every point at which commands may be killed: those that a run has passed. Nobody lists them, so that a step added later is swept like the
 * others.
 */
export interface Failpoints {
  /** For a run of a command on a platform of this name: it notes what it passes, and dies at the given point. */
  environment(command: string, name: string, failpoint?: string): Readonly<Record<string, string>>;
  /** In the order in which they were first passed. */
  passedBy(command: string): readonly string[];
  /** One of those at which the command was killed least often. */
  choose(command: string, chance: Chance): string;
  /** At how many different points the command was killed. */
  killedAt(command: string): number;
  noteKill(command: string, failpoint: string): void;
}

/** Steps about a container are called by its name: each platform passes them under another one. */
const anyName = "NAME";
const platformName = new RegExp(`${runPrefix}[0-9a-f]{6}`, "g");

export function createFailpoints(folder: string): Failpoints {
  const kills = new Map<string, number>();
  const keyOf = (command: string, failpoint: string): string => `${command} ${failpoint}`;
  const logOf = (command: string): string => join(folder, `points-of-${command}`);
  const passedBy = (command: string): readonly string[] => {
    const log = logOf(command);
    const points = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
    return [...new Set(points.map((point) => point.replaceAll(platformName, anyName)))];
  };
  return {
    environment: (command, name, failpoint) => ({
      SLIPWAY_FAILPOINT_LOG: logOf(command),
      ...(failpoint === undefined ? {} : { SLIPWAY_FAILPOINT: failpoint.replaceAll(anyName, name) }),
    }),
    passedBy,
    choose: (command, chance) => {
      const passed = passedBy(command);
      const times = (point: string): number => kills.get(keyOf(command, point)) ?? 0;
      const least = Math.min(...passed.map(times));
      return chance.pick(passed.filter((point) => times(point) === least));
    },
    killedAt: (command) => [...kills.keys()].filter((key) => key.startsWith(`${command} `)).length,
    noteKill: (command, failpoint) => {
      const key = keyOf(command, failpoint);
      kills.set(key, (kills.get(key) ?? 0) + 1);
    },
  };
}
