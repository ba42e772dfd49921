/** The whole platform on second instances of everything that the hub stands on, with TLS, a user of its own and odd passwords. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { askProbe } from "../stand-ins/hub/testing/ask-probe.ts";
import { type ChildResult, mustRun, runChild } from "../support/child.ts";
import { portArguments } from "../support/free-ports.ts";
import { type OutsideWorld, startOutsideWorld } from "../support/outside-world.ts";
import { openPlatform, type Platform, writeInto } from "../support/platform.ts";

let platform: Platform;
let world: OutsideWorld;
let installed: ChildResult;

beforeAll(async () => {
  const hub = await ensureHubStandIn();
  platform = await openPlatform({
    arguments: ["--profile", "standard", "--set", `server.image=${hub}`, "--set", `portal.image=${hub}`],
  });
  const network = `${platform.name}_app`;
  // The network that the platform will have: its own, but that others are in it before.
  const labels = [`com.docker.compose.project=${platform.name}`, "com.docker.compose.network=app"];
  await mustRun("docker", ["network", "create", ...labels.flatMap((label) => ["--label", label]), network]);
  const ports = portArguments(platform.ports).filter((word) => word !== "--set");
  world = await startOutsideWorld({ name: platform.name, folder: platform.folder, network, domain: "hub.test", ports });
  const values = await writeInto(platform, "values.yaml", world.values);
  installed = await platform.run(["install", "-f", values, "--json"]);
}, 400_000);

afterAll(async () => {
  await world.dispose();
  await platform.dispose();
  await runChild("docker", ["network", "rm", `${platform.name}_app`]);
}, 60_000);

describe("the profile standard on services of one's own", () => {
  it("is installed, and passes every wire", async () => {
    expect(installed.exitCode, installed.stderr).toBe(0);
    const result = await platform.json<VerifyResult>(["verify"]);
    expect(result.wires.filter((wire) => !wire.ok)).toEqual([]);
  });

  it.each([
    ["csghub-server", 8080],
    ["csghub-user", 8088],
    ["csghub-dataviewer", 8093],
    ["csghub-portal", 8090],
  ])("%s can use all that it was given", async (component, port) => {
    const container = `${platform.name}-${component}-1`;
    const probed = await askProbe((...args) => platform.docker(...args), container, port);
    expect(Object.entries(probed).filter(([, { ok }]) => !ok)).toEqual([]);
  });
});
