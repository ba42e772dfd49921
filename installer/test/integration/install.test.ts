import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { restart, start, stop } from "../../src/actions/lifecycle/lifecycle.ts";
import { logs } from "../../src/actions/logs/logs.ts";
import { showSecret } from "../../src/actions/secrets/secrets.ts";
import { status } from "../../src/actions/status/status.ts";
import { uninstall } from "../../src/actions/uninstall/uninstall.ts";
import { verify } from "../../src/actions/verify/verify.ts";
import {
  containerIds,
  engineObjects,
  killByHand,
  newPlace,
  type Place,
  readSecretFiles,
} from "../support/fixture-engine.ts";
import { fixturePorts, installFixture, planFixture } from "../support/fixture-install.ts";

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(async () => {
  await place.remove();
});

describe("install on a real engine", () => {
  test("brings everything up healthy, and a second run changes nothing", async () => {
    const first = await installFixture(place, fixturePorts());
    const ids = await containerIds(place.name);
    const second = await installFixture(place, fixturePorts());
    const seen = await status(place, fixturePorts());

    expect(first).toMatchObject({ changed: true, release: 1 });
    expect(second).toMatchObject({ changed: false, release: 1, changes: [] });
    expect(await containerIds(place.name)).toEqual(ids);
    expect(seen.overall).toBe("healthy");
    expect(seen.components.map(({ id, health, drift }) => [id, health, drift])).toEqual([
      ["store", "healthy", []],
      ["app", "healthy", []],
      ["web", "healthy", []],
    ]);
  });

  test("makes containers that Compose by hand takes for right, one by one", async () => {
    await installFixture(place, fixturePorts());
    const ids = await containerIds(place.name);
    const file = join(place.stateDir, "live", "compose.yaml");
    execFileSync("docker", ["compose", "--file", file, "up", "--detach"], { stdio: "ignore" });

    expect(await containerIds(place.name)).toEqual(ids);
  });

  test("recreates only the component whose values changed, and runs no job again", async () => {
    await installFixture(place, fixturePorts());
    const before = await containerIds(place.name);
    const planned = await planFixture({ ...place, greeting: "good day" }, fixturePorts());
    const result = await installFixture({ ...place, greeting: "good day" }, fixturePorts());
    const after = await containerIds(place.name);
    const journal = readFileSync(join(place.stateDir, "journal"), "utf8");

    expect(planned.changes.filter((change) => change.action !== "unchanged")).toEqual([
      {
        subject: "component",
        id: "app",
        action: "recreate",
        reasons: ["env[GREETING].value hello → good day"],
      },
    ]);
    expect(result).toMatchObject({ changed: true, release: 2 });
    expect(after["app"]).not.toBe(before["app"]);
    expect({ ...after, app: "" }).toEqual({ ...before, app: "" });
    expect(journal.match(/"step":"job:prepare","phase":"done"/g)).toHaveLength(1);
  });

  test("restarts the component that reads a changed secret and keeps its container", async () => {
    await installFixture(place, fixturePorts());
    const before = await containerIds(place.name);
    const startedBefore = (await fixturePorts().docker.inspect(before["app"] ?? "")).startedAt;
    const result = await installFixture({ ...place, given: "given-anew" }, fixturePorts());
    const after = await containerIds(place.name);
    const startedAfter = (await fixturePorts().docker.inspect(after["app"] ?? "")).startedAt;

    expect(result.changed).toBe(true);
    expect(after).toEqual(before);
    expect(startedAfter).not.toBe(startedBefore);
    expect(readFileSync(join(place.stateDir, "live/files/app/etc/app/config.json"), "utf8")).toContain("given-anew");
  });

  test("puts a file that somebody changed or removed back, and restarts who reads it", async () => {
    await installFixture(place, fixturePorts());
    const before = await containerIds(place.name);
    const [htpasswd, config] = ["files/web/etc/web/htpasswd", "files/app/etc/app/config.json"];
    const wanted = readFileSync(join(place.stateDir, "live", htpasswd), "utf8");
    const planned = await (async () => {
      // As long as it was: neither size nor time tells.
      writeFileSync(join(place.stateDir, "live", htpasswd), wanted.replaceAll("s", "S"));
      rmSync(join(place.stateDir, "live", config));
      return planFixture(place, fixturePorts());
    })();
    const seen = await status(place, fixturePorts());
    const started = async (id: string): Promise<string | undefined> =>
      (await fixturePorts().docker.inspect(before[id] ?? "")).startedAt;
    const startedBefore = [await started("web"), await started("app"), await started("store")];
    const result = await installFixture(place, fixturePorts());
    const startedAfter = [await started("web"), await started("app"), await started("store")];

    expect(planned.changes.filter((change) => change.action !== "unchanged")).toEqual([
      { subject: "component", id: "app", action: "restart", reasons: [`live file ${config} was changed`] },
      { subject: "component", id: "web", action: "restart", reasons: [`live file ${htpasswd} was changed`] },
    ]);
    expect(seen.components.flatMap(({ drift }) => drift)).toHaveLength(2);
    expect(result.changed).toBe(true);
    expect(await containerIds(place.name)).toEqual(before);
    expect(startedAfter.map((at, index) => at === startedBefore[index])).toEqual([false, false, true]);
    expect(readFileSync(join(place.stateDir, "live", htpasswd), "utf8")).toBe(wanted);
    expect((await installFixture(place, fixturePorts())).changed).toBe(false);
  });

  test("makes a container again that lost its network, and a network that is gone", async () => {
    await installFixture(place, fixturePorts());
    const before = await containerIds(place.name);
    const [data, edge] = [`${place.name}_data`, `${place.name}_edge`];
    const docker = (...args: readonly string[]): void => void execFileSync("docker", args, { stdio: "ignore" });
    docker("network", "disconnect", "-f", data, before["store"] ?? "");
    docker("network", "disconnect", "-f", edge, before["web"] ?? "");
    docker("network", "rm", edge);

    const planned = await planFixture(place, fixturePorts());
    const seen = await status(place, fixturePorts());
    await expect(start(place, fixturePorts())).rejects.toThrow(/^store is not attached to the network .*, and 1 more$/);
    await installFixture(place, fixturePorts());
    const after = await containerIds(place.name);

    expect(planned.changes.filter((change) => change.action !== "unchanged")).toEqual([
      { subject: "component", id: "store", action: "recreate", reasons: [`it is not attached to the network ${data}`] },
      { subject: "component", id: "web", action: "recreate", reasons: [`it is not attached to the network ${edge}`] },
    ]);
    expect(seen.components.flatMap(({ drift }) => drift)).toHaveLength(2);
    expect([after["store"] === before["store"], after["web"] === before["web"]]).toEqual([false, false]);
    expect(after["app"]).toBe(before["app"]);
    expect((await installFixture(place, fixturePorts())).changed).toBe(false);
  });

  test("removes a component that is switched off, and its files", async () => {
    await installFixture(place, fixturePorts());
    const result = await installFixture({ ...place, withoutWeb: true }, fixturePorts());

    expect(Object.keys(await containerIds(place.name)).sort()).toEqual(["app", "store"]);
    expect(existsSync(join(place.stateDir, "live/files/web"))).toBe(false);
    expect(result.notInstalled.map(({ component }) => component)).toEqual(["web"]);
    expect((await installFixture({ ...place, withoutWeb: true }, fixturePorts())).changed).toBe(false);
  });

  test("repairs what was removed or stopped by hand", async () => {
    await installFixture(place, fixturePorts());
    const ids = await containerIds(place.name);
    await fixturePorts().docker.removeContainer(ids["web"] ?? "");
    await killByHand(place.name, "app");
    const broken = await status(place, fixturePorts());
    await installFixture(place, fixturePorts());

    expect(broken.components.map(({ id, state }) => [id, state])).toEqual([
      ["store", "running"],
      ["app", "exited"],
      ["web", "missing"],
    ]);
    expect(broken.overall).toBe("degraded");
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
  });

  test("installs only the plan that was agreed", async () => {
    const agreed = await planFixture(place, fixturePorts());
    const other = { ...place, greeting: "other", request: { planHash: agreed.hash } };

    await expect(installFixture(other, fixturePorts())).rejects.toMatchObject({ code: "PLAN_CHANGED" });
    expect(await engineObjects(place.name)).toEqual([]);
    expect(existsSync(place.stateDir)).toBe(false);
    expect(await installFixture({ ...place, request: { planHash: agreed.hash } }, fixturePorts())).toMatchObject({
      changed: true,
      planHash: agreed.hash,
    });
  });

  test("changes nothing in a dry run", async () => {
    const result = await installFixture({ ...place, request: { dryRun: true } }, fixturePorts());

    expect(result.changes.map(({ id, action }) => `${action} ${id}`)).toContain("create store");
    expect(await engineObjects(place.name)).toEqual([]);
    expect(existsSync(place.stateDir)).toBe(false);
  });

  test("keeps secrets and configuration to root and to the uid that reads them", async () => {
    await installFixture(place, fixturePorts());
    const of = (path: string): readonly [number, number] => {
      const found = statSync(join(place.stateDir, path));
      return [found.mode & 0o777, found.uid];
    };

    expect(of("")).toEqual([0o700, process.getuid?.()]);
    expect(of("secrets")).toEqual([0o700, process.getuid?.()]);
    expect(of("secrets/store-password")).toEqual([0o400, process.getuid?.()]);
    expect(of("live/files/store/etc/store/password")).toEqual([0o400, 20001]);
    expect(of("live/files/web/etc/web")).toEqual([0o700, process.getuid?.()]);
  });
});

