import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { infraImages, mustInstall, openPlatform } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";
import { privateEngineObstacle, startPrivateEngine } from "../support/private-engine.ts";
import { realPorts } from "../support/real-ports.ts";
import type { PrivateEngine } from "../support/private-engine.ts";

const obstacle = await privateEngineObstacle();
const signals = process.env["SLIPWAY_FULL"] === "1" ? (["SIGTERM", "SIGKILL"] as const) : (["SIGTERM"] as const);

describe("after a restart of the engine", () => {
  let engine: PrivateEngine | undefined;
  let platform: Platform | undefined;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    const standIn = await ensureCasdoorStandIn();
    engine = await startPrivateEngine([...infraImages(), standIn]);
    platform = await openPlatform({
      arguments: ["--set", `casdoor.image=${standIn}`],
      environment: engine.environment,
    });
    await mustInstall(platform, "--no-verify");
  });

  afterAll(async () => {
    await platform?.dispose();
    await engine?.dispose();
  });

  it.for(signals)("by %s everything is healthy again by itself and every wire works", async (signal, context) => {
    if (engine === undefined || platform === undefined) return context.skip(obstacle);
    const started = platform;
    const before = await platform.json<StatusResult>(["status"]);
    const startedBefore = await startTimes(before, engine);

    await engine.restart(signal);

    await expect
      .poll(async () => (await statusOf(started)).overall, { timeout: 120_000, interval: 2000 })
      .toBe("healthy");
    const after = await statusOf(started);
    const startedAfter = await startTimes(after, engine);
    const verified = await platform.json<VerifyResult>(["verify"]);
    const again = await platform.json<InstallResult>(["install"]);
    expect(after.components.map((row) => row.containerId)).toEqual(before.components.map((row) => row.containerId));
    expect(startedAfter.every((at, index) => at !== startedBefore[index])).toBe(true);
    expect(verified.wires.filter((wire) => !wire.ok)).toEqual([]);
    expect(again.changed).toBe(false);
  });
});

/** When each container was started, as the engine says. */
async function startTimes(status: StatusResult, engine: PrivateEngine): Promise<readonly (string | undefined)[]> {
  const { docker } = realPorts({ ...process.env, ...engine.environment });
  const ids = status.components.flatMap((row) => row.containerId ?? []);
  return Promise.all(ids.map(async (id) => (await docker.inspect(id)).startedAt));
}

async function statusOf(platform: Platform): Promise<StatusResult> {
  return JSON.parse((await platform.run(["status", "--json"])).stdout) as StatusResult;
}
