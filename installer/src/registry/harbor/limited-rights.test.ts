import { describe, expect, it } from "vitest";
import type { FakeHarborOptions } from "../../../test/stand-ins/harbor/create-fake-harbor.ts";
import { errorOf } from "../../../test/support/error-of.ts";
import {
  closeHarbors,
  failures,
  messageOf,
  prepareAll,
  repositories,
  robot,
  setUp,
  signal,
  warnings,
} from "./testing/harbor-world.ts";

closeHarbors();

const projects = [{ name: "ai-infra", hard: 1_000_000 }];

describe("a robot account with no right but to push", () => {
  const ci = { name: "ci", secret: "s", project: "ai-infra", rights: ["push"] };

  it.each([
    ["of the project", "robot$ai-infra+ci", ci, {}],
    ["that may pull, too", "robot$ai-infra+ci", { ...ci, rights: ["push", "pull"] }, {}],
    ["of the system", "robot$ci", { ...ci, level: "system" as const }, {}],
    ["of a Harbor with names of its own for them", "bot_ai-infra+ci", ci, { robotPrefix: "bot_" }],
    [
      "of a version that says to nobody else whether a project exists",
      "robot$ai-infra+ci",
      ci,
      { headNeedsRead: true },
    ],
  ])("%s pushes; what it may not look at is told once", async (_what, user, account, more: FakeHarborOptions) => {
    const { harbor, findings, opened } = await prepareAll({
      user,
      password: "s",
      harbor: { projects, robots: [account], ...more },
    });

    expect(failures(findings)).toEqual([]);
    expect(warnings(findings)).toEqual(["harbor.unseen"]);
    expect(messageOf(findings, "harbor.unseen")).toContain(`${user} may not look at the project ai-infra`);
    expect(opened?.unseen).toEqual(repositories);
    expect(harbor.changes()).toEqual([]);
  });

  it("of a public project is not told that it may not look", async () => {
    const open = [{ name: "ai-infra", public: true }];
    const who = { user: "robot$ai-infra+ci", password: "s" };
    const { findings } = await prepareAll({ ...who, harbor: { projects: open, robots: [ci] } });

    expect(failures(findings)).toEqual([]);
    expect(warnings(findings)).toEqual(["harbor.public", "harbor.quota"]);
  });

  it.each([
    ["--harbor-robot", { immutable: false, robot }],
    ["--harbor-immutable", { immutable: true }],
    ["--harbor-retain", { immutable: false, retain: 3 }],
  ])("cannot do %s, and that is said before anything is pushed", async (flag, options) => {
    const who = { user: "robot$ai-infra+ci", password: "s" };
    const { harbor, findings } = await prepareAll({ ...who, options, harbor: { projects, robots: [ci] } });

    expect(failures(findings)).toEqual(["harbor.unseen"]);
    expect(messageOf(findings, "harbor.unseen")).toContain(flag);
    expect(harbor.changes()).toEqual([]);
  });
});

