/** A platform that the released 0.1.0 installed, with its own images, is taken to this version while people work, and back. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { UpgradeUndoneResult } from "../../src/actions/upgrade/undo-upgrade.ts";
import type { UpgradeResult } from "../../src/actions/upgrade/upgrade.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { mustRun } from "../support/child.ts";
import { portArguments } from "../support/free-ports.ts";
import { openPlatformStores } from "../support/platform-stores.ts";
import { auditWritten, startWriter } from "../support/platform-writer.ts";
import type { Acknowledged, PlatformWriter } from "../support/platform-writer.ts";
import { openPlatform } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";
import { describeUnless } from "../support/unless.ts";
import { checkOut010, lackOf010 } from "../support/version-010.ts";

const onlyInFull =
  process.env["SLIPWAY_FULL"] === "1" ? undefined : "it runs with ./test --full: it builds the images of 0.1.0";

describeUnless(onlyInFull ?? lackOf010(), "a platform of 0.1.0", () => {
  let checkout: string;
  let platform: Platform;
  let upgraded: UpgradeResult;
  let before: readonly Acknowledged[];

  beforeAll(async () => {
    checkout = checkOut010(true);
    platform = await openPlatform();
    const program = join(checkout, "installer/src/cli/main.ts");
    await mustRun(process.execPath, [program, "images", "build", "--profile", "infra"], { cwd: checkout });
    const place = ["--name", platform.name, "--state-dir", platform.stateDir];
    const values = ["--profile", "infra", "--without", "casdoor", ...portArguments(platform.ports)];
    await mustRun(process.execPath, [program, ...place, "install", ...values], { cwd: platform.folder });
  }, 2_400_000);

  afterAll(async () => {
    await platform.dispose();
    rmSync(checkout, { recursive: true, force: true });
  }, 120_000);

  it("is taken to this version while people work, and what they wrote before the cut is there", {
    timeout: 600_000,
  }, async () => {
    const { writer, stores } = await work();
    while (writer.written.length < 20) await delay(50);
    const ended = platform.json<UpgradeResult>(["upgrade"]);
    const over = ended.then(
      () => true,
      () => true,
    );
    // They know the addresses of before: from the cut on they would only try again and again.
    while (writer.errors.length === 0 && !(await Promise.race([over, delay(20, false)]))) continue;
    await writer.stop().catch(() => undefined);
    await stores.close().catch(() => undefined);
    upgraded = await ended;
    before = writtenBefore(writer, upgraded.kept?.at);

    expect(upgraded).toMatchObject({ from: "0.1.0", to: "0.2.0", changed: true, verify: { ok: true } });
    expect(upgraded.kept?.stores).toEqual(
      expect.arrayContaining(["postgres/data", "minio/data", "gitaly/repositories"]),
    );
    expect(before.length).toBeGreaterThan(10);
    expect(await dangling()).toEqual([]);
    expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
  });

  it("is back at 0.1.0 with what was written before the cut", { timeout: 300_000 }, async () => {
    const undone = await platform.json<UpgradeUndoneResult>(["rollback", "--yes-i-mean", platform.name]);

    expect(undone).toMatchObject({ from: "0.1.0", to: "0.2.0", lostSince: upgraded.kept?.at });
    expect(await dangling()).toEqual([]);
    expect(await platform.json<StatusResult>(["status"])).toMatchObject({ overall: "healthy", release: 1 });
    const program = join(checkout, "installer/src/cli/main.ts");
    const place = ["--name", platform.name, "--state-dir", platform.stateDir, "--json"];
    const proved = await mustRun(process.execPath, [program, ...place, "verify"], { cwd: platform.folder });
    const again = await mustRun(process.execPath, [program, ...place, "install"], { cwd: platform.folder });
    expect((JSON.parse(proved) as VerifyResult).ok).toBe(true);
    expect(JSON.parse(again)).toMatchObject({ changed: false });
  });

  async function work() {
    const stores = await openPlatformStores(platform);
    return { stores, writer: await startWriter(stores, { seed: 13, restMs: 20 }) };
  }

  /** What is wrong with what was acknowledged before the cut. */
  async function dangling(): Promise<readonly string[]> {
    const stores = await openPlatformStores(platform);
    try {
      const { rows, dangling: missing, lost } = await auditWritten(stores, before);
      expect(rows).toBeGreaterThanOrEqual(before.length);
      return [...missing, ...lost.map((id) => `row ${id} is lost`)];
    } finally {
      await stores.close();
    }
  }
});

/** Writes that were acknowledged by then, and that nobody began to delete. */
function writtenBefore(writer: PlatformWriter, at = ""): readonly Acknowledged[] {
  return writer.written.filter((row) => row.at < Date.parse(at) && !writer.given.has(row.id));
}
