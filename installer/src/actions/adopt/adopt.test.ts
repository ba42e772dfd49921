import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useFilePorts } from "../../../test/support/file-ports.ts";
import { validate } from "../validate/validate.ts";
import { adopt, type AdoptResult } from "./adopt.ts";
import { oldManifest, oldRelease, oldValues } from "./testing/old-release.ts";
import { goodSecrets, oldCompose, oldTree, oldVariables, type Texts, writeTexts } from "./testing/old-tree.ts";

const place = useFilePorts();

function at(name: string): string {
  return join(place.folder, name);
}

async function adoptTexts(texts: Texts, { dryRun = false } = {}): Promise<AdoptResult> {
  writeTexts(at("old"), texts);
  return adoptOld(dryRun);
}

function adoptOld(dryRun = false, out = at("out")): Promise<AdoptResult> {
  const { name, stateDir } = place.request();
  return adopt({ name, stateDir, from: at("old"), out, dryRun }, place.ports);
}

function validateWritten() {
  return validate(place.request({ files: [at("out/values.yaml")], profile: "standard" }), place.ports);
}

function written(): string {
  return readFileSync(at("out/values.yaml"), "utf8");
}

describe("adopting a Compose tree", () => {
  it("says which versions run and what lies between them and these", async () => {
    const { version, edition, programs } = await adoptTexts(oldTree());
    const verdicts = new Map(programs.map((program) => [program.title, program]));

    expect([version, edition]).toEqual(["1.7.0", "ce"]);
    expect(verdicts.get("CSGHub")).toMatchObject({ found: "1.7.0", verdict: "steps" });
    expect(verdicts.get("PostgreSQL")).toMatchObject({ found: "15.10", verdict: "moves" });
    expect(verdicts.get("Temporal")).toMatchObject({ found: "1.25.1", verdict: "steps" });
    expect(verdicts.get("Temporal")?.steps[0]).toBe("1.26");
    expect(verdicts.get("Casdoor")).toMatchObject({ found: "1.799.0", verdict: "refused" });
    expect(verdicts.get("Gitaly")?.advice).toMatch(/older version/);
  });

  it("names the places with data, and no other mounts", async () => {
    const { data } = await adoptTexts(oldTree());

    expect(data.map(({ program, place: where, kind }) => [program, where, kind])).toEqual([
      ["Redis", "./data/redis", "directory"],
      ["PostgreSQL", "./data/postgresql/data", "directory"],
      ["MinIO", "./data/minio", "directory"],
      ["Gitaly", "./data/gitaly/repositories", "directory"],
    ]);
  });

  it("judges every secret, the worst first", async () => {
    const { secrets } = await adoptTexts(oldTree());

    expect(secrets.map(({ title, judgement, fate }) => [judgement, fate, title])).toEqual([
      ["public", "replaced", "token of the Git storage"],
      ["public", "replaced", "key of sessions in applications"],
      ["public", "replaced", "secret between Git and the hub"],
      ["guessable", "replaced", "password of the message server"],
      ["guessable", "replaced", "token of the hub's programs"],
      ["short", "replaced", "password of the image registry"],
      ["fine", "replaced", "password of the databases"],
      ["fine", "replaced", "secret key of the object store"],
      ["fine", "replaced", "key of signed-in people's tokens"],
    ]);
    expect(secrets.find(({ title }) => title === "secret between Git and the hub")?.places).toEqual([
      "docker-compose.yml csghub-mirror STARHUB_SERVER_GITALY_JWT_SECRET",
      "configs/gitlab-shell/config.yml secret",
    ]);
  });

  it("writes values that pass, at the address that people know", async () => {
    const { written: files } = await adoptTexts(oldTree());

    expect(files).toEqual([at("out/values.yaml")]);
    expect((await validateWritten()).summary).toMatch(/ at http:\/\/hub\.corp\.example:8080$/);
    expect(lstatSync(at("out/values.yaml")).mode & 0o777).toBe(0o600);
  });

  it("keeps no secret in values or result", async () => {
    const result = await adoptTexts(oldTree());

    for (const secret of [...Object.values(goodSecrets), "Summer@2025!", "Zk8-vq2-Xw"]) {
      expect(JSON.stringify(result)).not.toContain(secret);
      expect(written()).not.toContain(secret);
    }
  });

  it("writes nothing on a dry run", async () => {
    const result = await adoptTexts(oldTree(), { dryRun: true });

    expect(result.written).toEqual([at("out/values.yaml")]);
    expect(readdirSync(place.folder)).toEqual(["old"]);
  });

  it("changes nothing of the old tree", async () => {
    await adoptTexts(oldTree());

    expect(readdirSync(at("old")).sort()).toEqual([".env", "configs", "docker-compose.yml"]);
    expect(readFileSync(at("old/.env"), "utf8")).toBe(oldVariables());
  });

  it("goes on with services elsewhere, whose passwords it puts into files", async () => {
    const result = await adoptTexts(
      oldTree({
        ...{ POSTGRES_ENABLED: "0", POSTGRES_HOST: "db.corp.example", POSTGRES_PORT: "6432" },
        ...{ MINIO_ENABLED: "0", MINIO_ENDPOINT: "s3.corp.example:9000", MINIO_ENABLE_SSL: "true" },
        ...{ REGISTRY_ENABLED: "", REGISTRY_ADDRESS: "images.corp.example", KANIKO_ARGS: "--insecure" },
        ...{
          GITALY_ENABLED: "0",
          GITALY_SERVER_SOCKET: "tcp://git.corp.example:8075",
          GITALY_AUTH_TOKEN: goodSecrets.mail,
        },
      }),
    );

    expect(result.outside).toEqual([
      { section: "postgres", at: "db.corp.example:6432" },
      { section: "objectStore", at: "https://s3.corp.example:9000" },
      { section: "registry", at: "http://images.corp.example" },
      { section: "gitaly", at: "tcp://git.corp.example:8075" },
    ]);
    expect((await validateWritten()).components).toContainEqual({ id: "postgres", presence: "external" });
    const file = at("out/secrets/postgres-adminPassword");
    expect(readFileSync(file, "utf8")).toBe(goodSecrets.database);
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
    expect(written()).toContain("server: opencsg-server-lfs");
    expect(result.secrets.filter(({ fate }) => fate === "kept").map(({ judgement }) => judgement)).toEqual([
      ...["short", "fine", "fine", "fine"],
    ]);
  });

  it("writes no public password of a service elsewhere, and says which file has to be made", async () => {
    const result = await adoptTexts(
      oldTree({ POSTGRES_ENABLED: "0", POSTGRES_HOST: "db.corp.example", POSTGRES_PASSWORD: "postgres" }),
    );

    expect(result.missing).toEqual([at("out/secrets/postgres-adminPassword")]);
    expect(readdirSync(at("out/secrets"))).toEqual([]);
    expect(result.secrets).toContainEqual(expect.objectContaining({ judgement: "public", fate: "kept" }));
    expect(written()).toContain(at("out/secrets/postgres-adminPassword"));
  });

  it("takes the certificate that people are served with along", async () => {
    const paths = { SERVER_SSL_CERT: "ssl/hub.crt", SERVER_SSL_KEY: "ssl/hub.key" };

    const result = await adoptTexts({
      ...oldTree({ SERVER_PROTOCOL: "https", SERVER_PORT: "443", ...paths }),
      ...{ "ssl/hub.crt": "the certificate", "ssl/hub.key": "the key" },
    });

    expect(result.address).toMatchObject({ tls: true, ports: { https: 443 } });
    expect(readFileSync(at("out/secrets/tls.key"), "utf8")).toBe("the key");
    expect((await validateWritten()).summary).toMatch(/ at https:\/\/hub\.corp\.example$/);
  });
});

