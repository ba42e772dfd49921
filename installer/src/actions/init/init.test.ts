import { issueCertificate } from "../../../test/support/issue-certificate.ts";
import { AbortError } from "../../errors/installer-error.ts";
import type { Ask, Choice } from "../../events/ask.ts";
import { init } from "./init.ts";
import { validate } from "../validate/validate.ts";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { useFilePorts } from "../../../test/support/file-ports.ts";

const place = useFilePorts();
const { ports, request } = place;

describe("init", () => {
  const out = () => join(place.folder, "values.yaml");

  it("writes only what differs from the defaults, with the schema beside it", async () => {
    const set = ["domain=ai.corp.example", "ports.http=80", "timezone=Asia/Shanghai"];
    const result = await init(
      { ...request({ set, without: ["casdoor"] }), out: out(), force: false, answers: undefined },
      ports,
    );

    expect(result.given).toEqual({ domain: "ai.corp.example", timezone: "Asia/Shanghai", casdoor: { mode: "off" } });
    expect(readFileSync(out(), "utf8")).toMatch(/^# yaml-language-server: \$schema=\.\/values\.schema\.json\n/);
    expect(statSync(out()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(place.folder, "values.schema.json"), "utf8"))).toHaveProperty(
      "properties.domain",
    );
    await expect(validate(request({ files: [out()] }), ports)).resolves.toMatchObject({ valid: true });
  });

  it("writes every setting with --full: given ones as settings, the others as comments with their defaults", async () => {
    const set = ["domain=ai.corp.example", "postgres.resources.memory=3Gi", 'postgres.extraEnv={"A": "b\\nc"}'];
    const asked = { ...request({ set }), out: out(), force: false, full: true, answers: undefined };
    await init(asked, ports);
    const text = readFileSync(out(), "utf8");
    const defaults = parse(ports.assets.readText("values/values.yaml")) as Record<string, unknown>;

    expect(parse(text)).toEqual({
      domain: "ai.corp.example",
      postgres: { resources: { memory: "3Gi" }, extraEnv: { A: "b\nc" } },
    });
    expect(text).toContain("## Host name or IPv4 address under which people reach the platform.");
    expect(text).toMatch(/^postgres:\n {2}## .*\n {2}## Allowed: embedded or external\.\n# {2}mode: embedded$/m);
    const uncommented = text.replaceAll(/^#( *\w+:)/gm, "$1");
    expect(parse(uncommented)).toMatchObject({ ports: defaults["ports"], redis: defaults["redis"] });
    await expect(validate(request({ files: [out()] }), ports)).resolves.toMatchObject({ valid: true });
  });

  it.each([true, false])(
    "writes a file to which a setting can be added where nothing is given, --full %s",
    async (full) => {
      await init({ ...request(), out: out(), force: false, full, answers: undefined }, ports);
      const text = readFileSync(out(), "utf8");

      expect(await validate(request({ files: [out()] }), ports)).toMatchObject({ valid: true });
      writeFileSync(out(), full ? text.replace("#timezone: UTC", "timezone: Asia/Shanghai") : `${text}timezone: UTC\n`);
      await expect(validate(request({ files: [out()] }), ports)).resolves.toMatchObject({ valid: true });
    },
  );

  it("tells no secret of what it wrote", async () => {
    const set = ["redis.mode=external", "redis.external.host=r.example", "redis.external.password=of-nobody-else"];
    const { given } = await init({ ...request({ set }), out: out(), force: false, answers: undefined }, ports);

    expect(given).toEqual({ redis: { mode: "external", external: { host: "r.example", password: "(not shown)" } } });
    expect(readFileSync(out(), "utf8")).toContain("of-nobody-else");
  });

  it("does not write the values where the schema goes", async () => {
    const asked = { ...request(), out: join(place.folder, "values.schema.json"), force: true, answers: undefined };

    await expect(init(asked, ports)).rejects.toMatchObject({ code: "USAGE" });
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("does not replace a file unless told", async () => {
    writeFileSync(out(), "mine: true\n");
    const asked = { ...request(), out: out(), answers: undefined };

    await expect(init({ ...asked, force: false }, ports)).rejects.toMatchObject({ code: "USAGE" });
    expect(readFileSync(out(), "utf8")).toBe("mine: true\n");
    await init({ ...asked, force: true }, ports);
    expect(readFileSync(out(), "utf8")).toContain("Everything has its default");
  });

  it("writes no file when flags break a rule", async () => {
    const broken = { ...request({ set: ["ports.http=99999"] }), out: out(), force: false, answers: undefined };

    await expect(init(broken, ports)).rejects.toMatchObject({ code: "VALUES_INVALID" });
    expect(readdirSync(place.folder)).toEqual([]);
  });

  /** Answers by a part of the question; everything else takes its default. */
  function answering(answers: Readonly<Record<string, string | readonly string[]>>, questions: string[] = []): Ask {
    const find = (message: string) => {
      questions.push(message);
      return Object.entries(answers).find(([part]) => message.startsWith(part))?.[1];
    };
    return {
      confirm: (_message, preset) => Promise.resolve(preset),
      input: async (message, options) => {
        const answer = find(message) as string | undefined;
        const problem = answer === undefined ? undefined : await options?.check?.(answer);
        if (problem !== undefined) throw new AbortError(problem);
        return answer ?? options?.default ?? "";
      },
      select: (message, _choices, preset) => Promise.resolve((find(message) as string | undefined) ?? preset),
      choose: (message, choices) =>
        Promise.resolve(
          (find(message) as readonly string[] | undefined) ??
            choices.filter((choice) => choice.checked).map((choice) => choice.value),
        ),
    };
  }

  it("asks in the schema's words and keeps what was answered", async () => {
    const questions: string[] = [];
    const answers = answering(
      { Domain: "10.0.0.5", "Optional components": ["landingPage"], "Data directory": join(place.folder, "data") },
      questions,
    );

    const result = await init({ ...request(), out: out(), force: false, answers }, ports);

    expect(result.given).toEqual({
      domain: "10.0.0.5",
      dataDir: join(place.folder, "data"),
      casdoor: { mode: "off" },
      gitlabShell: { mode: "off" },
    });
    expect(questions.map((question) => question.split("\n")[0])).toEqual([
      "Domain (1 of 14)",
      "TLS mode (2 of 14, Esc goes back)",
      "Optional components to run (3 of 14, Esc goes back)",
      "HTTP port (4 of 12, Esc goes back)",
      "HTTPS port (5 of 12, Esc goes back)",
      "Object store port (6 of 12, Esc goes back)",
      "People who work with it on a usual day (7 of 12, Esc goes back)",
      "Repositories (8 of 12, Esc goes back)",
      "Data directory (9 of 12, Esc goes back)",
      "PostgreSQL storage (10 of 12, Esc goes back)",
      "Object store storage (11 of 12, Esc goes back)",
      "Gitaly storage (12 of 12, Esc goes back)",
      "Summary",
    ]);
    expect(questions[0]).toMatch(/^Domain \(1 of 14\)\nHost name or IPv4 address/);
    expect(questions[9]).toMatch(/2 TiB are free at \//);
  });

  it.each([
    ["of the target where it says one", () => Promise.resolve("/proc/here"), /are free at \/proc\./],
    [
      "that is usual where the target does not answer",
      () => Promise.reject(new Error("no engine")),
      /are free at \/var\/lib\./,
    ],
  ])("looks for room at the place %s, without a data directory", async (_what, findDataPlace, told) => {
    const questions: string[] = [];
    const asked = { ...request(), out: out(), force: true, answers: answering({}, questions) };

    await init(asked, { ...ports, findDataPlace });

    expect(questions.find((question) => question.startsWith("PostgreSQL storage"))).toMatch(told);
  });

  it("asks for the ports of what runs: of what has no sub-domain of its own only there", async () => {
    const questions: string[] = [];
    const asked = async (domain: string, components: readonly string[]) => {
      questions.length = 0;
      const answers = answering(
        { Domain: domain, "Optional components": components, "Casdoor port": "8100", "Object store port": "9100" },
        questions,
      );
      const { given } = await init({ ...request(), out: out(), force: true, answers }, ports);
      return { given, ports: questions.filter((question) => /^\S.* port/.test(question)).length };
    };

    expect(await asked("localhost", ["casdoor", "gitlabShell"])).toMatchObject({
      given: { ports: { casdoor: 8100, s3: 9100 } },
      ports: 5,
    });
    expect(await asked("localhost", [])).toMatchObject({ given: { ports: { s3: 9100 } }, ports: 3 });
    expect(await asked("ai.corp.example", ["casdoor"])).toMatchObject({ ports: 2 });
  });

  it("says of a component whose image is not built here what it needs", async () => {
    const answers = answering({});
    const offered: Choice[] = [];
    const choose: Ask["choose"] = (message, choices) => {
      offered.push(...choices);
      return answers.choose(message, choices);
    };

    await init({ ...request(), out: out(), force: false, answers: { ...answers, choose } }, ports);

    expect(offered.map(({ name }) => name)).toContain("Casdoor (image from a registry)");
    expect(offered.find(({ value }) => value === "casdoor")?.description).toMatch(
      /casbin\/casdoor:.* is not built here/,
    );
    expect(offered.find(({ value }) => value === "landingPage")?.name).not.toContain("registry");
  });

  it("asks for the files when TLS comes from files", async () => {
    const authority = await issueCertificate({ commonName: "Authority", authority: true });
    const own = await issueCertificate({ commonName: "ai", names: ["ai.corp.example"], issuer: authority });
    const files = { certFile: join(place.folder, "a.crt"), keyFile: join(place.folder, "a.key") };
    writeFileSync(files.certFile, own.pem);
    writeFileSync(files.keyFile, own.key);
    const asked = (more: Readonly<Record<string, string>> = {}) =>
      init(
        {
          ...request(),
          out: out(),
          force: true,
          answers: answering({
            Domain: "ai.corp.example",
            "TLS mode": "files",
            "Certificate file": files.certFile,
            "Key file": files.keyFile,
            ...more,
          }),
        },
        ports,
      );

    expect((await asked()).given).toMatchObject({ tls: { mode: "files", ...files } });
    await expect(asked({ "Certificate file": "/nowhere/a.crt" })).rejects.toThrow("/nowhere/a.crt cannot be read");
    await expect(asked({ Domain: "other.example" })).rejects.toThrow("does not cover other.example");
    writeFileSync(files.keyFile, authority.key);
    await expect(asked()).rejects.toThrow("tls.keyFile is not the key of tls.certFile");
  });

  it.each([
    ["Domain", "no spaces", 'it has the label "no spaces"'],
    ["Domain", "https://AI.Corp.Example/", "it must be the name alone, such as ai.corp.example"],
    ["Data directory", "relative", "must be an absolute path"],
    ["Data directory", "/etc/hosts/data", "/etc/hosts is not a directory"],
    ["HTTPS port", "80", "must be another port than that of http"],
    ["PostgreSQL storage", "much", "must be a size such as 50Gi"],
    ["People who work", "many", "must be a whole number"],
    ["Repositories", "-1", "must be a whole number"],
  ])("asks again when %s is answered with %j", async (question, answer, problem) => {
    const answers = answering({ [question]: answer });

    await expect(init({ ...request(), out: out(), force: false, answers }, ports)).rejects.toThrow(problem);
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("proposes sizes that fit a small host, and says what it found", async () => {
    const questions: string[] = [];
    const small = {
      ...ports,
      fs: { ...ports.fs, freeBytes: () => Promise.resolve(60 * 2 ** 30) },
      host: { ...ports.host, memoryBytes: () => Promise.resolve(4 * 2 ** 30) },
    };

    const { given } = await init({ ...request(), out: out(), force: false, answers: answering({}, questions) }, small);

    expect(questions.find((question) => question.startsWith("PostgreSQL storage"))).toMatch(
      /60 GiB are free at \S+\. The usual sizes, 750 GiB together, do not fit there: smaller ones are proposed\.$/,
    );
    expect(questions.find((question) => question.startsWith("Memory limits"))).toMatch(
      /\nThis host has 4 GiB of memory/,
    );
    expect(given).toMatchObject({ postgres: { storage: { size: "2Gi" } }, objectStore: { storage: { size: "28Gi" } } });
    // What a component's own settings need is not taken from it.
    expect(given).toMatchObject({ objectStore: { resources: { memory: expect.stringMatching(/^\d+Mi$/) as string } } });
  });

  const roomy = (memory: number, disk: number) => ({
    ...ports,
    fs: { ...ports.fs, freeBytes: () => Promise.resolve(disk * 2 ** 30) },
    host: { ...ports.host, memoryBytes: () => Promise.resolve(memory * 2 ** 30) },
  });

  it("proposes sizes for people and repositories, beside what was given, and says in the file what they are for", async () => {
    const standard = request({ profile: "standard", set: ["domain=hub.example.org", "gitaly.resources.memory=9Gi"] });
    const asked = { ...standard, out: out(), force: false, answers: undefined };

    const { given, notes } = await init({ ...asked, estimate: { users: 200, repositories: 2000 } }, roomy(128, 8000));

    expect(given).toMatchObject({
      gitaly: { resources: { memory: "9Gi" }, storage: { size: "770Gi" } },
      server: { resources: { memory: "2240Mi" } },
      objectStore: { storage: { size: "1940Gi" } },
    });
    expect(given).not.toHaveProperty("landingPage");
    expect(notes).toEqual([
      expect.stringMatching(/^Sizes for 200 people and 2000 repositories on a host with 128 GiB/),
    ]);
    expect(readFileSync(out(), "utf8")).toContain(`# ${notes?.[0] ?? ""}\n`);
    await expect(validate(request({ profile: "standard", files: [out()] }), ports)).resolves.toMatchObject({
      valid: true,
    });
  });

  it("says what does not fit a host, and what to do", async () => {
    const asked = { ...request(), out: out(), force: true, answers: undefined };

    const small = await init({ ...asked, estimate: { users: 400 } }, roomy(8, 200));
    const tiny = await init({ ...asked, estimate: {} }, roomy(1, 2000));

    expect(small.notes?.slice(1)).toEqual([
      expect.stringMatching(/^Memory does not fit: limits of .* They fit a host with/),
      expect.stringMatching(/^Data does not fit: .* dataDir/),
    ]);
    expect(tiny.notes?.slice(1)).toEqual([expect.stringMatching(/even the least .* Leave components out/)]);
  });

  it("asks how large it will become, and proposes by that", async () => {
    const questions: string[] = [];
    const answers = answering({ "People who work": "100", Repositories: "1000" }, questions);

    const { given, notes } = await init({ ...request(), out: out(), force: false, answers }, roomy(64, 4000));

    expect(given).toMatchObject({
      gitaly: { resources: { memory: "1600Mi" }, storage: { size: "390Gi" } },
      redis: { resources: { memory: "640Mi" } },
    });
    expect(notes).toHaveLength(1);
    expect(readFileSync(out(), "utf8")).toContain("# Sizes for 100 people and 1000 repositories");
  });

  it("shows all answers before anything is written, and takes one back to be changed", async () => {
    const rows: (readonly string[])[] = [];
    const answers = answering({ Domain: "ai.corp.example" });
    const picks = ["change ports.http", "write"];
    const select: Ask["select"] = (message, choices, preset) => {
      if (!message.startsWith("Summary")) return answers.select(message, choices, preset);
      expect(readdirSync(place.folder)).toEqual([]);
      rows.push(choices.map(({ name }) => name));
      return Promise.resolve(picks.shift() ?? "stop");
    };
    const input: Ask["input"] = (message, options) =>
      message.startsWith("HTTP port") && rows.length > 0 ? Promise.resolve("8080") : answers.input(message, options);

    const { given } = await init(
      { ...request(), out: out(), force: false, answers: { ...answers, select, input } },
      ports,
    );

    expect(rows[0]).toEqual(expect.arrayContaining([`write ${out()}`, "Domain: ai.corp.example", "HTTP port: 80"]));
    expect(rows[1]).toContain("HTTP port: 8080");
    expect(given).toMatchObject({ domain: "ai.corp.example", ports: { http: 8080 } });
  });
});
