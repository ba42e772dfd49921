import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { supportBundle } from "../../src/actions/support/support-bundle.ts";
import type { SupportBundleReport, SupportBundleRequest } from "../../src/actions/support/support-request.ts";
import { containerIds, newPlace, type Place } from "../support/fixture-engine.ts";
import { fixturePorts, installFixture } from "../support/fixture-install.ts";

/** Secrets of the install, as people choose them. */
const planted = Array.from({ length: 200 }, (_, index) => `${randomBytes(9).toString("base64")}"$é/${index}`);

/** How programs write one, made here without the code under test. */
const writings: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => JSON.stringify({ secret }),
  (secret) => JSON.stringify(JSON.stringify({ secret })),
  (secret) => `https://host/?p=${encodeURIComponent(secret)}`,
  (secret) => Buffer.from(secret).toString("base64"),
  (secret) => Buffer.from(`x${secret}`).toString("base64url"),
  (secret) => Buffer.from(`xy${secret}`).toString("base64"),
  (secret) => Buffer.from(secret).toString("hex"),
  (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  (secret) => Array.from(secret).reverse().join(""),
];

let place: Place;
let folder: string;
beforeAll(async () => {
  place = newPlace();
  folder = mkdtempSync(join(tmpdir(), "slipway-support-"));
  const lines = planted.map((secret, index) => `line ${index}: ${writings[index % writings.length]?.(secret) ?? ""}`);
  // The shell's echo takes one of two backslashes away.
  const greeting = lines.join("\n").replaceAll("\\", "\\\\");
  await installFixture({ ...place, greeting, request: { skipVerify: true } }, fixturePorts());
  for (const [index, secret] of planted.entries()) {
    writeFileSync(join(place.stateDir, "secrets", `planted-${index}`), secret, { mode: 0o400 });
  }
});
afterAll(async () => {
  await place.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function make(more: Partial<SupportBundleRequest> = {}, ports = fixturePorts()): Promise<SupportBundleReport> {
  const { name, stateDir } = place;
  const usual = { name, stateDir, folder, force: false, since: "1h", without: [], listOnly: false, dryRun: false };
  const result = await supportBundle({ ...usual, ...more }, ports);
  if (result.kind !== "SupportBundleResult") throw new Error("it only listed");
  return result;
}

async function idOf(component: string): Promise<string> {
  return (await containerIds(place.name))[component] ?? "";
}

function unpack(path: string): ReadonlyMap<string, string> {
  const into = mkdtempSync(join(folder, "unpacked-"));
  expect(spawnSync("tar", ["-xzf", path, "-C", into]).status).toBe(0);
  return new Map(
    readdirSync(into, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(into, name)).isFile())
      .map((name) => [name.split("/").slice(1).join("/"), readFileSync(join(into, name), "utf8")]),
  );
}

test("200 secrets in the log of a container, in ten writings, are in no file of a bundle", async () => {
  const { path = "", files, missed } = await make();
  const held = unpack(path);
  const whole = [...held].map(([name, text]) => `${name}\n${text}`).join("\n");
  const raw = (await fixturePorts().docker.logs(await idOf("app"), { tail: -1 })).join("\n");
  const log = held.get(`logs/app/${place.name}-app-1.log`) ?? "";

  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(log.split("\n")).toHaveLength(planted.length + 1);
  expect(log).toContain("line 0: [secret planted-0]");
  expect(planted.filter((secret, index) => raw.includes(writings[index % 10]?.(secret) ?? ""))).toEqual(planted);
  expect(planted.filter((secret) => writings.some((write) => whole.includes(write(secret))))).toEqual([]);
  expect(files.find((file) => file.path.startsWith("logs/app/"))?.redactions["secret"]).toBe(planted.length);
  // The fixture is of a profile that is none, so that its values cannot be shown.
  expect(missed.filter(({ collector }) => !["values", "doctor"].includes(collector))).toEqual([]);
  expect(JSON.parse(held.get("containers.json") ?? "")).toMatchObject([
    { component: "app", phase: "running", health: "healthy", restarts: 0 },
    { component: "store", phase: "running" },
    { component: "web", phase: "running" },
  ]);
  expect(held.get("timeline.txt")).toMatch(/run {8}install ended: complete[^]*$/);
  expect(held.get("timeline.txt")).toContain(`container  app (${place.name}-app-1) started`);
});

test("where no engine answers a bundle holds what the records tell", async () => {
  const env = { DOCKER_HOST: `unix://${join(folder, "nobody.sock")}` };

  const { path = "", missed } = await make({ out: join(folder, "silent.tar.gz") }, fixturePorts({ env }));

  expect(missed.map(({ collector }) => collector)).toEqual(expect.arrayContaining(["status", "containers", "logs"]));
  expect([...unpack(path).keys()]).toEqual(expect.arrayContaining(["plan.json", "journal.jsonl", "timeline.txt"]));
});

test("Ctrl-C leaves nothing", async () => {
  const stop = new AbortController();
  const out = join(folder, "stopped", "a.tar.gz");
  spawnSync("mkdir", ["-p", join(folder, "stopped")]);
  const ports = fixturePorts({
    signal: stop.signal,
    report: (event) => {
      if (event.type === "item" && event.id === "logs") stop.abort();
    },
  });

  await expect(make({ out }, ports)).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(join(folder, "stopped"))).toEqual([]);
});
