import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { Assets } from "../assets.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../../bundle/tar/tar-header.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { openAssets } from "../../cli/assets.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { secretForms } from "../../execute/secrets/secret-forms.ts";
import type { EngineInfo } from "../../platform/ports.ts";
import { collectors } from "./collectors/all.ts";
import { supportBundle } from "./support-bundle.ts";
import type { SupportBundleReport, SupportBundleRequest } from "./support-request.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-support-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function platform() {
  const events: InstallerEvent[] = [];
  const world = createMemoryTarget();
  const abort = new AbortController();
  const info = () => Promise.resolve({ version: "1", cpus: 2 } as EngineInfo);
  const target = { ...world.target, images: { ...world.target.images, info } };
  const report = (event: InstallerEvent) => void events.push(event);
  const real = fixturePorts({ report, signal: abort.signal });
  const ports = { ...real, target, images: target.images, assets: assetsOfFixture() };
  const place = { name: "p", stateDir: join(folder, "state") };
  const out = join(folder, "out", "support.tar.gz");
  mkdirSync(join(folder, "out"), { recursive: true });
  const install = async () => {
    await installFixture({ ...place, request: { skipVerify: true } }, ports);
    // Those of the fixture are none that a person could give.
    writeFileSync(join(place.stateDir, "values.yaml"), "domain: hub.example.org\n");
  };
  const bundle = async (
    more: Partial<SupportBundleRequest> = {},
    changed: object = {},
  ): Promise<SupportBundleReport> => {
    const request = { ...place, out, folder, force: false, since: "24h", without: [], listOnly: false, dryRun: false };
    const result = await supportBundle({ ...request, ...more }, { ...ports, ...changed });
    if (result.kind === "CollectorList") throw new Error("it only listed");
    return result;
  };
  return { world, ports, place, out, install, bundle, events, abort };
}

/** The real ones, with the profile of the fixture, which is none of ours. */
function assetsOfFixture(): Assets {
  const assets = openAssets();
  const real = (path: string): string => path.replace("profiles/fixture.", "profiles/infra.");
  return {
    ...assets,
    readText: (path) => assets.readText(real(path)),
    listBelow: (below) => [...assets.listBelow(below), "values/profiles/fixture.yaml"],
  };
}

/** Every file of an archive by its path below the folder, read by plain tar. */
function unpack(path: string): ReadonlyMap<string, string> {
  const into = mkdtempSync(join(folder, "unpacked-"));
  expect(spawnSync("tar", ["-xzf", path, "-C", into]).status).toBe(0);
  const top = join(into, "slipway-support-p");
  const names = readdirSync(top, { recursive: true, encoding: "utf8" }).filter(
    (name) => !statSync(join(top, name)).isDirectory(),
  );
  return new Map(names.map((name) => [name, readFileSync(join(top, name), "latin1")]));
}

/** Secrets of the install that no component made. */
function plantSecrets(stateDir: string, count: number): readonly string[] {
  const values = Array.from({ length: count }, (_, index) => `${randomBytes(12).toString("base64")}"é${index}`);
  for (const [index, value] of values.entries()) writeFileSync(join(stateDir, "secrets", `planted-${index}`), value);
  return values;
}

