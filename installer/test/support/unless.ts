import { describe, it } from "vitest";

/** Tests that this machine may not be able to run: skipped with the reason, which vitest's own `skipIf` cannot give. */
export function describeUnless(obstacle: string | undefined, title: string, body: () => void): void {
  if (obstacle === undefined) describe(title, body);
  else it(title, (context) => context.skip(obstacle));
}

/** One test, in the same way. */
export function itUnless(obstacle: string | undefined, title: string, body: () => void | Promise<void>): void {
  it(title, obstacle === undefined ? body : (context) => context.skip(obstacle));
}
