import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { InterruptedError, PreflightError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { listSecrets, showSecret } from "../secrets/secrets.ts";
import { renderExposition } from "./exposition.ts";
import type { LookPorts } from "./look.ts";
import { metrics } from "./metrics.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-metrics-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A platform in memory, and what a look at it needs. */
async function platform({ installed = true }: { readonly installed?: boolean } = {}) {
  const world = createMemoryTarget();
  const all = { ...fixturePorts(), target: world.target };
  const place = { name: "lab", stateDir: join(folder, "state") };
  if (installed) await installFixture({ ...place, request: { skipVerify: true } }, all);
  const ports: LookPorts = { fs: all.fs, clock: all.clock, version: "9.9.9", openTarget: () => Promise.resolve(all) };
  return { world, all, place, ports };
}

const away = (error: Error): Pick<LookPorts, "openTarget"> => ({ openTarget: () => Promise.reject(error) });

describe("metrics of an install", () => {
  it("are read off its records and what runs", async () => {
    const { place, ports } = await platform();

    const told = await metrics(place, ports);

    expect(told).toMatchObject({ kind: "MetricsResult", name: "lab", lookOk: true });
    const values = new Map(
      told.samples.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
    );
    expect(Object.fromEntries(values)).toMatchObject({
      "slipway_look_ok lab": 1,
      "slipway_platform_healthy lab": 1,
      "slipway_component_healthy lab store": 1,
      "slipway_revision lab": 1,
      "slipway_last_run_failed lab": 0,
      "slipway_build_info lab 9.9.9": 1,
    });
    expect([...values.keys()].filter((key) => key.startsWith("slipway_certificate_expiry")).toSorted()).toEqual([
      expect.stringContaining("lab ca Fixture CA"),
      expect.stringContaining("lab web-tls Fixture CA"),
      expect.stringContaining("lab web-tls localhost"),
    ]);
  });

  it("hold no secret and no path of one", async () => {
    const { place, ports, all } = await platform();
    const { secrets } = await listSecrets(place, all);

    const text = renderExposition((await metrics(place, ports)).samples);

    expect(text).not.toContain(folder);
    for (const { name: secret, parts } of secrets) {
      for (const part of parts.length === 0 ? [undefined] : parts) {
        const { value } = await showSecret({ ...place, secret, ...(part === undefined ? {} : { part }) }, all);
        for (const line of value.split("\n").filter(({ length }) => length >= 8)) expect(text).not.toContain(line);
      }
    }
  });

  it("are what the records say where what it runs on does not answer", async () => {
    const { place, ports } = await platform();

    const told = await metrics(place, { ...ports, ...away(new PreflightError("the engine does not answer")) });

    expect(told).toMatchObject({ lookOk: false, problem: "the engine does not answer" });
    const names = new Set(told.samples.map(({ name }) => name));
    expect(told.samples.find(({ name }) => name === "slipway_look_ok")?.value).toBe(0);
    expect(names.has("slipway_certificate_expiry_timestamp_seconds")).toBe(true);
    expect(names.has("slipway_platform_healthy")).toBe(false);
  });

  it("end at Ctrl-C", async () => {
    const { place, ports } = await platform();

    await expect(metrics(place, { ...ports, ...away(new InterruptedError("stopped")) })).rejects.toThrow("stopped");
  });

  it("are none where nothing is installed, and say so", async () => {
    const { place, ports } = await platform({ installed: false });

    await expect(metrics(place, ports)).rejects.toThrow("nothing is installed under the name lab");
    await expect(metrics(place, { ...ports, ...away(new Error("no engine")) })).rejects.toThrow("nothing is installed");
  });

  it("say where the records are of a platform whose records are not here", async () => {
    const { place, ports } = await platform();

    await expect(metrics({ ...place, stateDir: join(folder, "elsewhere") }, ports)).rejects.toThrow(
      "a platform named lab runs here",
    );
  });

  it("go without a certificate that cannot be read", async () => {
    const { place, ports } = await platform();
    const path = join(stateLayout(place.stateDir).secrets, "web-tls.certificate");
    chmodSync(path, 0o600);
    writeFileSync(path, "no certificate");

    const { samples } = await metrics(place, ports);

    const certificates = samples.filter(({ name }) => name === "slipway_certificate_expiry_timestamp_seconds");
    expect(certificates.map(({ labels }) => labels["certificate"])).toEqual(["ca"]);
  });
});
