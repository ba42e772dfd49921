import { describe, expect, it } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import type { RunSetup } from "../testing/prepare-run.ts";
import type { Prompts } from "../ui/prompts.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

describe("uninstall", () => {
  const remains = { containers: 1, networks: 2, volumes: 1, state: true };
  const uninstall: Partial<Engine> = {
    findRemains: () => Promise.resolve(remains),
    uninstall: (request) =>
      Promise.resolve({
        apiVersion,
        kind: "UninstallResult",
        name: request.name,
        purged: request.purge,
        removed: { containers: ["a"], networks: [], volumes: [], directories: [] },
        kept: { volumes: ["slipway_redis-data"], strangers: [], stateDir: "/state" },
      }),
  };
  const answering = (answers: Partial<Prompts>): RunSetup => ({
    prompts: { available: true, ...answers } as Prompts,
  });

  it("keeps data, and needs a yes", async () => {
    const run = await cli("uninstall --yes", uninstall);

    expect(run.requests["uninstall"]).toEqual([expect.objectContaining({ purge: false })]);
    expect(run.stdout()).toContain("kept: 1 volumes with data (slipway_redis-data)");
  });

  it.each(["uninstall", "uninstall --purge", "uninstall --purge --yes"])(
    "ends `%s` with 10 and does nothing when nobody can be asked",
    async (line) => {
      const run = await cli(line, uninstall);

      expect(run.status).toBe(10);
      expect(run.stderr()).toMatch(/hint: give --yes/);
      expect(run.requests["uninstall"]).toBeUndefined();
    },
  );

  it.each(["uninstall", "uninstall --purge", "uninstall --purge --yes-i-mean slipway"])(
    "looks first: `%s` says that nothing is installed and asks nothing",
    async (line) => {
      const none = { containers: 0, networks: 0, volumes: 0, state: false };
      const run = await cli(line, { ...uninstall, findRemains: () => Promise.resolve(none) });

      expect([run.status, run.requests["uninstall"]]).toEqual([0, undefined]);
      expect(run.stdout()).toBe("nothing named slipway is installed; nothing was removed\n");
    },
  );

  it("refuses a name that is not the install's before it looks", async () => {
    const run = await cli("uninstall --yes-i-mean other", uninstall);

    expect([run.status, run.requests["findRemains"]]).toEqual([2, undefined]);
  });

  it("asks with what it found", async () => {
    const asked: string[] = [];
    const confirm = (message: string) => Promise.resolve(asked.push(message) > 0);
    await cli("uninstall", uninstall, answering({ confirm }));

    expect(asked).toEqual(['Remove 1 containers and 2 networks of "slipway"? Its data stays.']);
  });

  it("purges with the name given, and refuses another name", async () => {
    const right = await cli("uninstall --purge --yes-i-mean slipway", uninstall);
    const wrong = await cli("uninstall --purge --yes-i-mean other", uninstall);

    expect(right.requests["uninstall"]?.[0]).toMatchObject({ purge: true, confirmedName: "slipway" });
    expect(wrong.status).toBe(2);
  });

  it("purges when the name is typed, and stops when it is not", async () => {
    const right = await cli("uninstall --purge", uninstall, answering({ input: () => Promise.resolve("slipway") }));
    const wrong = await cli("uninstall --purge", uninstall, answering({ input: () => Promise.resolve("yes") }));

    expect(right.status).toBe(0);
    expect([wrong.status, wrong.requests["uninstall"]]).toEqual([10, undefined]);
  });

  it("stops when the question is declined", async () => {
    const run = await cli("uninstall", uninstall, answering({ confirm: () => Promise.resolve(false) }));

    expect([run.status, run.requests["uninstall"]]).toEqual([10, undefined]);
  });

  it("does not take --keep-data and --purge together", async () => {
    expect((await cli("uninstall --keep-data --purge", uninstall)).status).toBe(2);
  });
});
