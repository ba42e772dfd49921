import { describe, expect, it } from "vitest";
import type { FakeProject, HarborState } from "../../../test/stand-ins/harbor/state.ts";
import { syntheticBytes } from "../../../test/stand-ins/registry/synthetic-image.ts";
import {
  signal,
  repositories,
  robot,
  setUp,
  planOf,
  prepareAll,
  failures,
  warnings,
  messageOf,
  closeHarbors,
} from "./testing/harbor-world.ts";

closeHarbors();

describe("the quota of a project", () => {
  const small = { projects: [{ name: "ai-infra", hard: 100_000 }] };
  /** Three layers of 40 000 bytes, and two manifests. */
  const needed = 120_000 + planOf("", 80_000).images.reduce((sum, { root }) => sum + root.size, 0);

  it("is checked by logical size, before a byte is sent", async () => {
    // Three layers of 40 000 bytes: one is shared, and so counted once.
    const { harbor, findings } = await prepareAll({ harbor: small }, 80_000);

    expect(failures(findings)).toEqual(["harbor.quota"]);
    expect(messageOf(findings, "harbor.quota")).toMatch(
      /needs 118 KiB more, 20\.\d KiB more than is free of its quota of 97\.7 KiB/,
    );
    expect(harbor.uploads()).toEqual([]);
  });

  it("sets nothing up for a push that will not happen", async () => {
    const options = { immutable: true, retain: 3, robot };
    const { harbor, fs } = await prepareAll({ harbor: small, options }, 80_000);

    expect(harbor.changes()).toEqual([]);
    expect(fs.operations).toEqual([]);
  });

  it("is enough where it is", async () => {
    const { harbor, findings } = await prepareAll({ harbor: small }, 40_000);

    expect(failures(findings)).toEqual([]);
    expect(harbor.log.filter(({ target }) => target.startsWith("/v2/"))).toEqual([]);
  });

  it("does not count what is there from a push that was broken off", async () => {
    const { harbor, open } = await setUp({ harbor: small });
    harbor.state.store.addBlob(repositories[0] ?? "", syntheticBytes("shared", 40_000));
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const findings = await preparation.prepare(planOf(harbor.host, 80_000), { dryRun: false, signal });

    // 60 000 are free; 80 000 and the manifests are missing.
    expect(messageOf(findings, "harbor.quota")).toMatch(/needs 7[89]\.\d KiB more/);
  });

  describe("where another repository of the project has layers already", () => {
    const other = "ai-infra/tools/other";
    const start = async (hard: number, more: Parameters<typeof setUp>[0] = {}) => {
      const world = await setUp({ ...more, harbor: { ...more.harbor, projects: [{ name: "ai-infra", hard }] } });
      world.harbor.state.store.addBlob(other, syntheticBytes("shared", 40_000));
      world.harbor.state.store.addBlob(other, syntheticBytes("of its own", 10_000));
      world.harbor.state.store.addManifest(other, Buffer.from("{}"), "application/json", "1");
      const preparation = await world.open();
      const opened = await preparation.open?.(repositories, { dryRun: false, signal });
      const prepared = await preparation.prepare(planOf(world.harbor.host, 80_000), { dryRun: false, signal });
      return [...(opened?.findings ?? []), ...prepared];
    };

    it("is asked by tokens, and not by the password for each layer and repository", async () => {
      const world = await setUp({ harbor: { projects: [{ name: "ai-infra", hard: 125_000 }] } });
      const { store } = world.harbor.state;
      const others = Array.from({ length: 20 }, (_unused, n) => `ai-infra/tools/other-${n}`);
      for (const other of others) store.addManifest(other, Buffer.from("{}"), "application/json", "1");
      store.addBlob(others[0] ?? "", syntheticBytes("something else", 60_000));
      const preparation = await world.open();
      await preparation.open?.(repositories, { dryRun: true, signal });

      const findings = await preparation.prepare(planOf(world.harbor.host, 80_000), { dryRun: true, signal });

      expect(failures(findings)).toEqual(["harbor.quota"]);
      const questions = world.harbor.log.filter(
        ({ target }) => target.startsWith("/v2/") && target.includes("/blobs/"),
      );
      expect(questions.length).toBeGreaterThan(40);
      expect(questions.filter(({ authorization }) => authorization === "Basic")).toEqual([]);
      // One for the first repository that is pushed to, which no push asked for before: it is good for all of the project.
      expect(world.harbor.tokens()).toHaveLength(1);
    });

    it("does not count them a second time", async () => {
      // 50 000 of the 132 000 are used, 40 000 of them by the layer that is shared; 120 000 are to be there.
      const findings = await start(132_000);

      expect(failures(findings)).toEqual([]);
      expect(messageOf(findings, "harbor.quota")).toContain("39.1 KiB are there already");
    });

    it("is refused where it is too small without them, too", async () => {
      expect(failures(await start(125_000))).toEqual(["harbor.quota"]);
    });

    it("is a warning where only the manifests may make the difference", async () => {
      const findings = await start(130_100);

      expect(failures(findings)).toEqual([]);
      expect(warnings(findings)).toEqual(["harbor.quota"]);
      expect(messageOf(findings, "harbor.quota")).toContain("may be too small");
    });

    it("is a warning where they may not be seen", async () => {
      const rights = ["push", "project:read", "quota:read"];
      const robots = [{ name: "ci", secret: "s", project: "ai-infra", rights }];
      const findings = await start(132_000, { harbor: { robots }, user: "robot$ai-infra+ci", password: "s" });

      expect(failures(findings)).toEqual([]);
      expect(warnings(findings)).toEqual(["harbor.quota"]);
    });
  });

  it.each([true, false])("of a new project counts from the limit that was given (dry run: %s)", async (dryRun) => {
    const options = { immutable: false, storageLimit: 50_000 };
    const { harbor, findings } = await prepareAll({ options }, 80_000, dryRun);

    expect(failures(findings)).toEqual(["harbor.quota"]);
    expect(harbor.state.projects.has("ai-infra")).toBe(false);
  });

  it("that a robot account may not see is a warning", async () => {
    const robots = [{ name: "ci", secret: "s", project: "ai-infra", rights: ["push", "project:read"] }];
    const who = { user: "robot$ai-infra+ci", password: "s" };
    const { findings } = await prepareAll({ ...who, harbor: { ...small, robots } }, 80_000);

    expect(failures(findings)).toEqual([]);
    expect(warnings(findings)).toEqual(["harbor.quota"]);
  });

  it("that is short by one byte is told by that byte", async () => {
    const { findings } = await prepareAll({ harbor: { projects: [{ name: "ai-infra", hard: needed - 1 }] } }, 80_000);

    expect(failures(findings)).toEqual(["harbor.quota"]);
    expect(messageOf(findings, "harbor.quota")).toContain("1 B more than is free");
    expect(findings.find(({ id }) => id === "harbor.quota")?.remedy).toContain("by at least 1 B");
  });

  it("is enough to the byte", async () => {
    const { findings } = await prepareAll({ harbor: { projects: [{ name: "ai-infra", hard: needed }] } }, 80_000);

    expect(failures(findings)).toEqual([]);
  });

  it("is none where quotas are switched off, and a limit that was asked for is told as not given for that", async () => {
    const { findings } = await prepareAll({
      harbor: { quotasOn: false },
      options: { immutable: false, storageLimit: 1_000_000 },
    });

    expect(warnings(findings)).toEqual(["harbor.storage-limit"]);
    expect(messageOf(findings, "harbor.storage-limit")).toMatch(/: quotas are switched off in Harbor$/);
  });

  it("is none where quotas are switched off", async () => {
    const { findings } = await prepareAll({ harbor: { ...small, quotasOn: false } }, 80_000);

    expect(messageOf(findings, "harbor.quota")).toBe("the project ai-infra has no quota");
  });
});