describe("adopting a Helm release", () => {
  it("reads values and manifest in any files", async () => {
    const result = await adoptTexts({ "a.yaml": oldManifest, "b.yml": oldValues, "notes.txt": "not read" });

    expect(result).toMatchObject({ source: "helm", version: "2.3.1", edition: "ee", files: ["a.yaml", "b.yml"] });
    expect(result.address).toEqual({
      ...{ domain: "hub.corp.example", tls: true, ports: { ssh: 22 }, appsDomain: "apps.corp.example" },
    });
    expect(result.outside).toEqual([{ section: "postgres", at: "db.corp.example:6432" }]);
    expect(result.data.map(({ program, place: claim, kind }) => [program, claim, kind])).toEqual([
      ["MinIO", "data-csghub-minio-0", "claim"],
      ["Dataflow", "csghub-dataflow", "claim"],
    ]);
  });

  it("writes values that pass, with what the release has beside the usual", async () => {
    await adoptTexts(oldRelease);

    const { components } = await validateWritten();
    const embedded = components.filter(({ presence }) => presence === "embedded").map(({ id }) => id);
    expect(embedded).toEqual(expect.arrayContaining(["csghub-dataflow", "csghub-moderation"]));
    expect(readdirSync(at("out/secrets"))).toEqual(["mail-password", "postgres-adminPassword"]);
  });

  it("counts what the chart made as guessable, and what a person gave by its shape", async () => {
    const { secrets } = await adoptTexts(oldRelease);

    expect(secrets.map(({ title, judgement }) => [judgement, title])).toEqual([
      ["public", "secret between Git and the hub"],
      ["guessable", "key of signed-in people's tokens"],
      ["guessable", "secret key of the object store"],
      ["guessable", "token of the Git storage"],
      ["fine", "password of postgres at db.corp.example:6432"],
      ["fine", "password at the mail server mail.corp.example"],
    ]);
  });

  it("has no steps for a minor version after another, and one release of the vendor's", async () => {
    const { programs } = await adoptTexts(oldRelease);
    const verdicts = Object.fromEntries(programs.map(({ title, verdict }) => [title, verdict]));

    expect(verdicts).toMatchObject({ CSGHub: "steps", Temporal: "moves", Casdoor: "same", MinIO: "moves" });
  });

  it("says what is not known without a manifest", async () => {
    const values = `image: { tag: v2.4.0 }\nredis: { image: { repository: redis, tag: 7.4.9 } }\n${oldValues}`;

    const result = await adoptTexts({ "values.yaml": values });

    expect(result.programs.map(({ title, found }) => [title, found])).toEqual([
      ["CSGHub", "2.4.0"],
      ["Redis", "7.4.9"],
    ]);
    expect(result.notes[0]).toMatch(/^there is no manifest/);
  });

  it("takes one file of values", async () => {
    writeTexts(place.folder, {
      old: `global: { image: { tag: v2.4.0 } }\n${oldValues.replace("global:\n", "other:\n")}`,
    });
    const run = adoptOld(true);

    await expect(run).rejects.toMatchObject({
      details: ["global.gateway.external.domain is missing: it says where people reach the platform"],
    });
  });

  it("takes the certificate where its Secret was saved, too", async () => {
    const encode = (text: string) => Buffer.from(text).toString("base64");
    const list = `apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: Secret, metadata: { name: hub-tls }, data: { tls.crt: ${encode("crt")}, tls.key: ${encode("key")} } }\n`;

    await adoptTexts({ ...oldRelease, "tls.yaml": list });

    expect(readFileSync(at("out/secrets/tls.key"), "utf8")).toBe("key");
    expect(written()).toContain("mode: files");
  });
});