describe("a support bundle", () => {
  it("holds what every collector is for, and a manifest with the hash of each file", async () => {
    const { install, bundle, out, world } = platform();
    world.behaviours.set("app", { lines: ["app says hello"] });
    await install();

    const result = await bundle();
    const files = unpack(out);

    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(result).toMatchObject({ kind: "SupportBundleResult", path: out, bytes: statSync(out).size, leftOut: [] });
    expect(result.missed).toEqual([]);
    expect([...files.keys()].sort()).toEqual(result.files.map(({ path }) => path).sort());
    const fromCollectors = new Set(result.files.map(({ collector }) => collector));
    expect(collectors.map(({ id }) => id).filter((id) => !fromCollectors.has(id))).toEqual([]);
    expect(files.get("logs/app/app.log")).toBe("app says hello\n");
    expect(files.get("timeline.txt")).toContain("install ended: complete");
    expect(JSON.parse(files.get("status.json") ?? "")).toMatchObject({ kind: "StatusResult", overall: "healthy" });
    const manifest = JSON.parse(files.get("manifest.json") ?? "") as SupportBundleReport;
    expect(manifest).toMatchObject({ kind: "SupportManifest", name: "p", since: "24h", secretsMissing: [] });
    expect(manifest.files).toEqual(result.files.filter(({ path }) => path !== "manifest.json"));
    expect(readdirSync(join(folder, "out"))).toEqual(["support.tar.gz"]);
  });

  it("has none of 200 secrets that are in a log in every encoding", async () => {
    const { install, bundle, out, world, place } = platform();
    await install();
    const secrets = plantSecrets(place.stateDir, 200);
    const forms = secrets.flatMap((value) => secretForms(value).map(({ text }) => text));
    world.behaviours.set("app", { lines: forms.map((form, index) => `line ${index} with ${form} in it`) });

    const result = await bundle();
    const whole = [...unpack(out)].map(([name, text]) => `${name}\n${text}`).join("\n");

    expect(forms.filter((form) => whole.includes(Buffer.from(form, "utf8").toString("latin1")))).toEqual([]);
    expect(result.secretsKnown).toBeGreaterThan(200);
    expect(result.files.find(({ path }) => path === "logs/app/app.log")?.redactions["secret"]).toBe(forms.length);
    expect(whole).toContain("line 7 with [secret planted-0] in it");
  });

  it("keeps the newest lines of a log that is too long, and says how much it left out", async () => {
    const { install, bundle, out, world } = platform();
    await install();
    const line = "x".repeat(1023);
    world.behaviours.set("app", { lines: [...Array<string>(10_000).fill(line), "the last"] });

    const { files } = await bundle();
    const log = files.find(({ path }) => path === "logs/app/app.log");
    const text = unpack(out).get("logs/app/app.log") ?? "";

    expect(log?.bytes).toBe(text.length);
    expect((log?.bytes ?? 0) + (log?.cutBytes ?? 0)).toBe(10_000 * 1024 + 9);
    expect(log?.bytes).toBeGreaterThan(7 * 2 ** 20);
    expect(log?.bytes).toBeLessThanOrEqual(8 * 2 ** 20);
    expect(text.startsWith(`${line}\n`)).toBe(true);
    expect(text.endsWith("the last\n")).toBe(true);
  });

  it("is made where a password is an ordinary word, which is in names and texts of it", async () => {
    const { install, bundle, out, place } = platform();
    await install();
    writeFileSync(join(place.stateDir, "secrets", "word"), "support");

    const { files } = await bundle();

    expect(spawnSync("tar", ["-tzf", out], { encoding: "utf8" }).stdout).toContain(
      "slipway-[secret word]-p/manifest.json\n",
    );
    expect(files.length).toBeGreaterThan(10);
  });

  it("is made while the target does not answer, and says what is missing", async () => {
    const { install, bundle, out, ports } = platform();
    await install();
    const silent = () => Promise.reject(new PreflightError("the engine does not answer"));
    const target = {
      ...ports.target,
      facts: silent,
      observe: silent,
      copies: silent,
      checks: silent,
      dataPlace: silent,
    };

    const { missed } = await bundle({}, { target });
    const files = unpack(out);

    expect(new Set(missed.map(({ collector }) => collector))).toEqual(
      new Set(["versions", "status", "doctor", "containers", "timeline", "logs"]),
    );
    expect(missed.every(({ reason }) => reason === "the engine does not answer")).toBe(true);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(["history.json", "journal.jsonl", "plan.json", "timeline.txt"]),
    );
  });

  it("is made of an install whose records are damaged", async () => {
    const { install, bundle, out, place } = platform();
    await install();
    writeFileSync(join(place.stateDir, "plan.json"), "{");

    const { missed } = await bundle();

    expect(missed.map(({ collector }) => collector)).toEqual(expect.arrayContaining(["records", "plan"]));
    expect(unpack(out).get("journal.jsonl")).toContain('"phase":"done"');
  });

  it("leaves out what a person says, and writes nothing when it is only tried", async () => {
    const { install, bundle } = platform();
    await install();

    const tried = await bundle({ dryRun: true, without: ["logs", "doctor"] });

    expect(tried).not.toHaveProperty("path");
    expect(tried.leftOut).toEqual(["doctor", "logs"]);
    expect(tried.files.map(({ collector }) => collector)).not.toEqual(expect.arrayContaining(["logs"]));
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });

  it("names every collector, and needs no install for that", async () => {
    const { ports, place } = platform();
    const request = { ...place, folder, force: false, since: "24h", without: [], listOnly: true, dryRun: false };

    expect(await supportBundle(request, ports)).toEqual({
      apiVersion: "slipway/v1",
      kind: "CollectorList",
      collectors: collectors.map(({ id, holds, why }) => ({ id, holds, why })),
    });
  });
});

