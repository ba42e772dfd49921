import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAssets } from "../cli/assets.ts";
import { parse } from "yaml";
import { AbortError } from "../errors/installer-error.ts";
import type { Ask, Choice } from "../events/ask.ts";
import type { InstallerEvent } from "../events/event.ts";
import { issueCertificate } from "../../test/support/issue-certificate.ts";
import { createClock } from "../platform/clock.ts";
import { createFileSystem } from "../platform/file-system.ts";
import { createHost } from "../platform/host.ts";
import type { FileSystem, Host } from "../platform/ports.ts";
import { hashOf } from "../execute/digest.ts";
import { renderCompose } from "../render/compose/render-compose.ts";
import type { ValuesSelection } from "./context.ts";
import { init } from "./init/init.ts";
import { loadPlan } from "./desired/load-plan.ts";
import { returnedValues } from "./desired/returned-values.ts";
import { fingerprintOf, fingerprintsOf } from "./desired/values-files.ts";
import { planOffline } from "./plan/plan.ts";
import { rules } from "../targets/compose/rules.ts";
import { render } from "./render/render.ts";
import { validate } from "./validate/validate.ts";

/** A host with room for everything, whatever this one has. */
const fs: FileSystem = { ...createFileSystem(), freeBytes: () => Promise.resolve(2000 * 2 ** 30) };
const host: Host = { ...createHost(), memoryBytes: () => Promise.resolve(64 * 2 ** 30) };
const ports = { fs, host, clock: createClock(), assets: openAssets(), target: rules };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-actions-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function request(selection: Partial<ValuesSelection> = {}) {
  return {
    name: "slipway",
    stateDir: join(folder, "state"),
    values: { files: [], set: [], without: [], ...selection },
  };
}

describe("validate", () => {
  it("says what the values were laid from", async () => {
    const file = join(folder, "my.yaml");
    writeFileSync(file, "domain: ai.corp.example\n");

    const result = await validate(request({ files: [file], without: ["casdoor"] }), ports);

    expect(result.sources).toEqual(["profile infra", file, "--without casdoor"]);
    expect(result.summary).toMatch(/ off, at https:\/\/ai\.corp\.example$/);
  });

  it("takes emptied recorded values for damaged, not for none", async () => {
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/values.yaml"), "");

    await expect(validate(request(), ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `${join(folder, "state/values.yaml")} is damaged: it is empty`,
    });
  });

  it.each(["", "not: [values"])("needs no recorded values where a file is given: %j", async (recorded) => {
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/values.yaml"), recorded);
    writeFileSync(join(folder, "my.yaml"), "domain: my.example\n");

    await expect(validate(request({ files: [join(folder, "my.yaml")] }), ports)).resolves.toMatchObject({
      sources: ["profile infra", join(folder, "my.yaml")],
    });
  });

  it.each([
    [{ profile: "infar" }, /no profile "infar"/, "did you mean infra?"],
    [{ without: ["casdor"] }, /no component "casdor"/, "did you mean casdoor?"],
    [{ files: ["/proc"] }, /\/proc cannot be read: EISDIR/, "check the path given with -f"],
    [{ files: ["/nowhere/x.yaml"] }, /no file \/nowhere\/x.yaml/, "check the path given with -f"],
  ])("refuses %j", async (selection, message, hint) => {
    await expect(validate(request(selection), ports)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(message) as string,
      hint,
    });
  });

  it("refuses to leave out what the platform cannot do without", async () => {
    await expect(validate(request({ without: ["postgres"] }), ports)).rejects.toMatchObject({ code: "VALUES_INVALID" });
  });
});

