import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-install-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a state directory that is a link is refused before the place it leads to is touched", async () => {
  const [target, stateDir] = [join(folder, "target"), join(folder, "state")];
  mkdirSync(target);
  chmodSync(target, 0o755);
  symlinkSync(target, stateDir);

  await expect(installFixture({ name: "never", stateDir }, fixturePorts())).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
  });

  expect(statSync(target).mode & 0o777).toBe(0o755);
});
