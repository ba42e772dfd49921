import { setFlagsFromString } from "node:v8";

/** Commands through which nothing streams: they start sooner without it. */
const streamless: readonly string[] = ["init", "validate", "plan", "render", "status", "completion", "help"];

/**
 * Keeps V8 from letting its young generation grow. What streams pass on is freed when that is collected, so that with the
 * usual growth a hundred megabytes of chunks lie about while gigabytes go by. It has to be said before much is loaded.
 */
export function keepMemorySmall(command: string | undefined): void {
  if (!streamless.includes(command ?? "")) setFlagsFromString("--semi-space-growth-factor=1");
}
