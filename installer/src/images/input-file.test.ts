import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readInputFile } from "./input-file.ts";

describe("readInputFile", () => {
  test("sees the executable bit but not the umask of the checkout", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-tags-"));
    try {
      const path = join(folder, "file");
      writeFileSync(path, "text");
      chmodSync(path, 0o600);
      const narrow = await readInputFile(path, "file");
      chmodSync(path, 0o664);
      const wide = await readInputFile(path, "file");
      chmodSync(path, 0o755);
      const executable = await readInputFile(path, "file");

      expect(narrow).toEqual(wide);
      expect(executable).toEqual({ ...wide, executable: true });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
