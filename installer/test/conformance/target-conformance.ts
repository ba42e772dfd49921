import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ActionPorts } from "../../src/actions/context.ts";
import { restart, start, stop } from "../../src/actions/lifecycle/lifecycle.ts";
import { logs } from "../../src/actions/logs/logs.ts";
import { status } from "../../src/actions/status/status.ts";
import { uninstall } from "../../src/actions/uninstall/uninstall.ts";
import { openInstall } from "../../src/execute/state/install.ts";
import type { LivePlatform } from "../../src/targets/live-platform.ts";
import { type FixtureOptions, fixturePlan, fixtureProbe } from "../support/fixture-plan.ts";
import { installFixture, planFixture } from "../support/fixture-install.ts";

/** Writes on both outputs, and fails. */
export const talkingProgram: readonly string[] = ["sh", "-c", "echo one; echo no >&2; echo two; exit 3"];

/** A target with an empty place on it, and what happens to platforms behind a program's back. */
export interface ConformanceWorld {
  readonly ports: ActionPorts;
  readonly place: { readonly name: string; readonly stateDir: string };
  /** Lets units of the fixture do what these options make them do, where the target does not run them for real. */
  behave(options: Partial<FixtureOptions>): void;
  /** Takes away what runs of a component. */
  loseService(component: string): Promise<void>;
  /** Takes the data out of a store, `component/volume`, and leaves the store. */
  emptyStore(store: string): Promise<void>;
  /** What a component finds in its folder of notices, by name; `path` is where it takes them. */
  readNotices(component: string, path: string): Promise<Readonly<Record<string, string>>>;
  /** Adds something that bears the install's name and is nobody's; gives its name. */
  addStranger(): Promise<string>;
  dispose(): Promise<void>;
}

/**
 * What every target must do, whatever it is made of. The fixture is a store with data, a job that prepares it, a service that needs
 * both, and one that needs neither.
 */