describe("rules about tags", () => {
  it("are about the whole of a project that is new", async () => {
    const { harbor } = await prepareAll({ options: { immutable: true, retain: 3 } });

    const [rule] = harbor.state.projects.get("ai-infra")?.rules ?? [];
    expect(JSON.stringify(rule)).toContain('"decoration":"repoMatches","pattern":"**"');
    expect(JSON.stringify(harbor.state.retentions)).toContain('"latestPushedK":3');
  });

  it("are about our repositories only where others may have theirs", async () => {
    const options = { immutable: true, retain: 3 };
    const { harbor } = await prepareAll({ options, harbor: { projects: [{ name: "ai-infra" }] } });

    const pattern = '"pattern":"{library/redis,slipway/postgres}"';
    expect(JSON.stringify(harbor.state.projects.get("ai-infra")?.rules)).toContain(pattern);
    expect(JSON.stringify(harbor.state.retentions)).toContain(pattern);
  });

  it("are not made twice", async () => {
    const { harbor, open } = await setUp({ options: { immutable: true, retain: 3 } });
    for (let round = 0; round < 2; round += 1) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      await preparation.finish?.("complete", signal);
    }

    expect(harbor.state.projects.get("ai-infra")?.rules).toHaveLength(1);
    expect(harbor.state.retentions).toHaveLength(1);
  });

  it("are about the whole of a project that an earlier run made and did not fill", async () => {
    const { harbor, open } = await setUp({ options: { immutable: true, retain: 3 } });
    for (const complete of [false, true]) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      await preparation.finish?.(complete ? "complete" : "incomplete", signal);
    }

    const pattern = '"decoration":"repoMatches","pattern":"**"';
    expect(JSON.stringify(harbor.state.projects.get("ai-infra")?.rules)).toContain(pattern);
    expect(JSON.stringify(harbor.state.retentions)).toContain(pattern);
  });

  it.each<readonly [string, (state: HarborState, project: FakeProject) => void]>([
    [
      "was made again by others since",
      ({ projects }, project) => void projects.set("ai-infra", { ...project, id: 4711 }),
    ],
    [
      "others have used since",
      ({ store }) => void store.addManifest("ai-infra/theirs", Buffer.from("{}"), "application/json", "1"),
    ],
  ])("are about our repositories only in a project that %s", async (_what, change) => {
    const { harbor, open } = await setUp({ options: { immutable: true } });
    const run = async (complete: boolean) => {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      await preparation.finish?.(complete ? "complete" : "incomplete", signal);
    };
    await run(false);
    const project = harbor.state.projects.get("ai-infra");
    if (project !== undefined) change(harbor.state, project);

    await run(true);

    const rules = JSON.stringify(harbor.state.projects.get("ai-infra")?.rules);
    expect(rules).toContain('"repoMatches","pattern":"{library/redis,slipway/postgres}"');
  });

  describe("where there is a retention policy", () => {
    const again = async (
      first: number,
      second: number,
      change: (policy: Record<string, unknown>) => void = () => undefined,
    ) => {
      const { harbor, open } = await setUp({});
      const findings = [];
      for (const retain of [first, second]) {
        const preparation = await open({ immutable: false, retain });
        await preparation.open?.(repositories, { dryRun: false, signal });
        findings.push(...(await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal })));
        await preparation.finish?.("complete", signal);
        for (const { policy } of harbor.state.retentions) change(policy);
      }
      return findings.filter(({ id }) => id === "harbor.retention").at(-1);
    };

    it("that does just that, nothing is to be done", async () => {
      expect(await again(3, 3)).toMatchObject({
        severity: "ok",
        message: expect.stringContaining("the last 3 pushes of 2 repositories in ai-infra are kept already") as string,
      });
    });

    it.each<readonly [string, number, (policy: Record<string, unknown>) => void]>([
      ["keeps another number", 4, () => undefined],
      [
        "has a second rule",
        3,
        (policy) => (policy["rules"] as unknown[]).push({ ...(policy["rules"] as object[])[0] }),
      ],
      [
        "has none that is switched on",
        3,
        (policy) => Object.assign((policy["rules"] as object[])[0] ?? {}, { disabled: true }),
      ],
      [
        "keeps by another measure",
        3,
        (policy) => Object.assign((policy["rules"] as object[])[0] ?? {}, { template: "latestPulledN" }),
      ],
    ])("that %s, it is left as it is with a warning", async (_what, keep, change) => {
      expect(await again(3, keep, change)).toMatchObject({ severity: "warning" });
    });
  });

  it("leave a retention policy that is there as it is, and say so", async () => {
    const options = { immutable: false, retain: 3 };
    const { findings } = await prepareAll({ options, harbor: { projects: [{ name: "ai-infra", retentionId: 99 }] } });

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.retention", severity: "warning" }));
  });
});