describe("the installed platform", () => {
  test("stops, starts and restarts in order", async () => {
    await installFixture(place, fixturePorts());
    const stopped = await stop(place, fixturePorts());
    const whileStopped = await status(place, fixturePorts());
    const planned = await planFixture(place, fixturePorts());
    await expect(verify(place, fixturePorts())).rejects.toMatchObject({
      code: "WIRE_FAILED",
      message: "the platform is stopped",
    });
    const started = await start(place, fixturePorts());
    const restarted = await restart({ ...place, components: ["app"] }, fixturePorts());

    expect(stopped.components.map(({ id }) => id).indexOf("app")).toBeLessThan(
      stopped.components.map(({ id }) => id).indexOf("store"),
    );
    expect(whileStopped.overall).toBe("stopped");
    expect(planned.changes.find(({ id }) => id === "app")?.reasons).toEqual(["it is stopped"]);
    expect(started.components.map(({ id }) => id).indexOf("store")).toBeLessThan(
      started.components.map(({ id }) => id).indexOf("app"),
    );
    expect(restarted.components).toEqual([{ id: "app", changed: true }]);
    expect((await status(place, fixturePorts())).overall).toBe("healthy");
    expect((await installFixture(place, fixturePorts())).changed).toBe(false);
  });

  test("hands out logs and secrets of what is installed, and refuses unknown names", async () => {
    await installFixture(place, fixturePorts());
    const lines: string[] = [];
    const request = {
      ...place,
      follow: false,
      tail: 10,
      onLine: (id: string, line: string) => lines.push(`${id}: ${line}`),
    };
    await logs({ ...request, components: ["app"] }, fixturePorts());

    expect(lines).toEqual(["app: app says hello"]);
    await expect(logs({ ...request, components: ["nobody"] }, fixturePorts())).rejects.toMatchObject({ code: "USAGE" });
    expect((await showSecret({ ...place, secret: "store-password" }, fixturePorts())).value).toBe(
      readSecretFiles(place.stateDir)["store-password"],
    );
    await expect(showSecret({ ...place, secret: "app-key" }, fixturePorts())).rejects.toMatchObject({ code: "USAGE" });
  });

  test("uninstalls without its data and comes back with it", async () => {
    await installFixture(place, fixturePorts());
    const secrets = readSecretFiles(place.stateDir);
    const result = await uninstall({ ...place, purge: false }, fixturePorts());
    const left = await engineObjects(place.name);
    const again = await installFixture(place, fixturePorts());

    expect(left).toEqual([`${place.name}_store-data`]);
    expect(result.kept).toEqual({ volumes: left, strangers: [], stateDir: place.stateDir });
    expect(again.changed).toBe(true);
    expect(readSecretFiles(place.stateDir)).toEqual(secrets);
  });

  test("is gone without a trace after a purge, which needs the name", async () => {
    await installFixture(place, fixturePorts());

    await expect(uninstall({ ...place, purge: true }, fixturePorts())).rejects.toMatchObject({ code: "USAGE" });
    const result = await uninstall({ ...place, purge: true, confirmedName: place.name }, fixturePorts());
    const again = await uninstall({ ...place, purge: true, confirmedName: place.name }, fixturePorts());

    expect(result.removed.volumes).toEqual([`${place.name}_store-data`]);
    expect(await engineObjects(place.name)).toEqual([]);
    expect(existsSync(place.stateDir)).toBe(false);
    expect(again.removed).toEqual({ containers: [], networks: [], volumes: [], directories: [] });
  });

  test("purges nothing that the records at hand do not belong to", async () => {
    await installFixture(place, fixturePorts());
    const elsewhere = { ...place, stateDir: `${place.stateDir}-other` };
    const otherName = `${place.name}x`;

    await expect(
      uninstall({ ...elsewhere, purge: true, confirmedName: place.name }, fixturePorts()),
    ).rejects.toMatchObject({ code: "USAGE", details: [`${place.name}_store-data`] });
    await expect(
      uninstall({ ...place, name: otherName, purge: true, confirmedName: otherName }, fixturePorts()),
    ).rejects.toMatchObject({ code: "USAGE" });

    expect(await status(place, fixturePorts())).toMatchObject({ overall: "healthy" });
    expect(Object.keys(readSecretFiles(place.stateDir))).toContain("store-password");
  });

  test("removes no container that the records at hand do not speak of, unless its name is typed", async () => {
    await installFixture(place, fixturePorts());
    const elsewhere = { ...place, stateDir: `${place.stateDir}-other`, purge: false };

    await expect(uninstall(elsewhere, fixturePorts())).rejects.toMatchObject({ code: "USAGE" });
    await expect(uninstall({ ...elsewhere, confirmedName: "other" }, fixturePorts())).rejects.toMatchObject({
      code: "USAGE",
    });
    expect(await status(place, fixturePorts())).toMatchObject({ overall: "healthy" });
    const result = await uninstall({ ...elsewhere, confirmedName: place.name }, fixturePorts());

    expect(result.removed.containers).toHaveLength(3);
    expect((await installFixture(place, fixturePorts())).changed).toBe(true);
  });

  test("keeps data below a directory of the host, which a purge removes and an uninstall does not", async () => {
    const dataDir = join(place.stateDir, "..", "data");
    await installFixture({ ...place, dataDir }, fixturePorts());
    const password = readFileSync(join(dataDir, "store-data/password"), "utf8");
    await uninstall({ ...place, purge: false }, fixturePorts());
    const again = await installFixture({ ...place, dataDir }, fixturePorts());
    const result = await uninstall({ ...place, purge: true, confirmedName: place.name }, fixturePorts());

    expect(statSync(dataDir).isDirectory()).toBe(true);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    expect(again.changed).toBe(true);
    expect(result.removed.directories).toEqual([join(dataDir, "store-data"), place.stateDir]);
    expect(existsSync(join(dataDir, "store-data"))).toBe(false);
  });

  test("purges data below a directory of the host that a cut-off install never recorded", async () => {
    const dataDir = join(place.stateDir, "..", "data");
    await installFixture({ ...place, dataDir }, fixturePorts());
    rmSync(join(place.stateDir, "applied.json"));

    const result = await uninstall({ ...place, purge: true, confirmedName: place.name }, fixturePorts());

    expect(result.removed.directories).toEqual([join(dataDir, "store-data"), place.stateDir]);
    expect(existsSync(join(dataDir, "store-data"))).toBe(false);
  });
});
