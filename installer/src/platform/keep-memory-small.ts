import { setFlagsFromString } from "node:v8";

/**
 * Keeps V8 from letting its young generation grow. What streams pass on is freed when that is collected, so that with the
 * usual growth a hundred megabytes of chunks lie about while gigabytes go by. It has to be said before much is loaded.
 */
export function keepMemorySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