describe("the values of an install that is there", () => {
  const recorded = "domain: one.example\nports: { ssh: 2022 }\nredis: { resources: { memory: 300Mi } }\n";
  const own = () => join(folder, "values.yaml");
  const password = "of-nobody-else";

  beforeEach(() => {
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/values.yaml"), recorded);
  });

  async function load(selection: Parameters<typeof request>[0]) {
    const warnings: string[] = [];
    const { values } = await loadPlan(request(selection), {
      ...ports,
      report: (event) => {
        if (event.type === "warning") warnings.push(`${event.message}; ${event.hint ?? ""}`);
      },
    });
    const { domain, redis, ports: numbers } = values.values;
    const returned = values.replaced === undefined ? [] : returnedValues(values.replaced, values);
    return { seen: [domain, numbers.ssh, redis.resources.memory], returned, warnings };
  }

  it("are the recorded ones where nothing is given, and with --set what is laid over them", async () => {
    const nothing = await load({});
    const set = await load({ set: ["ports.ssh=2200"] });

    expect([nothing.seen, nothing.returned]).toEqual([["one.example", 2022, "300Mi"], []]);
    expect([set.seen, set.returned]).toEqual([["one.example", 2200, "300Mi"], []]);
  });

  it("are those of the file that is given: what it lacks returns to its default, which is told", async () => {
    writeFileSync(own(), "domain: one.example\n");

    const given = await load({ files: [own()] });

    expect(given.seen).toEqual(["one.example", 2222, "512Mi"]);
    expect(given.returned).toEqual([
      { path: "ports.ssh", from: "2022", to: "2222" },
      { path: "redis.resources.memory", from: "300Mi", to: "512Mi" },
    ]);
    expect(given.warnings).toEqual([]);
  });

  it("are the defaults and what is given with --reset-values", async () => {
    const reset = await load({ reset: true, set: ["ports.ssh=2200"] });

    expect(reset.seen).toEqual(["localhost", 2200, "512Mi"]);
    expect(reset.returned.map(({ path }) => path)).toEqual(["domain", "redis.resources.memory"]);
  });

  it("do not show a secret that returns to its default", async () => {
    writeFileSync(
      join(folder, "state/values.yaml"),
      `redis: { mode: external, external: { host: r.example, password: "${password}" } }\n`,
    );

    const { returned } = await load({ reset: true });

    expect(JSON.stringify(returned)).not.toContain(password);
    expect(returned.map(({ path }) => path)).toContain("redis.external.password");
  });

  it("are not those of ./values.yaml, and a warning names it where it says something else", async () => {
    writeFileSync(own(), "redis: { resources: { memory: 300Mi } }\n");
    const same = await load({ ownFile: own() });
    writeFileSync(own(), "redis: { resources: { memory: 1Gi } }\n");
    const other = await load({ ownFile: own() });
    const reset = await load({ ownFile: own(), reset: true });

    expect(same.warnings).toEqual([]);
    expect(other.seen).toEqual(["one.example", 2022, "300Mi"]);
    expect(other.warnings).toEqual([
      `${own()} is there and is not read: the recorded values count; -f ${own()} takes what it says, and nothing else`,
    ]);
    expect(reset.warnings[0]).toMatch(/values\.yaml is there and is not read: only defaults and what is given count/);
  });

  it("are not those of a file that was changed since, also where only a key was taken out of it", async () => {
    const file = join(folder, "prod.yaml");
    writeFileSync(file, recorded);
    const valuesFiles = [fingerprintOf({ name: file, text: recorded })];
    writeFileSync(join(folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    writeFileSync(file, `# a comment\n${recorded}`);
    const same = await load({});
    writeFileSync(file, "domain: one.example\n");
    const less = await load({});

    expect(same.warnings).toEqual([]);
    expect(less.warnings).toEqual([
      `${file} was changed since it was installed and is not read: the recorded values count; -f ${file} takes what it says, and nothing else`,
    ]);
  });

  it("are taken again from every file that they came from, and from none that can be read only once", async () => {
    const files = [join(folder, "base file.yaml"), join(folder, "prod.yaml")];
    const valuesFiles = [...files, "/dev/stdin", "/dev/fd/63"].map((path) => ({ path, digest: "another" }));
    writeFileSync(join(folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    for (const file of files) writeFileSync(file, "domain: two.example\n");
    const read: string[] = [];
    const fs = {
      ...ports.fs,
      readTextIfPresent: (path: string) => {
        read.push(path);
        return ports.fs.readTextIfPresent(path);
      },
    };
    const hints: (string | undefined)[] = [];
    const report = (event: InstallerEvent) => {
      if (event.type === "warning") hints.push(event.hint);
    };

    await loadPlan(request(), { ...ports, fs, report });

    const all = `-f '${files[0]}' -f ${files[1]} takes what they say, and nothing else`;
    expect(hints).toEqual([all, all]);
    expect(read.filter((path) => path.startsWith("/dev/"))).toEqual([]);
    expect(fingerprintsOf([{ name: "/dev/stdin", text: "domain: x" }])).toEqual([]);
  });

  it("are not those of a file that says what is recorded, whatever it said before", async () => {
    const valuesFiles = [{ path: own(), digest: "another" }];
    writeFileSync(join(folder, "state/applied.json"), JSON.stringify({ apiVersion: "slipway/v2", valuesFiles }));
    writeFileSync(own(), recorded);

    expect((await load({})).warnings).toEqual([]);
  });

  it.each(["lock", "files"] as const)("a directory given as %s is told", async (what) => {
    const given = what === "lock" ? { lock: folder } : { files: [folder] };

    await expect(load(given)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(`${folder} cannot be read`) as string,
    });
  });
});

describe("render", () => {
  it("writes once, changes nothing the second time and takes away what is gone", async () => {
    const out = join(folder, "out");

    const first = await render({ ...request(), mode: "compose", out }, ports);
    const second = await render({ ...request(), mode: "compose", out }, ports);
    const third = await render({ ...request({ without: ["casdoor"] }), mode: "compose", out }, ports);

    expect(first.written).toBe(first.files.length);
    expect([second.written, second.removed]).toEqual([0, []]);
    expect(third.removed.length).toBeGreaterThan(0);
    expect(third.removed.every((path) => path.includes("casdoor"))).toBe(true);
    expect(readFileSync(join(out, "compose.yaml"), "utf8")).not.toContain("casdoor:");
  });

  it("writes no secret, only names", async () => {
    const result = await render({ ...request(), mode: "compose" }, ports);

    expect(result.files.some((file) => file.contents.includes("${secret:"))).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a directory with other people's files, and leaves it alone", async () => {
    writeFileSync(join(folder, "precious.txt"), "x");

    await expect(render({ ...request(), mode: "compose", out: folder }, ports)).rejects.toMatchObject({
      code: "USAGE",
    });
    expect(readdirSync(folder)).toEqual(["precious.txt"]);
  });

  it("removes nothing outside its directory, whatever the marker says", async () => {
    const out = join(folder, "out");
    writeFileSync(join(folder, "precious.txt"), "x");
    mkdirSync(out);
    writeFileSync(join(out, ".slipway-render.json"), JSON.stringify({ files: ["../precious.txt", "/etc/none"] }));

    await render({ ...request(), mode: "compose", out }, ports);

    expect(readFileSync(join(folder, "precious.txt"), "utf8")).toBe("x");
  });
});

describe("plan --offline", () => {
  it("creates everything at first, and is the same every time", async () => {
    const first = await planOffline(request(), ports);
    const second = await planOffline(request(), ports);

    expect(first).toEqual(second);
    expect(first).toMatchObject({ changed: true, offline: true });
    expect(first.counts.create + first.counts.run).toBe(first.changes.length);
    expect(first.totals).toMatchObject({
      ports: expect.arrayContaining([expect.objectContaining({ address: "127.0.0.1", hostPort: 80 })]) as unknown,
      urls: expect.arrayContaining([expect.objectContaining({ url: "http://localhost" })]) as unknown,
    });
    const { components = 0, memoryMiB = 0, diskGiB = 0 } = first.totals ?? {};
    expect([components > 5, memoryMiB > 1024, diskGiB > 100]).toEqual([true, true, true]);
  });

  it("says what differs from the records, and why", async () => {
    const { plan } = await loadPlan(request(), ports);
    const rendering = renderCompose(plan);
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state/plan.json"), JSON.stringify(plan));
    const jobs = Object.fromEntries(plan.jobs.map(({ id }) => [id, { inputsHash: "", at: "" }]));
    const applied = { apiVersion: "slipway/v2", units: rendering.units, stores: rendering.stores, jobs };
    writeFileSync(join(folder, "state/applied.json"), JSON.stringify(applied));

    const same = await planOffline(request(), ports);
    const changed = await planOffline(request({ set: ["redis.resources.memory=1Gi"] }), ports);
    const smaller = await planOffline(request({ without: ["casdoor"] }), ports);
    const moved = await planOffline(request({ set: ["dataDir=/srv/data"] }), ports);

    expect([same.changed, same.totals]).toEqual([false, undefined]);
    expect([same.impossible, changed.impossible]).toEqual([[], []]);
    expect(moved.impossible).toEqual([
      {
        message: "dataDir is /srv/data, and the data of this install is in the engine's own volumes",
        hint: 'data is not moved: set dataDir back to ""',
      },
    ]);
    expect(changed.changes.filter((change) => change.action === "recreate")).toEqual([
      {
        subject: "component",
        id: "redis",
        action: "recreate",
        reasons: ["files[/etc/valkey/valkey.conf] old contents → new contents", "resources.memoryMiB 512 → 1024"],
      },
    ]);
    expect(smaller.changes).toContainEqual({
      subject: "component",
      id: "casdoor",
      action: "remove",
      reasons: ["mode is off"],
    });
    expect(new Set([same.hash, changed.hash, smaller.hash, hashOf({})]).size).toBe(4);
  });
});

describe("init", () => {
  const out = () => join(folder, "values.yaml");

  it("writes only what differs from the defaults, with the schema beside it", async () => {
    const set = ["domain=ai.corp.example", "ports.http=80", "timezone=Asia/Shanghai"];
    const result = await init(
      { ...request({ set, without: ["casdoor"] }), out: out(), force: false, answers: undefined },
      ports,
    );

    expect(result.given).toEqual({ domain: "ai.corp.example", timezone: "Asia/Shanghai", casdoor: { mode: "off" } });
    expect(readFileSync(out(), "utf8")).toMatch(/^# yaml-language-server: \$schema=\.\/values\.schema\.json\n/);
    expect(statSync(out()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, "values.schema.json"), "utf8"))).toHaveProperty("properties.domain");
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
    const asked = { ...request(), out: join(folder, "values.schema.json"), force: true, answers: undefined };

    await expect(init(asked, ports)).rejects.toMatchObject({ code: "USAGE" });
    expect(readdirSync(folder)).toEqual([]);
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
    expect(readdirSync(folder)).toEqual([]);
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
      { Domain: "10.0.0.5", "Optional components": ["landingPage"], "Data directory": join(folder, "data") },
      questions,
    );

    const result = await init({ ...request(), out: out(), force: false, answers }, ports);

    expect(result.given).toEqual({
      domain: "10.0.0.5",
      dataDir: join(folder, "data"),
      casdoor: { mode: "off" },
      gitlabShell: { mode: "off" },
    });
    expect(questions.map((question) => question.split("\n")[0])).toEqual([
      "Domain (1 of 12)",
      "TLS mode (2 of 12, Esc goes back)",
      "Optional components to run (3 of 12, Esc goes back)",
      "HTTP port (4 of 10, Esc goes back)",
      "HTTPS port (5 of 10, Esc goes back)",
      "Object store port (6 of 10, Esc goes back)",
      "Data directory (7 of 10, Esc goes back)",
      "PostgreSQL storage (8 of 10, Esc goes back)",
      "Object store storage (9 of 10, Esc goes back)",
      "Gitaly storage (10 of 10, Esc goes back)",
      "Summary",
    ]);
    expect(questions[0]).toMatch(/^Domain \(1 of 12\)\nHost name or IPv4 address/);
    expect(questions[7]).toMatch(/2 TiB are free at \//);
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
    const files = { certFile: join(folder, "a.crt"), keyFile: join(folder, "a.key") };
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
  ])("asks again when %s is answered with %j", async (question, answer, problem) => {
    const answers = answering({ [question]: answer });

    await expect(init({ ...request(), out: out(), force: false, answers }, ports)).rejects.toThrow(problem);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("proposes sizes that fit a small host, and says what it found", async () => {
    const questions: string[] = [];
    const small = {
      ...ports,
      fs: { ...fs, freeBytes: () => Promise.resolve(60 * 2 ** 30) },
      host: { ...host, memoryBytes: () => Promise.resolve(4 * 2 ** 30) },
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

  it("shows all answers before anything is written, and takes one back to be changed", async () => {
    const rows: (readonly string[])[] = [];
    const answers = answering({ Domain: "ai.corp.example" });
    const picks = ["change ports.http", "write"];
    const select: Ask["select"] = (message, choices, preset) => {
      if (!message.startsWith("Summary")) return answers.select(message, choices, preset);
      expect(readdirSync(folder)).toEqual([]);
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
