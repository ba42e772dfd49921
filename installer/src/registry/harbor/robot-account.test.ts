import { describe, expect, it } from "vitest";
import {
  signal,
  repositories,
  robot,
  setUp,
  planOf,
  prepareAll,
  failures,
  messageOf,
  closeHarbors,
} from "./testing/harbor-world.ts";
import { errorOf } from "../../../test/support/error-of.ts";

closeHarbors();

describe("the robot account of an install", () => {
  const options = { immutable: false, robot };

  it("may pull and nothing else, and its secret is in a file for its owner alone", async () => {
    const { harbor, fs, findings } = await prepareAll({ options });

    const [made] = harbor.state.robots;
    expect([...(made?.rights ?? [])]).toEqual(["pull ai-infra"]);
    expect(fs.files.get(robot.file)?.mode).toBe(0o600);
    const config = JSON.parse(await fs.readText(robot.file)) as { auths: Record<string, { auth: string }> };
    const auth = Buffer.from(config.auths[harbor.host]?.auth ?? "", "base64").toString();
    expect(auth).toBe(`robot$ai-infra+pull:${made?.secret ?? "?"}`);
    expect(JSON.stringify(findings)).not.toContain(made?.secret);
    expect(messageOf(findings, "harbor.robot")).toContain(robot.file);
  });

  it("is kept by a second push that finds its file", async () => {
    const { harbor, open, fs } = await setUp({ options });
    for (let round = 0; round < 2; round += 1) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      expect(failures(findings)).toEqual([]);
    }

    expect(harbor.state.robots).toHaveLength(1);
    expect(fs.operations).toEqual([`write ${robot.file}`]);
  });

  it.each(["bot_", "robot-", "ci@"])(
    "is kept by a second push where Harbor begins their names with %s",
    async (prefix) => {
      const { harbor, open, fs } = await setUp({ options, harbor: { robotPrefix: prefix } });
      const told: (string | undefined)[] = [];
      for (let round = 0; round < 2; round += 1) {
        const preparation = await open();
        await preparation.open?.(repositories, { dryRun: false, signal });
        const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
        expect(failures(findings)).toEqual([]);
        told.push(messageOf(findings, "harbor.robot"));
      }

      expect(told).toEqual([
        `the robot account ${prefix}ai-infra+pull may pull from ai-infra; its secret is in ${robot.file}`,
        `the robot account ${prefix}ai-infra+pull is there, and its secret in ${robot.file}`,
      ]);
      expect(fs.operations).toEqual([`write ${robot.file}`]);
    },
  );

  it("that is there under such a name, with its secret elsewhere, is told as that", async () => {
    const robots = [{ name: "pull", secret: "s", project: "ai-infra", rights: ["pull"] }];
    const { findings, fs } = await prepareAll({
      options,
      harbor: { projects: [{ name: "ai-infra" }], robotPrefix: "bot_", robots },
    });

    expect(failures(findings)).toEqual(["harbor.robot"]);
    expect(messageOf(findings, "harbor.robot")).toContain("bot_ai-infra+pull is there already");
    expect(fs.operations).toEqual([]);
  });

  it("that has ended is told as that, whoever has its secret", async () => {
    const { harbor, fs, open } = await setUp({ options, harbor: { projects: [{ name: "ai-infra" }] } });
    const projectId = harbor.state.projects.get("ai-infra")?.id ?? 0;
    const common = { level: "project", projectId, disable: false, rights: new Set<string>() } as const;
    harbor.state.robots.push({ ...common, id: 99, name: "robot$ai-infra+pull", secret: "s", expiresAt: 86_400 });
    const auth = Buffer.from("robot$ai-infra+pull:s").toString("base64");
    await fs.writeAtomic(robot.file, JSON.stringify({ auths: { [harbor.host]: { auth } } }));
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: true, signal });

    const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: true, signal });

    expect(failures(findings)).toEqual(["harbor.robot"]);
    expect(messageOf(findings, "harbor.robot")).toBe(
      "the robot account robot$ai-infra+pull is there, but it ended on 1970-01-02",
    );
  });

  it("does not cost another project its secret, whose name ends like this one's", async () => {
    const auth = Buffer.from("robot$my-ai-infra+pull:only-copy").toString("base64");
    const { harbor, fs, open } = await setUp({ options });
    const text = JSON.stringify({ auths: { [harbor.host]: { auth } } });
    await fs.writeAtomic(robot.file, text);
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.message).toContain("holds the secret of robot$my-ai-infra+pull");
    expect(error.message).not.toContain("only-copy");
    expect(await fs.readText(robot.file)).toBe(text);
    expect(harbor.changes()).toEqual([]);
  });

  it("is not replaced when another has its name, of which the secret is not here", async () => {
    const { harbor, fs, open } = await setUp({ options });
    for (const round of [1, 2]) {
      const preparation = await open();
      await preparation.open?.(repositories, { dryRun: false, signal });
      const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });
      expect(failures(findings)).toEqual(round === 1 ? [] : ["harbor.robot"]);
      fs.files.clear();
    }

    expect(harbor.state.robots).toHaveLength(1);
  });

  it.each([
    ["a login of docker", '{"auths":{"other.example":{"auth":"eDp5"}}}'],
    ["a login of a person", '{"auths":{"HOST":{"auth":"bWU6c2VjcmV0"}}}'],
    ["something else", "not json: hunter2"],
  ])("does not overwrite a file with %s", async (_what, text) => {
    const { harbor, fs, open } = await setUp({ options });
    await fs.writeAtomic(robot.file, text.replace("HOST", harbor.host));
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.message).toContain("is not a file this command wrote");
    expect(error.message).not.toContain("hunter2");
    expect(harbor.changes()).toEqual([]);
    expect(await fs.readText(robot.file)).toBe(text.replace("HOST", harbor.host));
  });

  it("is removed again when its secret cannot be stored", async () => {
    const { harbor, fs, open } = await setUp({ options });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });
    fs.writeAtomic = () => Promise.reject(new Error("no space left"));

    await expect(preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal })).rejects.toThrow(
      "no space left",
    );

    expect(harbor.state.robots).toEqual([]);
  });

  it("is found among more robot accounts than a page has", async () => {
    const { harbor, open } = await setUp({ options, harbor: { projects: [{ name: "ai-infra" }] } });
    const projectId = harbor.state.projects.get("ai-infra")?.id ?? 0;
    const names = [...Array.from({ length: 230 }, (_, index) => `r${index}`), "pull"];
    for (const name of names) {
      const full = `robot$ai-infra+${name}`;
      const common = { level: "project", projectId, disable: false, expiresAt: -1, rights: new Set<string>() } as const;
      harbor.state.robots.push({ ...common, id: harbor.state.nextId(), name: full, secret: "s" });
    }
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const findings = await preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal });

    expect(failures(findings)).toEqual(["harbor.robot"]);
    expect(
      harbor.log.filter(({ target }) => target.includes("/robots?")).map(({ target }) => /page=(\d)/.exec(target)?.[1]),
    ).toEqual(["1", "2", "3"]);
  });

  it("needs a project administrator, and the error says so", async () => {
    const users = { dev: { password: "dev", roles: { "ai-infra": "maintainer" as const } } };
    const { harbor, open } = await setUp({
      options,
      user: "dev",
      password: "dev",
      harbor: { users, projects: [{ name: "ai-infra" }] },
    });
    const preparation = await open();
    await preparation.open?.(repositories, { dryRun: false, signal });

    const error = await errorOf(() => preparation.prepare(planOf(harbor.host, 1000), { dryRun: false, signal }));

    expect(error.hint).toBe("it takes a project administrator of ai-infra");
  });
});
