import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { ValuesSelection } from "../../src/actions/context.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { createClock } from "../../src/platform/clock.ts";
import { createFileSystem } from "../../src/platform/file-system.ts";
import { createHost } from "../../src/platform/host.ts";
import type { FileSystem, Host } from "../../src/platform/ports.ts";
import { rules } from "../../src/targets/compose/rules.ts";

/** Ports of the actions that only read and write files, and a folder that each test of the file has to itself. */
export function useFilePorts() {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-actions-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  // Room for everything, whatever this machine has.
  const fs: FileSystem = { ...createFileSystem(), freeBytes: () => Promise.resolve(2000 * 2 ** 30) };
  const host: Host = { ...createHost(), memoryBytes: () => Promise.resolve(64 * 2 ** 30) };
  return {
    get folder(): string {
      return folder;
    },
    ports: { fs, host, clock: createClock(), assets: openAssets(), target: rules },
    request: (selection: Partial<ValuesSelection> = {}) => ({
      name: "slipway",
      stateDir: join(folder, "state"),
      values: { files: [], set: [], without: [], ...selection },
    }),
  };
}
