import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runChild, startChild } from "../support/child.ts";
import { killByHand, newPlace, type Place } from "../support/fixture-engine.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";
import { itUnless } from "../support/unless.ts";
import { missing } from "./foreign-tools.ts";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
let place: Place;

beforeAll(async () => {
  place = newPlace();
  await installFixture(place, fixturePorts());
});
afterAll(() => place.remove());

/** `slipway metrics` of the platform, as a program of its own. */
function argumentsOf(words: readonly string[] = []): readonly string[] {
  return [program, "metrics", "--name", place.name, "--state-dir", place.stateDir, ...words];
}

function valueOf(text: string, metric: string, labels = ""): number | undefined {
  const line = text.split("\n").find((row) => row.startsWith(`${metric}{install="${place.name}"${labels}`));
  return line === undefined ? undefined : Number(line.split(" ").at(-1));
}

describe("metrics of a platform on the real engine", () => {
  it("tell that it is well, and how full its disks are", async () => {
    const { exitCode, stdout, stderr } = await runChild(process.execPath, argumentsOf());

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(valueOf(stdout, "slipway_look_ok")).toBe(1);
    expect(valueOf(stdout, "slipway_platform_healthy")).toBe(1);
    expect(valueOf(stdout, "slipway_component_healthy", ',component="web"')).toBe(1);
    const [free = 0, size = 0] = ["free", "size"].map((what) => valueOf(stdout, `slipway_store_${what}_bytes`));
    // Another user than root may not see where the engine keeps data.
    if (process.getuid?.() === 0) expect(0 < free && free < size).toBe(true);
  });

  itUnless(missing("promtool", ["--version"]), "satisfy promtool", async () => {
    const { stdout: input } = await runChild(process.execPath, argumentsOf());

    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });

    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: "" });
  });

  it("are told without an engine, too, as far as the records go", async () => {
    const env = { ...process.env, DOCKER_HOST: "unix:///nonexistent/docker.sock" };

    const { exitCode, stdout, stderr } = await runChild(process.execPath, argumentsOf(), { env });

    expect(exitCode).toBe(0);
    expect(stderr).toContain("the platform could not be looked at");
    expect(valueOf(stdout, "slipway_look_ok")).toBe(0);
    expect(valueOf(stdout, "slipway_platform_healthy")).toBeUndefined();
    expect(valueOf(stdout, "slipway_certificate_expiry_timestamp_seconds")).toBeGreaterThan(Date.now() / 1000);
  });

  it("are served until Ctrl-C, which ends it well", async () => {
    const child = startChild(process.execPath, argumentsOf(["--listen", "127.0.0.1:0", "--json"]));
    const [line] = (await once(child.process.stdout!, "data")) as [Buffer];
    const { kind, url } = JSON.parse(line.toString()) as { readonly kind: string; readonly url: string };

    const text = await (await fetch(url)).text();
    child.process.kill("SIGINT");
    const { exitCode, stdout } = await child.ended;

    expect(kind).toBe("MetricsServing");
    expect(valueOf(text, "slipway_platform_healthy")).toBe(1);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      kind: "MetricsServeResult",
      requests: 1,
    });
  });

  it("tell which component was killed, and with which status it ended", async () => {
    await killByHand(place.name, "web");

    const { stdout, stderr } = await runChild(process.execPath, argumentsOf());
    const told = {
      stderr,
      platform: valueOf(stdout, "slipway_platform_healthy"),
      web: valueOf(stdout, "slipway_component_healthy", ',component="web"'),
      exitCode: valueOf(stdout, "slipway_component_exit_code", ',component="web"'),
    };

    expect(told).toEqual({ stderr: "", platform: 0, web: 0, exitCode: 137 });
  });
});
