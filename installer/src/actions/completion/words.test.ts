import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { words } from "./words.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-words-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("words for completion", () => {
  test("are those of the install", async () => {
    const ports = { ...fixturePorts(), target: createMemoryTarget().target };
    const place = { name: "p", stateDir: join(folder, "p") };
    await installFixture(place, ports);
    mkdirSync(join(folder, "no-install"));
    const ask = (of: Parameters<typeof words>[0]["of"]) => words({ ...place, of, installsIn: folder }, ports);

    expect(await ask("installs")).toEqual(["p"]);
    expect(await ask("secrets")).toEqual(expect.arrayContaining(["store-password", "web-tls"]));
    expect(await ask("jobs")).toEqual(["prepare"]);
    expect(await ask("logins")).toEqual(["keeper", "reader"]);
    expect(await ask("addresses")).toEqual(["web"]);
    expect(await ask("revisions")).toEqual(["1"]);
    expect(await ask("topics")).toEqual(expect.arrayContaining(["postgres.resources.memory", "USAGE", "live.drift"]));
  });

  test("are none where nothing can be read", async () => {
    const ports = { ...fixturePorts(), target: createMemoryTarget().target };
    const nowhere = { name: "p", stateDir: join(folder, "none"), installsIn: join(folder, "none") };

    expect(await words({ ...nowhere, of: "secrets" }, ports)).toEqual([]);
    expect(await words({ ...nowhere, of: "installs" }, ports)).toEqual([]);
  });
});
