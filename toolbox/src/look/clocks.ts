import type { IncomingHttpHeaders } from "node:http";

/** By how many seconds the clock of who answered is ahead of ours; negative where it is behind. */
export function secondsAhead({ date }: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const theirs = Date.parse(date ?? "");
  return Number.isNaN(theirs) ? undefined : Math.round((theirs - now) / 1000);
}

/** `is 70 s ahead of this host's`. */
export function describeClock(seconds: number): string {
  return `is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} this host's`;
}

export const clockRemedy = "set the wrong one of the two and switch time synchronisation on: timedatectl set-ntp true";
