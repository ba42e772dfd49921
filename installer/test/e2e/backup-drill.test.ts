/** A second platform is brought up from the newest backup beside the one that runs, proved, and gone again. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { BackupCreateResult } from "../../src/actions/backup/backup.ts";
import type { BackupDrillResult } from "../../src/actions/backup/drill.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { findLeftovers } from "../support/engine-leftovers.ts";
import { mustInstall, withPlatform, type Platform } from "../support/platform.ts";

const sets = ["backup.mode=embedded", "backup.wal=true"];

/** What the containers of a platform are and since when they run, whoever started them. */
async function containersOf(platform: Platform): Promise<readonly string[]> {
  const own = ["--filter", `label=dev.slipway.name=${platform.name}`, "--filter", "label=dev.slipway.role=service"];
  return (await platform.docker("ps", "--no-trunc", ...own, "--format", "{{.Names}} {{.ID}}"))
    .split("\n")
    .filter(Boolean)
    .sort();
}

it("a drill proves a second platform, which nobody reaches, and leaves the first as it was", { timeout: 600_000 }, () =>
  withPlatform({ arguments: ["--without", "casdoor"] }, async (platform) => {
    const directory = join(platform.folder, "backups");
    const keyFile = join(platform.folder, "recovery-key");
    const second = `${platform.name}-drill`;
    try {
      await mkdir(directory);
      const places = [...sets, `backup.directory=${directory}`].flatMap((set) => ["--set", set]);
      await mustInstall(platform, "--no-verify", ...places);
      await platform.run(["backup", "keygen", "-o", keyFile]);
      await platform.run(["backup", "init", "--recovery-key-file", keyFile]);
      const made = await platform.json<BackupCreateResult>(["backup", "create", "--no-proof"]);
      const before = await containersOf(platform);

      const child = platform.start(["backup", "drill", "--json"]);
      const published: string[] = [];
      const watch = setInterval(() => {
        const how = ["ps", "--filter", `label=dev.slipway.name=${second}`, "--format", "{{.Names}}={{.Ports}}"];
        void platform.docker(...how).then((text) => published.push(...text.split("\n").filter(Boolean)));
      }, 500);
      const ended = await child.ended;
      clearInterval(watch);
      const { backup } = await platform.json<StatusResult>(["status"]);

      expect(ended.exitCode, ended.stderr).toBe(0);
      const drill = JSON.parse(ended.stdout) as BackupDrillResult;
      expect(drill.backup).toBe(made.backup);
      expect(drill.wires).toBeGreaterThan(12);
      expect(backup?.drill).toMatchObject({ backup: made.backup, wires: drill.wires, ms: drill.ms });
      // It was there, and no port of this machine led to it.
      expect(published.some((line) => line.startsWith(`${second}-postgres-1=`))).toBe(true);
      expect(published.filter((line) => line.includes("->"))).toEqual([]);
      expect(await findLeftovers(second)).toEqual({ containers: [], networks: [], volumes: [] });
      expect(before.length).toBeGreaterThan(8);
      expect(await containersOf(platform)).toEqual(before);
    } finally {
      const image = readImageTable(openAssets())["toolbox"]?.reference ?? "";
      const mount = ["--volume", `${directory}:/backups`, "--entrypoint", "sh"];
      const clear = ["run", "--rm", "--user", "0", "--network", "none", ...mount, image, "-c", "rm -rf /backups/*"];
      await platform.docker(...clear).catch(() => undefined);
    }
  }),
);