export function describeTarget(name: string, open: () => Promise<ConformanceWorld>): void {
  describe(`the target ${name}`, () => {
    let world: ConformanceWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(async () => {
      await world.dispose();
    });

    const install = (options: Partial<FixtureOptions> = {}, request: object = {}) => {
      world.behave(options);
      return installFixture({ ...world.place, ...options, request }, world.ports);
    };
    const look = async (): Promise<LivePlatform> =>
      world.ports.target.observe(await openInstall(world.place, world.ports.fs), {
        components: ["store", "app", "web"],
        images: [],
      });
    const idsOf = async (): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries([...(await look()).services].map(([component, { id }]) => [component, id]));

    test("says what it is, and renders the same plan to the same units", async () => {
      const { target } = world.ports;
      const facts = await target.facts();
      const plan = fixturePlan({ ...world.place, name: "p" });
      const [once, again] = [await target.render(plan, facts), await target.render(plan, facts)];
      const other = await target.render(fixturePlan({ ...world.place, name: "p", greeting: "good day" }), facts);
      const specs = (rendering: typeof once) => rendering.units.map(({ id, specHash }) => [id, specHash]);

      expect(facts.platform).toMatch(/^linux\//);
      expect((await target.dataPlace()) ?? "/").toMatch(/^\//);
      expect(specs(again)).toEqual(specs(once));
      expect(once.units.map(({ id, role }) => `${id} ${role}`)).toEqual([
        "store service",
        "app service",
        "web service",
        "prepare job",
        "store-console job",
      ]);
      expect(specs(other).filter((spec, index) => spec[1] !== specs(once)[index]?.[1])).toEqual([
        ["app", expect.any(String)],
      ]);
      expect(once.stores).toMatchObject([{ component: "store", volume: "data", marker: "initialised" }]);
    });

    test("brings everything up, and has nothing to do the second time", async () => {
      const first = await install();
      const ids = await idsOf();
      const planned = await planFixture(world.place, world.ports);
      const second = await install();

      expect(first).toMatchObject({ changed: true, release: 1 });
      expect(planned.changed).toBe(false);
      expect(second).toMatchObject({ changed: false, release: 1, planHash: planned.hash });
      expect(await idsOf()).toEqual(ids);
      expect(await status(world.place, world.ports)).toMatchObject({ overall: "healthy", foreign: [] });
      expect([...(await look()).stores]).toEqual([["store/data", expect.objectContaining({ ours: true })]]);
      expect(await world.ports.target.installs()).toContainEqual(
        expect.objectContaining({ name: world.place.name, services: 3, running: 3, stores: 1 }),
      );
    });

    test("makes anew what was changed and nothing else, and repeats no job", async () => {
      await install();
      const before = await idsOf();
      const { jobs } = (await openInstall(world.place, world.ports.fs)).applied;
      const result = await install({ greeting: "good day" });
      const after = await idsOf();

      expect(result).toMatchObject({ changed: true, release: 2 });
      expect(after["app"]).not.toBe(before["app"]);
      expect({ ...after, app: "" }).toEqual({ ...before, app: "" });
      expect((await openInstall(world.place, world.ports.fs)).applied.jobs).toEqual(jobs);
    });

    test("lets a service read a secret that was changed", async () => {
      await install();
      const result = await install({ given: "given-anew" });

      expect(result.changed).toBe(true);
      expect((await install({ given: "given-anew" })).changed).toBe(false);
    });

    test("takes secrets that replace others to the store that has one among its data, and to whatever reads them", async () => {
      await install();
      const result = await install({}, { rotate: ["store-password"] });

      expect(result.changed).toBe(true);
      // The store serves nobody who has another password than it was set up with, but for the former one.
      expect(await status(world.place, world.ports)).toMatchObject({ overall: "healthy" });
      expect((await install()).changed).toBe(false);
    });

    test("removes a service that is switched off and keeps the rest", async () => {
      await install();
      const before = await idsOf();
      await install({ withoutWeb: true });
      const after = await idsOf();

      expect(after).toEqual({ store: before["store"], app: before["app"] });
      expect((await install({ withoutWeb: true })).changed).toBe(false);
    });

    test("sees what is gone, and makes it again", async () => {
      await install();
      await world.loseService("app");
      const seen = await status(world.place, world.ports);
      const planned = await planFixture(world.place, world.ports);
      await install();

      expect(seen.overall).toBe("degraded");
      expect(seen.components.map(({ id, state }) => [id, state])).toContainEqual(["app", "missing"]);
      expect(planned.changes.filter(({ action }) => action !== "unchanged")).toEqual([
        { subject: "component", id: "app", action: "create", reasons: ["its container is gone"] },
      ]);
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
    });

    test("stops, starts and restarts in the order of what needs what", async () => {
      await install();
      const ids = await idsOf();
      const stopped = await stop(world.place, world.ports);
      const down = await status(world.place, world.ports);
      const started = await start(world.place, world.ports);
      const restarted = await restart({ ...world.place, components: ["app"] }, world.ports);
      const order = (result: typeof stopped) => result.components.map(({ id }) => id).filter((id) => id !== "web");

      expect([order(stopped), order(started)]).toEqual([
        ["app", "store"],
        ["store", "app"],
      ]);
      expect(down.overall).toBe("stopped");
      expect(restarted.components).toEqual([{ id: "app", changed: true }]);
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
      expect(await idsOf()).toEqual(ids);
    });

    test("hands out the last lines of a service", async () => {
      await install();
      const lines: string[] = [];
      const onLine = (component: string, line: string): void => void lines.push(`${component}: ${line}`);
      await logs({ ...world.place, components: ["app"], follow: false, tail: 1, onLine }, world.ports);

      expect(lines).toEqual(["app: app says hello"]);
    });

    test("runs a program in a service, with its status", async () => {
      await install();
      const before = await idsOf();
      const app = (await look()).services.get("app");
      const { target } = world.ports;
      if (app === undefined) throw new Error("app is not there");
      const statuses = [await target.exec(app, ["sh", "-c", "exit 0"]), await target.exec(app, ["sh", "-c", "exit 3"])];

      expect(statuses).toEqual([0, 3]);
      expect(await idsOf()).toEqual(before);
    });

    test("asks a program in a service: what it says, without what it complains of, and its status", async () => {
      await install();
      const app = (await look()).services.get("app");
      if (app === undefined) throw new Error("app is not there");

      expect(await world.ports.target.ask(app, talkingProgram)).toEqual({ exitCode: 3, lines: ["one", "two"] });
    });

    test("asks a program in every copy of a component, and nobody where none runs", async () => {
      await install();
      const opened = await openInstall(world.place, world.ports.fs);
      const { target } = world.ports;
      const answers = await target.askCopies(opened, "app", talkingProgram);
      const app = (await look()).services.get("app");
      if (app === undefined) throw new Error("app is not there");

      expect(answers).toEqual([{ name: app.name, exitCode: 3, lines: ["one", "two"] }]);
      expect(await target.askCopies(opened, "nobody", talkingProgram)).toEqual([]);
    });

    test("tells every copy of a component, and what became of it", async () => {
      await install();
      const opened = await openInstall(world.place, world.ports.fs);
      const { target } = world.ports;
      const copies = await target.copies(opened);
      const lines: string[] = [];
      for (const copy of copies.filter(({ component }) => component === "app")) {
        const options = { follow: false, tail: -1, since: "1h", onLine: (line: string) => void lines.push(line) };
        await target.logs(copy, options, world.ports.signal);
      }

      expect(copies.map(({ component, phase, restarts }) => [component, phase, restarts])).toEqual([
        ["app", "running", 0],
        ["store", "running", 0],
        ["web", "running", 0],
      ]);
      expect(lines).toEqual(["app says hello"]);
      expect(await target.copies({ ...opened, name: `${opened.name}-other` })).toEqual([]);
    });

    test("runs a console with arguments, with its status, and leaves nothing of it", async () => {
      await install();
      const before = await look();
      const opened = await openInstall(world.place, world.ports.fs);
      const run = (script: string) =>
        world.ports.target.openConsole(opened, { job: "store-console", args: ["keeper", "sh", "-c", script] });
      const statuses = [await run("exit 0"), await run("exit 3")];
      const after = await look();

      expect(statuses).toEqual([0, 3]);
      expect(after.trace).toEqual(before.trace);
      expect(after.hasLeftovers).toBe(false);
      expect((await world.ports.target.remains(opened)).workloads).toHaveLength(3);
    });

    test("puts notices where a service reads them, in place of those before, and changes nothing by it", async () => {
      const notices = "/run/notices";
      await install({ notices });
      const before = await look();
      const opened = await openInstall(world.place, world.ports.fs);
      const put = async (...texts: readonly (readonly [string, string])[]) => {
        await world.ports.target.putNotices(opened, "web", new Map(texts));
        return world.readNotices("web", notices);
      };
      const [one, two] = [await put(["a", "1\n"], ["b", "2\n"]), await put(["b", "3\n"])];
      const again = await install({ notices });

      expect([one, two]).toEqual([{ a: "1\n", b: "2\n" }, { b: "3\n" }]);
      expect(again.changed).toBe(false);
      expect(await world.readNotices("web", notices)).toEqual({ b: "3\n" });
      expect((await look()).trace).toEqual(before.trace);
      expect(await put()).toEqual({});
    });

    test("runs a job when asked, also with other arguments, tells its status and lines, and leaves nothing of it", async () => {
      await install({ jobFails: false });
      const before = await look();
      const opened = await openInstall(world.place, world.ports.fs);
      const io = { report: () => undefined, signal: world.ports.signal, redact: (line: string) => line };
      const run = { id: "prepare", title: "Prepare the store", limitSeconds: 30 };
      const ended = await world.ports.target.runJob(opened, run, io);
      const lines: string[] = [];
      const onLine = (line: string): void => void lines.push(line);
      const probed = await world.ports.target.runJob(opened, { ...run, arguments: fixtureProbe, onLine }, io);
      const again = await world.ports.target.runJob(opened, run, io);

      expect([ended, probed, again]).toEqual([0, 4, 0]);
      expect(lines).toEqual(["probed"]);
      expect((await look()).trace).toEqual(before.trace);
    });

    test("names a job that fails; what needs it does not run, and the next run goes on", async () => {
      const failing = install({ jobFails: true });

      await expect(failing).rejects.toMatchObject({
        code: "APPLY_FAILED",
        message: "the job prepare (Prepare the store) failed with exit status 3",
      });
      expect((await look()).services.get("app")?.phase).not.toBe("running");
      expect(await status(world.place, world.ports)).toMatchObject({ overall: "incomplete" });
      expect(await install()).toMatchObject({ changed: true });
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
    });

    test("shows a change that did not end well over one that did", async () => {
      await install();
      await expect(install({ appFails: true })).rejects.toMatchObject({ code: "APPLY_FAILED" });
      const seen = await status(world.place, world.ports);
      await stop(world.place, world.ports);
      const stopped = await status(world.place, world.ports);
      await install();

      expect(seen.overall).toBe("incomplete");
      expect(seen.changeSince).toMatch(/^\d{4}-/);
      expect(stopped.overall).toBe("incomplete");
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
    });

    test("does not start on a store whose data is gone, unless told, and repeats what prepared it", async () => {
      await install();
      await stop(world.place, world.ports);
      await world.emptyStore("store/data");

      await expect(install()).rejects.toMatchObject({ code: "DATA_EXPECTED" });
      expect(await install({}, { acceptDataLoss: ["store"] })).toMatchObject({ changed: true });
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
    });

    test("keeps data when it is uninstalled, and takes it up again", async () => {
      await install();
      const removed = await uninstall({ ...world.place, purge: false }, world.ports);
      const left = await look();
      const again = await install();

      expect(removed.removed.containers).toHaveLength(3);
      expect(left.services.size).toBe(0);
      expect([...left.stores.keys()]).toEqual(["store/data"]);
      expect(again.changed).toBe(true);
    });

    test("leaves nothing after a purge but what strangers made", async () => {
      await install();
      const stranger = await world.addStranger();
      const seen = await status(world.place, world.ports);
      const request = { ...world.place, purge: true, confirmedName: world.place.name };
      const result = await uninstall(request, world.ports);
      const left = await look();

      expect(seen.foreign).toEqual([stranger]);
      expect(result.kept.strangers).toEqual([stranger]);
      expect([left.services.size, left.stores.size]).toEqual([0, 0]);
      expect(left.foreign).toEqual([stranger]);
    });

    test("takes nothing for its own that another install made", async () => {
      await install();
      const elsewhere = { ...world.place, stateDir: `${world.place.stateDir}-other` };

      await expect(uninstall({ ...elsewhere, purge: false }, world.ports)).rejects.toMatchObject({ code: "USAGE" });
      await expect(installFixture(elsewhere, world.ports)).rejects.toMatchObject({ code: "DATA_EXPECTED" });
      expect((await status(world.place, world.ports)).overall).toBe("healthy");
    });
  });
}
