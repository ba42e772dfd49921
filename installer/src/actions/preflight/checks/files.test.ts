import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueCertificate } from "../../../../test/support/issue-certificate.ts";
import { findings, severities } from "./testing/findings.ts";

describe("TLS files", () => {
  let folder: string;
  let files: Record<string, string>;
  const set = (domain: string) => [
    `domain=${domain}`,
    "tls.mode=files",
    "tls.certFile=/tls/a.crt",
    "tls.keyFile=/tls/a.key",
    "casdoor.mode=off",
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-tls-"));
    for (const name of ["a", "b"]) {
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-days",
          "90",
          "-subj",
          "/CN=x",
          "-addext",
          "subjectAltName=DNS:ai.corp.example,DNS:*.ai.corp.example",
          "-keyout",
          join(folder, `${name}.key`),
          "-out",
          join(folder, `${name}.crt`),
        ],
        { stdio: "ignore" },
      );
    }
    const read = (name: string): string => readFileSync(join(folder, name), "utf8");
    files = { "/tls/a.crt": read("a.crt"), "/tls/a.key": read("a.key"), "/tls/b.key": read("b.key") };
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

  it("that fit are fine", async () => {
    expect(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(1) })).toEqual([]);
  });

  it("must be readable", async () => {
    const found = await findings("files.tls", { set: set("ai.corp.example"), now: inDays(1) });

    expect(found.map((finding) => finding.message)).toEqual([
      expect.stringContaining("tls.certFile: /tls/a.crt cannot be read"),
      expect.stringContaining("tls.keyFile"),
    ]);
  });

  it("must belong together", async () => {
    const found = await findings("files.tls", {
      set: set("ai.corp.example"),
      files: { ...files, "/tls/a.key": files["/tls/b.key"] ?? "" },
      now: inDays(1),
    });

    expect(found[0]?.message).toBe("tls.keyFile is not the key of tls.certFile");
  });

  it("must be what they are said to be", async () => {
    const garbage = await findings("files.tls", {
      set: set("ai.corp.example"),
      files: { ...files, "/tls/a.crt": "hello" },
      now: inDays(1),
    });

    expect(garbage[0]?.message).toContain("holds no certificate");
  });

  it("must not be over, and warn a month before", async () => {
    expect(severities(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(100) }))).toEqual([
      "failure",
    ]);
    expect(severities(await findings("files.tls", { set: set("ai.corp.example"), files, now: inDays(70) }))).toEqual([
      "warning",
    ]);
  });

  it("must cover every name", async () => {
    const found = await findings("files.tls", { set: set("other.example"), files, now: inDays(1) });

    expect(found[0]?.message).toMatch(/does not cover other\.example, .*s3\.other\.example/);
  });

  it("must cover every name of the profile standard, those of its sub-domains too", async () => {
    const domain = "hub.corp.example";
    const alone = await issueCertificate({ commonName: domain, names: [domain], days: [-1, 300] });
    const wild = await issueCertificate({ commonName: domain, names: [domain, `*.${domain}`], days: [-1, 300] });
    const look = async (pem: string, key: string) =>
      await findings("files.tls", {
        profile: "standard",
        set: [...set(domain), "casdoor.mode=embedded", "temporalUi.mode=embedded"],
        files: { "/tls/a.crt": pem, "/tls/a.key": key },
        now: new Date().toISOString(),
      });

    const [missing] = await look(alone.pem, alone.key);
    const covered = await look(wild.pem, wild.key);

    expect(missing?.severity).toBe("failure");
    expect(missing?.message).toMatch(/casdoor\.hub\.corp\.example.*s3\.hub\.corp\.example/);
    expect(covered).toEqual([]);
  });
});

describe("given secrets", () => {
  const set = ["redis.mode=external", "redis.external.host=r.example", "redis.external.passwordFile=/pw"];

  it("must be readable, not empty and not open to everybody", async () => {
    expect(severities(await findings("files.secrets", { set }))).toEqual(["failure"]);
    expect(severities(await findings("files.secrets", { set, files: { "/pw": " \n" } }))).toEqual(["failure"]);
    expect(
      severities(await findings("files.secrets", { set, files: { "/pw": "x" }, stats: { "/pw": { mode: 0o644 } } })),
    ).toEqual(["warning"]);
    expect(await findings("files.secrets", { set, files: { "/pw": "x" }, stats: { "/pw": { mode: 0o600 } } })).toEqual(
      [],
    );
  });

  it.each(["minioadmin", "Harbor12345", "signing-key", " Root@1234\n", "git-secret", "Redis"])(
    "that a product comes with are warned of, in a file: %j",
    async (known) => {
      expect(await findings("files.known-defaults", { set, files: { "/pw": known } })).toMatchObject([
        { severity: "warning", message: expect.stringMatching(/^\/pw \(.*\) is a well-known default$/) as string },
      ]);
    },
  );

  it("that a product comes with are warned of in the values, too, and never shown", async () => {
    const inValues = ["redis.mode=external", "redis.external.host=r.example", "redis.external.password=ChangeMe"];
    const found = await findings("files.known-defaults", { set: inValues });

    expect(found).toMatchObject([{ message: "redis.external.password (redis-external) is a well-known default" }]);
    expect(JSON.stringify(found)).not.toContain("ChangeMe");
  });

  it("that nobody knows, or that cannot be read, are passed over", async () => {
    expect(await findings("files.known-defaults", { set, files: { "/pw": "b0Vz1cVqk6zX2" } })).toEqual([]);
    expect(await findings("files.known-defaults", { set })).toEqual([]);
    expect(await findings("files.known-defaults", {})).toEqual([]);
  });

  it("that are certificates may be open to everybody, unless a key lies in the same file", async () => {
    const { pem, key } = await issueCertificate({ commonName: "database authority", authority: true });
    const given = [
      "postgres.mode=external",
      "postgres.external.host=db.example",
      "postgres.external.adminPassword=x",
      "postgres.external.caFile=/ca",
    ];
    const stats = { "/ca": { mode: 0o644 } };

    expect(await findings("files.secrets", { set: given, files: { "/ca": pem }, stats })).toEqual([]);
    // Glued to the certificate the key is as readable to everybody as on a line of its own.
    for (const both of [pem + key, pem + pem.trimEnd() + key])
      expect(severities(await findings("files.secrets", { set: given, files: { "/ca": both }, stats }))).toEqual([
        "warning",
      ]);
  });
});
