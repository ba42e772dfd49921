import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import type { Plan } from "../../plan/model.ts";
import { stop } from "../lifecycle/lifecycle.ts";
import { openConsole } from "./console.ts";
import { exec } from "./exec.ts";
import { open } from "./open.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-access-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** A small platform that is up. */
async function installed() {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "p") };
  await installFixture(place, ports);
  return { world, ports, place };
}

/** Changes the recorded plan, as another choice of values would have made it. */
function replan(stateDir: string, change: (plan: Plan) => object): void {
  const file = join(stateDir, "plan.json");
  const plan = JSON.parse(readFileSync(file, "utf8")) as Plan;
  writeFileSync(file, JSON.stringify({ ...plan, ...change(plan) }));
}

describe("exec", () => {
  test("runs a program in a component, and gives its status", async () => {
    const { world, ports, place } = await installed();

    expect(await exec({ ...place, component: "app", command: ["sh", "-c", "exit 3"] }, ports)).toEqual({ status: 3 });
    expect(world.programsRun).toEqual([["app", "sh", "-c", "exit 3"]]);
  });

  test("opens a shell where no program is named", async () => {
    const { world, ports, place } = await installed();
    await exec({ ...place, component: "app", command: [] }, ports);

    expect(world.programsRun[0]?.slice(0, 3)).toEqual(["app", "sh", "-c"]);
  });

  test("names the components where there is none of that name", async () => {
    const { ports, place } = await installed();

    expect(await errorOf(() => exec({ ...place, component: "ap", command: [] }, ports))).toMatchObject({
      code: "USAGE",
      message: "there is no component ap",
      hint: "did you mean app? components that run here are store, app, web",
    });
  });

  test("says of one that is external where it is, and what reaches it", async () => {
    const { ports, place } = await installed();
    const endpoint = { id: "sql", port: 5432, protocol: "postgres", tls: true, externalHost: "db.corp" };
    replan(place.stateDir, ({ components }) => ({
      components: components.map((row) =>
        row.id === "store" ? { ...row, presence: "external", workload: undefined, endpoints: [endpoint] } : row,
      ),
    }));

    expect(await errorOf(() => exec({ ...place, component: "store", command: [] }, ports))).toMatchObject({
      code: "USAGE",
      message: "store is external (db.corp:5432): nothing of it runs here",
      hint: "slipway psql works in it from inside the platform's network",
    });
  });

  test("says of one that is stopped or gone what brings it up", async () => {
    const { world, ports, place } = await installed();
    world.services.delete("web");
    await stop({ ...place, components: ["app"] }, ports);

    expect(await errorOf(() => exec({ ...place, component: "app", command: [] }, ports))).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "app does not run: it is stopped",
      hint: "slipway start app",
    });
    expect(await errorOf(() => exec({ ...place, component: "web", command: [] }, ports))).toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: "slipway install makes it again",
    });
  });

  test("is refused where nothing is installed", async () => {
    const ports = { ...fixturePorts(), target: createMemoryTarget().target };
    const request = { name: "p", stateDir: join(folder, "none"), component: "app", command: [] };

    expect(await errorOf(() => exec(request, ports))).toMatchObject({ code: "PREFLIGHT_FAILED" });
  });
});

describe("consoles", () => {
  test("open with every right, or as whom the person says", async () => {
    const { world, ports, place } = await installed();
    await openConsole({ ...place, kind: "sql", args: ["hub"] }, ports);
    await openConsole({ ...place, kind: "sql", login: "reader", args: [] }, ports);

    expect(world.programsRun).toEqual([
      ["store-console", "keeper", "hub"],
      ["store-console", "reader"],
    ]);
  });

  test("work on what is external, whatever runs here", async () => {
    const { world, ports, place } = await installed();
    replan(place.stateDir, ({ components }) => ({
      components: components.map((row) =>
        row.id === "store" ? { ...row, presence: "external", workload: undefined } : row,
      ),
    }));
    world.services.delete("store");

    expect(await openConsole({ ...place, kind: "sql", args: ["exit 5"] }, ports)).toEqual({ status: 5 });
  });

  test("say what is stopped, whom they know, and what there is instead", async () => {
    const { ports, place } = await installed();
    const refused = (request: { readonly login?: string; readonly kind: "sql" | "objects" }) =>
      errorOf(() => openConsole({ ...place, args: [], ...request }, ports));

    expect(await refused({ kind: "sql", login: "nobody" })).toMatchObject({
      code: "USAGE",
      hint: "logins are keeper, reader",
    });
    expect(await refused({ kind: "objects" })).toMatchObject({ code: "USAGE", hint: "there are slipway psql" });
    await stop(place, ports);
    expect(await refused({ kind: "sql" })).toMatchObject({ code: "PREFLIGHT_FAILED", hint: "slipway start store" });
  });

  test("of a platform that an earlier version installed are made by an install", async () => {
    const { ports, place } = await installed();
    replan(place.stateDir, ({ components }) => ({
      components: components.map((row) => ({ ...row, console: undefined })),
    }));

    expect(await errorOf(() => openConsole({ ...place, kind: "sql", args: [] }, ports))).toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: "slipway install adds them; slipway plan shows what else it changes",
    });
  });

  test("write a file only when the program ended well", async () => {
    const { ports, place } = await installed();
    const output = join(folder, "file");
    writeFileSync(output, "before");
    const target = {
      ...ports.target,
      openConsole: (
        _install: unknown,
        run: { readonly output?: string | undefined; readonly args: readonly string[] },
      ) => {
        writeFileSync(run.output ?? "", "half");
        return Promise.resolve(run.args.includes("fails") ? 6 : 0);
      },
    };
    const get = async (args: readonly string[]) => {
      await openConsole({ ...place, kind: "sql", args, output }, { ...ports, target });
      return readFileSync(output, "utf8");
    };

    expect([await get(["fails"]), await get([])]).toEqual(["before", "half"]);
    expect(() => readFileSync(`${output}.partial`)).toThrow("ENOENT");
  });
});

describe("open", () => {
  const browser = (works: boolean) => {
    const asked: string[] = [];
    return { asked, open: (url: string) => Promise.resolve(asked.push(url) > 0 && works) };
  };

  test("hands the platform's page to the browser", async () => {
    const { ports, place } = await installed();
    const screen = browser(true);

    expect(await open({ ...place, print: false }, { ...ports, browser: screen })).toMatchObject({
      kind: "OpenResult",
      opened: "http://localhost",
      urls: [{ component: "web" }],
    });
    expect(screen.asked).toEqual(["http://localhost"]);
  });

  test("tells the addresses where there is no screen, or only they are wanted", async () => {
    const { ports, place } = await installed();
    const screen = browser(false);
    const without = await open({ ...place, print: false }, { ...ports, browser: screen });
    const printed = await open({ ...place, print: true }, { ...ports, browser: screen });

    expect(without).not.toHaveProperty("opened");
    expect(printed.urls).toEqual(without.urls);
    expect(screen.asked).toHaveLength(1);
  });

  test("names what has an address", async () => {
    const { ports, place } = await installed();
    const ask = () => open({ ...place, component: "store", print: true }, { ...ports, browser: browser(true) });

    expect(await errorOf(ask)).toMatchObject({
      code: "USAGE",
      message: "store has no address to open",
      hint: "addresses have web",
    });
  });
});