describe("what cannot be adopted", () => {
  it.each<[string, Texts, RegExp]>([
    ["nothing at all", {}, /^there is no /],
    ["a folder of something else", { "readme.txt": "x" }, /holds no installation that is known here$/],
    ["a Compose file alone", { "docker-compose.yml": oldCompose }, /has docker-compose.yml and no \.env beside it$/],
    ["a .env alone", { ".env": "A=1\n" }, /has \.env and no docker-compose\.yml beside it$/],
    ["a file that is no text", { ...oldTree(), ".env": "A=\0" }, /\.env is no text$/],
    ["a file that is too large", { "values.yaml": "a".repeat(17 * 1024 * 1024) }, /is too large \(\d+ bytes\)/],
  ])("%s", async (_name, texts, message) => {
    await expect(adoptTexts(texts)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(place.folder)).not.toContain("out");
  });

  it.each<[string, Texts, readonly string[]]>([
    [
      "a domain that is only an example",
      oldTree({ SERVER_DOMAIN: "csghub.example.com" }),
      ["SERVER_DOMAIN is still the example csghub.example.com"],
    ],
    [
      "no domain",
      oldTree({ SERVER_DOMAIN: "" }),
      ["SERVER_DOMAIN is missing: it says where people reach the platform"],
    ],
    [
      "a version that says nothing",
      oldTree({ CSGHUB_VERSION: "latest" }),
      ['the tag "latest" of CSGHub\'s server says no version: write the one that runs in its place'],
    ],
    ["a placeholder", oldTree({ REGISTRY_PASSWORD: "<password>" }), [".env leaves REGISTRY_PASSWORD to be filled in"]],
    [
      "HTTPS without a certificate",
      oldTree({ SERVER_PROTOCOL: "https", SERVER_SSL_CERT: "x.crt" }),
      [
        ".env SERVER_SSL_CERT names x.crt, which is not there",
        ".env SERVER_PROTOCOL is https and SERVER_SSL_KEY is not set",
      ],
    ],
    [
      "a protocol that there is not",
      oldTree({ SERVER_PROTOCOL: "gopher" }),
      [".env SERVER_PROTOCOL is neither http nor https"],
    ],
    [
      "a service elsewhere that is the one here",
      oldTree({ POSTGRES_ENABLED: "0" }),
      [
        ".env POSTGRES_ENABLED says that a service elsewhere is used, and POSTGRES_HOST names postgres, which runs here",
      ],
    ],
    [
      "a service elsewhere without an address",
      oldTree({ MINIO_ENABLED: "0", MINIO_ENDPOINT: "" }),
      [".env MINIO_ENABLED says that a service elsewhere is used, and MINIO_ENDPOINT is empty"],
    ],
    [
      "a socket of another form",
      oldTree({ GITALY_ENABLED: "0", GITALY_SERVER_SOCKET: "unix:/x" }),
      [".env GITALY_SERVER_SOCKET is not of the form tcp://HOST:PORT"],
    ],
    [
      "a Compose file that is no YAML",
      { ...oldTree(), "docker-compose.yml": "a: [" },
      ["docker-compose.yml:1 is not YAML: bad indent", "no service runs an image of CSGHub's server"],
    ],
    [
      "a Compose file that holds a list",
      { ...oldTree(), "docker-compose.yml": "- a\n" },
      ["docker-compose.yml holds something else than keys and values", "no service runs an image of CSGHub's server"],
    ],
    [
      "a Compose file without services",
      { ...oldTree(), "docker-compose.yml": "a: 1\n" },
      ["docker-compose.yml has no services", "no service runs an image of CSGHub's server"],
    ],
    [
      "two versions of the hub",
      { ...oldTree(), "docker-compose.yml": `${oldCompose}  other: { image: csghub_server:v1.8.0 }\n` },
      ["services run several versions of CSGHub: v1.7.0-ce, v1.8.0"],
    ],
    [
      "values and manifest of two releases",
      { ...oldRelease, "values.yaml": oldValues.replace("hub.corp", "lab.corp") },
      ["the values say lab.corp.example and the manifest hub.corp.example: they are not of one release"],
    ],
    [
      "values twice",
      { ...oldRelease, "more.yaml": "a: 1\n" },
      [
        "more.yaml, values.yaml hold values more than once: keep those of one release",
        "values.yaml global.postgresql.enabled is false",
      ],
    ],
    [
      "values with a placeholder",
      { ...oldRelease, "values.yaml": oldValues.replace(goodSecrets.database, '"<password>"') },
      ["values.yaml leaves global.postgresql.external.password to be filled in"],
    ],
    [
      "values with a mode of encryption that there is not",
      { ...oldRelease, "values.yaml": oldValues.replace("prefer", "perhaps") },
      ['values.yaml global.postgresql.external.sslmode is none that there is (got "perhaps")'],
    ],
  ])("%s", async (name, texts, problems) => {
    const refusal = await adoptTexts(texts).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: "PREFLIGHT_FAILED" });
    if (name === "values twice") expect((refusal as { details: readonly string[] }).details[0]).toBe(problems[0]);
    else expect(refusal).toMatchObject({ details: problems });
    expect(readdirSync(place.folder)).toEqual(["old"]);
  });

  it("refuses an address that this program cannot serve, before anything is written", async () => {
    await expect(adoptTexts(oldTree({ SERVER_DOMAIN: "localhost" }))).rejects.toMatchObject({ code: "VALUES_INVALID" });
    expect(readdirSync(place.folder)).toEqual(["old"]);
  });

  it("follows no link", async () => {
    writeTexts(at("old"), oldTree());
    writeFileSync(at("elsewhere"), "A=1\n");
    writeTexts(at("linked"), { "docker-compose.yml": oldCompose });
    symlinkSync(at("elsewhere"), at("linked/.env"));
    symlinkSync(at("old"), at("link"));
    const { name, stateDir } = place.request();
    const run = (from: string) => adopt({ name, stateDir, from: at(from), out: at("out"), dryRun: true }, place.ports);

    await expect(run("linked")).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/\.env is a link/) as string,
    });
    await expect(run("link")).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/link is a link/) as string,
    });
  });

  it("says why a file cannot be read", async () => {
    writeTexts(at("old"), oldTree());
    const fs = { ...place.ports.fs, readText: () => Promise.reject(new Error("EACCES: permission denied")) };
    const { name, stateDir } = place.request();

    await expect(
      adopt({ name, stateDir, from: at("old"), out: at("out"), dryRun: true }, { ...place.ports, fs }),
    ).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/\.env cannot be read: EACCES/) as string,
    });
  });

  it("replaces no file", async () => {
    mkdirSync(at("out"));
    writeFileSync(at("out/values.yaml"), "mine: true\n");

    await expect(adoptTexts(oldTree())).rejects.toMatchObject({
      code: "USAGE",
      message: `${at("out/values.yaml")} is there already`,
    });
    expect(written()).toBe("mine: true\n");
  });

  it("writes nothing into the old installation's folder", async () => {
    writeTexts(at("old"), oldTree());

    await expect(adoptOld(false, at("old/out"))).rejects.toMatchObject({ code: "USAGE" });
    expect(readdirSync(at("old"))).not.toContain("out");
  });
});
