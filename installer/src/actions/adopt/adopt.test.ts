import { lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { issueCertificate } from "../../../test/support/issue-certificate.ts";
import { oldManifest, oldRelease, oldValues } from "./testing/old-release.ts";
import { goodSecrets, oldTree, oldVariables } from "./testing/old-tree.ts";
import { useAdoption } from "./testing/use-adoption.ts";

const place = useAdoption();
const { at, adoptFrom, adoptTexts, validateWritten } = place;

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
    const result = await adoptTexts(oldTree(), true);

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
    writeFileSync(at("release.yaml"), `image: { tag: v2.4.0 }\n${oldValues}`);

    const { files, version } = await adoptFrom(at("release.yaml"), { dryRun: true });

    expect([files, version]).toEqual([["release.yaml"], "2.4.0"]);
  });

  it("takes the certificate where its Secret was saved, too", async () => {
    const encode = (text: string) => Buffer.from(text).toString("base64");
    const list = `apiVersion: v1\nkind: List\nitems:\n- { apiVersion: v1, kind: Secret, metadata: { name: hub-tls }, data: { tls.crt: ${encode("crt")}, tls.key: ${encode("key")} } }\n`;

    await adoptTexts({ ...oldRelease, "tls.yaml": list });

    expect(readFileSync(at("out/secrets/tls.key"), "utf8")).toBe("key");
    expect(written()).toContain("mode: files");
  });
});

describe("services elsewhere of a Helm release", () => {
  const external = {
    postgresql: "{ enabled: false, external: { host: db.corp.example, user: csghub, password: a } }",
    redis: "{ enabled: false, external: { host: cache.corp.example, port: 6380, password: b } }",
    objectStore:
      "{ enabled: false, external: { endpoint: s3.corp.example, accessKey: k, secretKey: c, secure: true } }",
    registry: "{ enabled: false, external: { registry: images.corp.example, username: u, password: d } }",
    gitaly: "{ enabled: false, external: { host: git.corp.example, token: e } }",
  };

  function valuesWith(changes: Partial<typeof external> = {}): string {
    const lines = Object.entries({ ...external, ...changes }).map(([key, text]) => `  ${key}: ${text}`);
    return `global:\n  image: { tag: v2.4.0 }\n  gateway: { external: { domain: hub.corp.example } }\n${lines.join("\n")}\n`;
  }

  it("all become external here, at the same addresses", async () => {
    const { outside, address } = await adoptTexts({ "values.yaml": valuesWith() });

    expect(outside.map(({ section, at: where }) => `${section} ${where}`)).toEqual([
      ...["postgres db.corp.example:5432", "redis cache.corp.example:6380", "objectStore https://s3.corp.example"],
      ...["registry https://images.corp.example", "gitaly git.corp.example:8075"],
    ]);
    expect(address).toEqual({ domain: "hub.corp.example", tls: false, ports: { ssh: 22 } });
    const { components } = await validateWritten();
    expect(components.filter(({ presence }) => presence === "external")).toHaveLength(5);
  });

  it.each<[string, Partial<typeof external>, readonly string[]]>([
    [
      "one without a password",
      { redis: "{ enabled: false, external: { host: cache.corp.example } }" },
      ["values.yaml global.redis.enabled is false, and global.redis.external.password is empty"],
    ],
    [
      "a storage that is reached in another way",
      { gitaly: "{ enabled: false, external: { host: git.corp.example, token: e, scheme: tls } }" },
      ["values.yaml global.gitaly.external.scheme is tls, and only tcp can be used here"],
    ],
  ])("refuses %s", async (_name, changes, details) => {
    await expect(adoptTexts({ "values.yaml": valuesWith(changes) })).rejects.toMatchObject({ details });
  });
});

describe("certificates of sign-ins", () => {
  it("are found in the initial data, which may be unreadable", async () => {
    const { pem } = await issueCertificate({ commonName: "sign-in" });
    const data = { certs: [{ name: "csghub-cert", certificate: pem }, { name: "none" }, "no certificate"] };
    const file = "configs/casdoor/conf/init_data.json";

    const { secrets } = await adoptTexts({ ...oldTree(), [file]: JSON.stringify(data) });

    expect(secrets.at(-1)).toMatchObject({ title: "key that signs sign-ins", places: [`${file} certs csghub-cert`] });
    writeFileSync(at(`old/${file}`), "{{ not filled in");
    await expect(adoptFrom(at("old"), { dryRun: true })).resolves.toMatchObject({ source: "compose" });
  });
});
