import { InvalidArgumentError } from "commander";
import { shortestPlanHash } from "../actions/plan/plan-hash.ts";

/** The hash of a plan, or its first digits. */
export function parsePlanHash(text: string): string {
  if (!/^[0-9a-f]{1,64}$/i.test(text) || text.length < shortestPlanHash) {
    throw new InvalidArgumentError(`it must be what plan shows, or at least its first ${shortestPlanHash} digits.`);
  }
  return text.toLowerCase();
}

/** A whole number from 1 up. */
export function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError("it must be a whole number from 1 up.");
  return Number(text);
}

/** A whole number from 0 up. */
export function parseWhole(text: string): number {
  if (!/^(0|[1-9][0-9]{0,8})$/.test(text)) throw new InvalidArgumentError("it must be a whole number.");
  return Number(text);
}

/** "90", "90s", "15m", "2h" in seconds. */
export function parseDuration(text: string): number {
  const match = /^([1-9][0-9]{0,7})(s|m|h)?$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it must be a time such as 90s, 15m or 2h.");
  const unit = { s: 1, m: 60, h: 3600 }[match[2] ?? "s"] ?? 1;
  return Number(match[1]) * unit;
}

/** "10m", "2h30m", a day or a moment: what the adapter of the engine reads. */
export function parseMoment(text: string): string {
  const ago = /^(\d+[smhd])+$/.test(text);
  if (!ago && Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError("it must be a time such as 10m, 2h or 2026-11-21T10:00:00Z.");
  }
  return text;
}
