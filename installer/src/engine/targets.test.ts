import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../test/support/memory-ports.ts";
import { rememberPipes } from "./targets.ts";

/** How often the same is told for a path whose contents are others each time. */
async function tellings(path: string): Promise<number> {
  let times = 0;
  const fs = rememberPipes({
    ...createMemoryFileSystem(),
    readTextIfPresent: () => Promise.resolve(String((times += 1))),
  });
  return new Set([await fs.readTextIfPresent(path), await fs.readTextIfPresent(path)]).size;
}

test.each(["/dev/stdin", "/dev/fd/63", "/proc/self/fd/11"])("%s can be read once, and is remembered", async (path) => {
  expect(await tellings(path)).toBe(1);
});

test.each(["/proc/net/fib_trie", "/proc/mounts", "/proc/net/tcp", "/srv/values.yaml"])(
  "%s is read as it is now",
  async (path) => {
    expect(await tellings(path)).toBe(2);
  },
);
