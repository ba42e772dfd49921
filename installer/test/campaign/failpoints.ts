import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Chance } from "./chance.ts";

/**
 * Every point at which commands may be killed: those that a run has passed. Nobody lists them, so that a step added later is swept like the
 * others.
 */
export interface Failpoints {
  /** For a run of a command: it notes what it passes, and dies at the given point. */
  environment(command: string, failpoint?: string): Readonly<Record<string, string>>;
  /** In the order in which they were first passed. */
  passedBy(command: string): readonly string[];
  /** One of those at which the command was killed least often. */
  choose(command: string, chance: Chance): string;
  /** At how many different points the command was killed. */
  killedAt(command: string): number;
  noteKill(command: string, failpoint: string): void;
}

export function createFailpoints(folder: string): Failpoints {
  const kills = new Map<string, number>();
  const keyOf = (command: string, failpoint: string): string => `${command} ${failpoint}`;
  const logOf = (command: string): string => join(folder, `points-of-${command}`);
  const passedBy = (command: string): readonly string[] => {
    const log = logOf(command);
    return existsSync(log) ? [...new Set(readFileSync(log, "utf8").trim().split("\n"))] : [];
  };
  return {
    environment: (command, failpoint) => ({
      SLIPWAY_FAILPOINT_LOG: logOf(command),
      ...(failpoint === undefined ? {} : { SLIPWAY_FAILPOINT: failpoint }),
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
