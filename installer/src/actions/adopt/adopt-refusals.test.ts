import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { oldRelease, oldValues } from "./testing/old-release.ts";
import { goodSecrets, oldCompose, oldTree, type Texts, writeTexts } from "./testing/old-tree.ts";
import { useAdoption } from "./testing/use-adoption.ts";

const place = useAdoption();
const { at, adoptFrom, adoptTexts, ports } = place;

/** Ten lines that are a billion entries. */
const multiplied = Array.from({ length: 10 }, (_, line) => {
  const entries = Array.from({ length: 9 }, () => (line === 0 ? "x" : `*b${line - 1}`));
  return `b${line}: &b${line} [${entries.join(", ")}]\n`;
}).join("");

describe("what cannot be adopted", () => {
  it.each<[string, Texts, RegExp]>([
    ["nothing at all", {}, /^there is no /],
    ["a folder of something else", { "readme.txt": "x" }, /holds no installation that is known here$/],
    ["a Compose file alone", { "docker-compose.yml": oldCompose }, /has docker-compose.yml and no \.env beside it$/],
    ["a .env alone", { ".env": "A=1\n" }, /has \.env and no docker-compose\.yml beside it$/],
    ["a file that is no text", { ...oldTree(), ".env": "A=\0" }, /\.env is no text$/],
    ["a file that is too large", { "values.yaml": "a".repeat(4 * 1024 * 1024) }, /is too large \(\d+ bytes\)/],
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
      "a key that is there twice",
      { ...oldRelease, "values.yaml": `${oldValues}global: {}\n` },
      ["values.yaml:11 has a key that is there before"],
    ],
    [
      "a text that is nested without end",
      { "values.yaml": "[".repeat(100_000) },
      ["values.yaml:1 is not YAML: resource exhaustion"],
    ],
    [
      "a Compose file that multiplies itself",
      { ...oldTree(), "docker-compose.yml": multiplied },
      ["docker-compose.yml cannot be read: it is nested too deeply, or multiplies itself"],
    ],
    [
      "values twice",
      { ...oldRelease, "more.yaml": "a: 1\n" },
      ["more.yaml, values.yaml hold values more than once: keep those of one release"],
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
  ])("%s", async (_name, texts, problems) => {
    const refusal = await adoptTexts(texts).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: "PREFLIGHT_FAILED" });
    expect((refusal as { details: readonly string[] }).details).toEqual(expect.arrayContaining([...problems]));
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
    const run = (from: string) => adoptFrom(at(from), { dryRun: true });

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
    const fs = { ...ports.fs, readText: () => Promise.reject(new Error("EACCES: permission denied")) };

    await expect(adoptFrom(at("old"), { ports: { ...ports, fs } })).rejects.toMatchObject({
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
    expect(readFileSync(at("out/values.yaml"), "utf8")).toBe("mine: true\n");
  });

  it("writes nothing into the old installation's folder", async () => {
    writeTexts(at("old"), oldTree());

    await expect(adoptFrom(at("old"), { out: at("old/out") })).rejects.toMatchObject({ code: "USAGE" });
    expect(readdirSync(at("old"))).not.toContain("out");
  });
});
