import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { InterruptedError, PreflightError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { listSecrets, showSecret } from "../secrets/secrets.ts";
import { renderExposition } from "./exposition.ts";
import type { LookPorts } from "./look.ts";
import { metrics } from "./metrics.ts";

const name = "lab";
const world = createMemoryTarget();
const all = { ...fixturePorts(), target: world.target };
const ports: LookPorts = { fs: all.fs, clock: all.clock, version: "9.9.9", openTarget: () => Promise.resolve(all) };
/** Where it was installed; each test has a copy of the records. */
let installed: string;
let folder: string;
let place: { readonly name: string; readonly stateDir: string };

beforeAll(async () => {
  installed = mkdtempSync(join(tmpdir(), "slipway-measured-"));
  await installFixture({ name, stateDir: join(installed, "state"), request: { skipVerify: true } }, all);
});
afterAll(() => rmSync(installed, { recursive: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-metrics-"));
  cpSync(installed, folder, { recursive: true });
  place = { name, stateDir: join(folder, "state") };
});
afterEach(() => rmSync(folder, { recursive: true }));

const away = (error: Error): Pick<LookPorts, "openTarget"> => ({ openTarget: () => Promise.reject(error) });

describe("metrics of an install", () => {
  it("are read off its records and what runs", async () => {
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
    const told = await metrics(place, { ...ports, ...away(new PreflightError("the engine does not answer")) });

    expect(told).toMatchObject({ lookOk: false, problem: "the engine does not answer" });
    const names = new Set(told.samples.map(({ name }) => name));
    expect(told.samples.find(({ name }) => name === "slipway_look_ok")?.value).toBe(0);
    expect(names.has("slipway_certificate_expiry_timestamp_seconds")).toBe(true);
    expect(names.has("slipway_platform_healthy")).toBe(false);
  });

  it("end at Ctrl-C", async () => {
    await expect(metrics(place, { ...ports, ...away(new InterruptedError("stopped")) })).rejects.toThrow("stopped");
  });

  it("are none where nothing is installed, and say so", async () => {
    const nothing = { name: "other", stateDir: join(folder, "other") };
    const empty = { ...ports, openTarget: () => Promise.resolve({ ...all, target: createMemoryTarget().target }) };

    await expect(metrics(nothing, empty)).rejects.toThrow("nothing is installed under the name other");
    await expect(metrics(nothing, { ...ports, ...away(new Error("no engine")) })).rejects.toThrow(
      "nothing is installed",
    );
  });

  it("say where the records are of a platform whose records are not here", async () => {
    await expect(metrics({ ...place, stateDir: join(folder, "elsewhere") }, ports)).rejects.toThrow(
      "a platform named lab runs here",
    );
  });

  it("go without a certificate that cannot be read", async () => {
    const path = join(stateLayout(place.stateDir).secrets, "web-tls.certificate");
    chmodSync(path, 0o600);
    writeFileSync(path, "no certificate");

    const { samples } = await metrics(place, ports);

    const certificates = samples.filter(({ name }) => name === "slipway_certificate_expiry_timestamp_seconds");
    expect(certificates.map(({ labels }) => labels["certificate"])).toEqual(["ca"]);
  });
});
