import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePorts, installFixture, planFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { Target } from "../../targets/target.ts";
import type { ActionPorts } from "../context.ts";
import { liveChecks } from "../preflight/checks/live.ts";
import { status } from "../status/status.ts";
import { showSecret } from "./secrets.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-troubles-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const name = "trouble";
const place = () => ({ name, stateDir: join(folder, "state") });
const secretAt = (file: string) => join(folder, "state/secrets", file);

/** A platform that is installed, on a target in memory that keeps copies of these files. */
async function installed(copies: Readonly<Record<string, string>> = {}): Promise<ActionPorts> {
  const { target } = createMemoryTarget();
  const keeping: Target = {
    ...target,
    observe: async (...question) => ({
      ...(await target.observe(...question)),
      copies: new Map(Object.entries(copies)),
    }),
  };
  const ports = { ...fixturePorts(), target: keeping };
  await installFixture({ ...place(), request: { skipVerify: true } }, ports);
  return ports;
}

const install = (ports: ActionPorts) => installFixture({ ...place(), request: { skipVerify: true } }, ports);
const gone = "the secret store-password is gone, and data made with it exists";

test("a secret that is gone is told alike by status, doctor, plan and install, and nothing is begun", async () => {
  const ports = await installed();
  const before = await planFixture(place(), ports);
  rmSync(secretAt("store-password"));
  const hint = `put ${secretAt("store-password")} back from a backup of the state directory; it is never made anew`;

  const planned = await planFixture(place(), ports);
  expect(planned.impossible).toEqual([{ message: gone, hint }]);
  expect(planned.hash).not.toBe(before.hash);
  await expect(install(ports)).rejects.toMatchObject({ code: "DATA_EXPECTED", message: gone, hint });
  const seen = await status(place(), ports);
  expect(seen).toMatchObject({ overall: "degraded", secrets: [{ secret: "store-password", message: gone, hint }] });
  const check = liveChecks.find(({ id }) => id === "live.secrets");
  expect(await check?.run({ status: seen } as never)).toEqual([{ severity: "failure", message: gone, remedy: hint }]);
  await expect(showSecret({ ...place(), secret: "store-password" }, ports)).rejects.toMatchObject({
    message: "the secret store-password is gone",
  });
});

test("whoever accepts that the data is lost gets a new secret for it", async () => {
  const ports = await installed();
  rmSync(secretAt("store-password"));

  const accepted = { skipVerify: true, acceptDataLoss: ["store"] };
  expect(await installFixture({ ...place(), request: accepted }, ports)).toMatchObject({ changed: true });

  expect((await status(place(), ports)).secrets).toEqual([]);
});

test("whoever gives up other data than that of the secret is told before anything is begun", async () => {
  const ports = await installed();
  rmSync(secretAt("store-password"));

  const accepted = { skipVerify: true, acceptDataLoss: ["web"] };
  await expect(installFixture({ ...place(), request: accepted }, ports)).rejects.toMatchObject({ message: gone });

  expect(await status(place(), ports)).not.toHaveProperty("changeSince");
});

test("the copy that a service reads is the way back, where it is as it was written", async () => {
  const ports = await installed({ "store/etc/store/password": "/live/store/password" });
  chmodSync(secretAt("store-password"), 0o600);
  writeFileSync(secretAt("store-password"), "");

  const { secrets } = await status(place(), ports);

  const { uid } = (await ports.fs.stat(join(folder, "state/secrets"))) ?? {};
  expect(secrets[0]?.hint).toBe(
    `as root, install -m 0400 -o ${uid} /live/store/password ${secretAt("store-password")} puts it back from what its service reads`,
  );
});

test("a secret that was changed is told, and plan names what restarts and runs for it", async () => {
  const ports = await installed();
  const before = await planFixture(place(), ports);
  chmodSync(secretAt("store-password"), 0o600);
  writeFileSync(secretAt("store-password"), "another-password-of-the-store");

  const planned = await planFixture(place(), ports);
  const seen = await status(place(), ports);

  expect(before.changed).toBe(false);
  expect(planned.changes.filter(({ action }) => action !== "unchanged")).toEqual([
    { subject: "component", id: "store", action: "restart", reasons: ["its secret store-password was changed"] },
    { subject: "component", id: "app", action: "restart", reasons: ["its secret store-password was changed"] },
    { subject: "component", id: "web", action: "restart", reasons: ["its secret store-hash is made again"] },
  ]);
  expect(planned.hash).not.toBe(before.hash);
  expect(seen.overall).toBe("healthy");
  expect(seen.secrets.map(({ message, hint }) => `${message}; ${hint}`)).toEqual([
    "the secret store-password was changed since the platform was given it; slipway install hands it to store, app",
    "the secret store-hash is due: it is made again; slipway install makes it and restarts what reads it",
  ]);

  expect(await install(ports)).toMatchObject({ changed: true });
  expect(await planFixture(place(), ports)).toMatchObject({ changed: false, hash: before.hash });
});

test("what a person gives anew is told by plan, which has the values", async () => {
  const ports = await installed();

  const planned = await planFixture({ ...place(), given: "given-anew" }, ports);

  expect(planned.changes.filter(({ action }) => action !== "unchanged")).toEqual([
    { subject: "component", id: "app", action: "restart", reasons: ["its secret app-given is made again"] },
  ]);
});

test("an install that an older version recorded without digests learns them without a change", async () => {
  const ports = await installed();
  const record = join(folder, "state/applied.json");
  const applied = JSON.parse(await ports.fs.readText(record)) as { secrets: Record<string, { digest?: string }> };
  for (const secret of Object.values(applied.secrets)) delete secret.digest;
  writeFileSync(record, JSON.stringify(applied));

  expect(await install(ports)).toMatchObject({ changed: false });

  const learnt = JSON.parse(await ports.fs.readText(record)) as typeof applied;
  expect(Object.values(learnt.secrets).every(({ digest }) => digest !== undefined)).toBe(true);
});
