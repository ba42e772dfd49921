import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { createLocks } from "./flock.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it("a machine without the program flock is told what to install", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-flock-"));
  vi.stubEnv("PATH", folder);

  const holder = { pid: 1, bootId: "b", startedAt: "", command: "slipway", run: "r" };

  const locked = createLocks().tryAcquire(join(folder, "lock"), holder);

  await expect(locked).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "the program flock cannot be used",
    hint: "install util-linux",
    details: [],
  });
  rmSync(folder, { recursive: true });
});
