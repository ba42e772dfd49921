import { describe, expect, it } from "vitest";
import { syntheticBytes } from "../../../test/stand-ins/registry/synthetic-image.ts";
import {
  signal,
  repositories,
  robot,
  setUp,
  planOf,
  prepareBoth,
  failures,
  messageOf,
  closeHarbors,
} from "./testing/harbor-world.ts";

closeHarbors();

describe("the quota of a project", () => {
  const small = { projects: [{ name: "ai-infra", hard: 100_000 }] };

  it("is checked by logical size, before a byte is sent", async () => {
    // Three layers of 40 000 bytes: one is shared, and so counted once.
    const { harbor, findings } = await prepareBoth({ harbor: small }, 80_000);

    expect(failures(findings)).toEqual(["harbor.quota"]);
    expect(messageOf(findings, "harbor.quota")).toMatch(
      /needs 118 KiB more, but of its quota of 97\.7 KiB only 97\.7 KiB are free/,
    );
    expect(harbor.uploads()).toEqual([]);
  });

  it("sets nothing up for a push that will not happen", async () => {
    const options = { immutable: true, retain: 3, robot };
    const { harbor, fs } = await prepareBoth({ harbor: small, options }, 80_000);

    expect(harbor.changes()).toEqual([]);
    expect(fs.operations).toEqual([]);
  });

  it("is enough where it is", async () => {
    const { harbor, findings } = await prepareBoth({ harbor: small }, 40_000);

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

  it("of a new project counts from the limit that was given, also in a dry run", async () => {
    const options = { immutable: false, storageLimit: 50_000 };
    const { findings } = await prepareBoth({ options }, 80_000, true);

    expect(failures(findings)).toEqual(["harbor.quota"]);
  });

  it("that the user may not see is a warning", async () => {
    const users = { dev: { password: "dev", roles: { "ai-infra": "developer" as const } } };
    const { findings } = await prepareBoth({ user: "dev", password: "dev", harbor: { ...small, users } }, 80_000);

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.quota", severity: "warning" }));
  });

  it("is none where quotas are switched off", async () => {
    const { findings } = await prepareBoth({ harbor: { ...small, quotasOn: false } }, 80_000);

    expect(messageOf(findings, "harbor.quota")).toBe("the project ai-infra has no quota");
  });
});

describe("rules about tags", () => {
  it("are about the whole of a project that is new", async () => {
    const { harbor } = await prepareBoth({ options: { immutable: true, retain: 3 } });

    const [rule] = harbor.state.projects.get("ai-infra")?.rules ?? [];
    expect(JSON.stringify(rule)).toContain('"decoration":"repoMatches","pattern":"**"');
    expect(JSON.stringify(harbor.state.retentions)).toContain('"latestPushedK":3');
  });

  it("are about our repositories only where others may have theirs", async () => {
    const options = { immutable: true, retain: 3 };
    const { harbor } = await prepareBoth({ options, harbor: { projects: [{ name: "ai-infra" }] } });

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
    }

    expect(harbor.state.projects.get("ai-infra")?.rules).toHaveLength(1);
    expect(harbor.state.retentions).toHaveLength(1);
  });

  it("leave a retention policy that is there as it is, and say so", async () => {
    const options = { immutable: false, retain: 3 };
    const { findings } = await prepareBoth({ options, harbor: { projects: [{ name: "ai-infra", retentionId: 99 }] } });

    expect(findings).toContainEqual(expect.objectContaining({ id: "harbor.retention", severity: "warning" }));
  });
});
