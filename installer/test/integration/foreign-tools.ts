import { execFileSync, spawnSync } from "node:child_process";
import { itUnless } from "../support/unless.ts";

/** Why a program cannot be tried, or undefined when it can. */
export function missing(command: string, args: readonly string[]): string | undefined {
  const tried = spawnSync(command, args, { stdio: "pipe" });
  if (tried.error !== undefined) return "it is not installed";
  return tried.status === 0 ? undefined : tried.stderr.toString().trim().split("\n")[0];
}

/** What a program writes to its output; it fails with what it says. */
export function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 * 1024 * 1024 }).toString();
}

/** A test with a program of others, skipped for the reason where there is one. */
export function tool(name: string, reason: string | undefined, title: string, body: () => void | Promise<void>): void {
  itUnless(reason, `${name} ${title}`, body);
}