describe("no support bundle is made", () => {
  it("where nothing is installed", async () => {
    await expect(platform().bundle()).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "nothing is installed under the name p",
    });
  });

  it("over a file that is there, unless that is said", async () => {
    const { install, bundle, out } = platform();
    await install();
    writeFileSync(out, "mine");

    await expect(bundle()).rejects.toMatchObject({ code: "USAGE", message: `${out} is there already` });
    expect(readFileSync(out, "utf8")).toBe("mine");
    await bundle({ force: true });
    expect(unpack(out).has("manifest.json")).toBe(true);
  });

  it("of a collector that does not exist", async () => {
    await expect(platform().bundle({ without: ["log"] })).rejects.toMatchObject({
      code: "USAGE",
      message: "there is no collector log",
    });
  });

  it("where the secrets are gone, because nothing could be kept out", async () => {
    const { install, bundle, place } = platform();
    await install();
    rmSync(join(place.stateDir, "secrets"), { recursive: true });

    await expect(bundle()).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `there are no secrets in ${join(place.stateDir, "secrets")}, and nothing could be kept out of a bundle`,
    });
  });

  it("with a secret that was smuggled past, which the scan finds in any encoding", async () => {
    const { install, bundle, place } = platform();
    await install();
    const [secret = ""] = plantSecrets(place.stateDir, 1);
    for (const { encoding, text } of secretForms(secret)) {
      const failpoint = (name: string): undefined => {
        if (name === "support:written") smuggle(`a log with ${text}`);
      };

      await expect(bundle({}, { failpoint })).rejects.toMatchObject({
        code: "REDACTION_FAILED",
        message: "the support bundle still held secrets, and was deleted",
        details: [`slipway-support-p/logs/app/app.log: the secret planted-0 (${encoding})`],
      });
      expect(readdirSync(join(folder, "out"))).toEqual([]);
    }
  });

  it("where the scan does not see what was planted for it", async () => {
    const { install, bundle } = platform();
    await install();
    const failpoint = (name: string): undefined => {
      if (name === "support:written") smuggle(undefined);
    };

    await expect(bundle({}, { failpoint })).rejects.toMatchObject({
      code: "REDACTION_FAILED",
      message: "the scan of the support bundle did not find what was planted in it, and it was deleted",
    });
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });

  it.each(["support:written", "the first collector"])(
    "when it is interrupted at %s, and nothing is left",
    async (at) => {
      const { install, bundle, abort, ports } = platform();
      await install();
      const failpoint = (name: string): undefined => {
        if (name === at) abort.abort();
      };
      const facts = () => {
        if (at === "the first collector") abort.abort();
        return ports.target.facts();
      };

      await expect(bundle({}, { failpoint, target: { ...ports.target, facts } })).rejects.toMatchObject({
        code: "INTERRUPTED",
      });
      expect(readdirSync(join(folder, "out"))).toEqual([]);
    },
  );

  /** Puts text into the log of the archive that is being made, or takes everything out of the file that was planted. */
  function smuggle(text: string | undefined): void {
    const out = join(folder, "out");
    const partial = join(out, readdirSync(out)[0] ?? "");
    const files = new Map(unpack(partial));
    if (text === undefined) files.set("scan-check.txt", "nothing");
    else files.set("logs/app/app.log", Buffer.from(text, "utf8").toString("latin1"));
    const entries = [...files].flatMap(([name, contents]) => {
      const data = Buffer.from(contents, "latin1");
      const header = formatTarHeader({ name: `slipway-support-p/${name}`, size: data.length });
      return [header, data, Buffer.alloc(tarPadding(data.length))];
    });
    writeFileSync(partial, gzipSync(Buffer.concat([...entries, formatTarEnd()])));
  }
});
