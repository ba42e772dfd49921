import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

it("a result that cannot be written is one line and exit 1", () => {
  const full = openSync("/dev/full", "w");
  const run = spawnSync(process.execPath, [main, "doctor", "--list", "--json"], {
    stdio: ["ignore", full, "pipe"],
    encoding: "utf8",
  });
  closeSync(full);

  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^error: the result cannot be written to standard output: .*no space left.*\n$/);
});