describe("a user who may not push to a project", () => {
  const users = {
    guest: { password: "s", roles: { "ai-infra": "guest" as const } },
    dev: { password: "s", roles: { "ai-infra": "developer" as const } },
    other: { password: "s" },
  };

  it.each([true, false])("as a guest is told so before anything is sent (dry run: %s)", async (dryRun) => {
    const { findings } = await prepareAll({ user: "guest", password: "s", harbor: { projects, users } }, 1000, dryRun);

    expect(failures(findings)).toEqual(["harbor.role"]);
    expect(messageOf(findings, "harbor.role")).toBe("guest may not push to the project ai-infra: only a guest there");
  });

  it("as no member of a public one is told so", async () => {
    const harbor = { projects: [{ name: "ai-infra", public: true }], users };
    const { findings } = await prepareAll({ user: "other", password: "s", harbor });

    expect(messageOf(findings, "harbor.role")).toBe("other may not push to the project ai-infra: no member of it");
  });

  it("as no member of a private one is told so", async () => {
    const { open } = await setUp({ user: "other", password: "s", harbor: { projects, users } });
    const preparation = await open();

    const error = await errorOf(async () => preparation.open?.(repositories, { dryRun: true, signal }));

    expect(error.hint).toContain("it takes a member of ai-infra");
  });

  it.each([
    ["--harbor-robot takes a project administrator", { immutable: false, robot }],
    ["--harbor-immutable takes a maintainer", { immutable: true }],
  ])("or may not do what is asked for besides: %s", async (message, options) => {
    const { findings } = await prepareAll(
      { user: "dev", password: "s", options, harbor: { projects, users } },
      1,
      true,
    );

    expect(failures(findings)).toEqual(["harbor.role"]);
    expect(messageOf(findings, "harbor.role")).toContain(`${message} of ai-infra, and dev is developer there`);
  });

  it("is not refused for a role where users come from elsewhere, whose groups may make them administrators", async () => {
    const harbor = { projects, users, authMode: "ldap_auth" as const };
    const { findings } = await prepareAll({ user: "guest", password: "s", harbor });

    expect([...failures(findings), ...warnings(findings)]).toEqual([]);
  });

  it("is no administrator of Harbor, who may push everywhere", async () => {
    const { findings } = await prepareAll({ harbor: { projects, users } });

    expect([...failures(findings), ...warnings(findings)]).toEqual([]);
  });
});

describe("a project that would be made", () => {
  const users = { dev: { password: "s" } };

  it.each([true, false])("is refused to who may not make it (dry run: %s)", async (dryRun) => {
    const { harbor, findings } = await prepareAll({ user: "dev", password: "s", harbor: { users } }, 1000, dryRun);

    expect(failures(findings)).toEqual(["harbor.project"]);
    expect(harbor.changes()).toEqual([]);
  });

  it.each([true, false])("is refused to the robot account of another project (dry run: %s)", async (dryRun) => {
    const robots = [{ name: "ci", secret: "s", project: "other", rights: ["push"] }];
    const setup = { user: "robot$other+ci", password: "s", harbor: { robots, projects: [{ name: "other" }] } };
    const { harbor, findings } = await prepareAll(setup, 1000, dryRun);

    expect(failures(findings)).toEqual(["harbor.project"]);
    expect(messageOf(findings, "harbor.project")).toContain("the robot account of a project makes none");
    expect(harbor.changes()).toEqual([]);
  });

  it("may be one that a robot account may not make, which a dry run cannot know", async () => {
    const robots = [{ name: "ci", secret: "s", project: "other", level: "system" as const, rights: ["push"] }];
    const { findings } = await prepareAll({ user: "robot$ci", password: "s", harbor: { robots } }, 1000, true);

    expect(warnings(findings)).toEqual(["harbor.project"]);
    expect(messageOf(findings, "harbor.project")).toContain("if robot$ci may do that");
  });

  it("may be one that a user may make by a group, which a dry run cannot know", async () => {
    const harbor = { users, authMode: "oidc_auth" as const };
    const { findings } = await prepareAll({ user: "dev", password: "s", harbor }, 1000, true);

    expect(failures(findings)).toEqual([]);
    expect(warnings(findings)).toEqual(["harbor.project"]);
  });

  it.each([true, false])("does not get the limit that an ordinary user asks for (dry run: %s)", async (dryRun) => {
    const harbor = { users, projectCreation: "everyone" as const };
    const options = { immutable: false, storageLimit: 50 * 1024 };
    const who = { user: "dev", password: "s" };
    const { findings } = await prepareAll({ ...who, options, harbor }, 80_000, dryRun);

    expect(failures(findings)).toEqual([]);
    expect(warnings(findings)).toEqual(["harbor.storage-limit"]);
    expect(messageOf(findings, "harbor.storage-limit")).toContain("does not get a limit of 50 KiB");
    expect(messageOf(findings, "harbor.quota")).not.toContain("50 KiB");
  });

  it("gets the one that an administrator asks for", async () => {
    const { findings } = await prepareAll({ options: { immutable: false, storageLimit: 500_000 } });

    expect(warnings(findings)).toEqual([]);
  });
});
