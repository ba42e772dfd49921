import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { type IssuedCertificate, issueCertificate } from "../../../../test/support/issue-certificate.ts";
import { findings } from "./testing/findings.ts";

const name = "ai.corp.example";
const names = [name, `*.${name}`];
const set = [`domain=${name}`, "tls.mode=files", "tls.certFile=/tls/crt", "tls.keyFile=/tls/key", "casdoor.mode=off"];

let root: IssuedCertificate;
let issuing: IssuedCertificate;
let leaf: IssuedCertificate;

beforeAll(async () => {
  root = await issueCertificate({ commonName: "Corp Root", authority: true });
  issuing = await issueCertificate({ commonName: "Corp Issuing", authority: true, issuer: root });
  leaf = await issueCertificate({ commonName: name, names, issuer: issuing });
});

/** What the check says of these files; with `ca`, of a chain that clients follow to that. */
async function check(crt: string, key = leaf.key, ca?: string, more: readonly string[] = []) {
  const found = await findings("files.tls", {
    set: [...set, ...more, ...(ca === undefined ? [] : ["tls.caFile=/tls/ca"])],
    files: { "/tls/crt": crt, "/tls/key": key, ...(ca === undefined ? {} : { "/tls/ca": ca }) },
    now: new Date().toISOString(),
  });
  return found.map(({ severity, message, remedy }) => ({ severity, message, remedy }));
}

const messages = async (...files: Parameters<typeof check>): Promise<readonly string[]> =>
  (await check(...files)).map(({ message }) => message);

const withoutNewline = (text: string): string => text.trimEnd();

describe("a certificate file that nginx reads", () => {
  it.each<readonly [string, () => string]>([
    ["a chain", () => leaf.pem + issuing.pem],
    ["a chain with its root", () => leaf.pem + issuing.pem + root.pem],
    ["lines that end in CR LF", () => (leaf.pem + issuing.pem).replaceAll("\n", "\r\n")],
    ["no newline at its end", () => withoutNewline(leaf.pem + issuing.pem)],
    [
      "bag attributes between the blocks",
      () => `Bag Attributes\n    friendlyName: x\n${leaf.pem}subject=x\n${issuing.pem}`,
    ],
    ["the key in the same file, first", () => leaf.key + leaf.pem + issuing.pem],
    ["a block made a comment", () => root.pem.replaceAll(/^(?=.)/gm, "# ") + leaf.pem + issuing.pem],
  ])("with %s is fine", async (_, crt) => {
    expect(await check(crt(), leaf.key, root.pem)).toEqual([]);
  });

  it("may have a key with its parameters before it", async () => {
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

    expect(await check(leaf.pem + issuing.pem, parameters + leaf.key, root.pem)).toEqual([]);
  });
});

describe("a certificate file that nginx does not read", () => {
  it.each<readonly [string, () => string, RegExp]>([
    ["the first block glued to the second", () => withoutNewline(leaf.pem) + issuing.pem, /no newline between/],
    ["the second glued to the third", () => leaf.pem + withoutNewline(issuing.pem) + root.pem, /no newline between/],
    ["a byte order mark", () => `\uFEFF${leaf.pem}${issuing.pem}`, /line 1 other characters/],
    ["spaces before its lines", () => leaf.pem.replaceAll(/^/gm, "  "), /line 1 other characters/],
    ["a block cut off", () => leaf.pem + issuing.pem.slice(0, 200), /has no end/],
    [
      "a damaged block",
      () => `${leaf.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      /2nd .*damaged/,
    ],
    [
      "the issuer first",
      () => issuing.pem + leaf.pem,
      /not the key of tls\.certFile: it is that of the 2nd certificate/,
    ],
    ["no certificate", () => leaf.key, /holds no certificate/],
  ])("with %s is refused, and said why", async (_, crt, message) => {
    const found = await check(crt(), leaf.key, root.pem);

    expect(found.map(({ severity }) => severity)).toContain("failure");
    expect(found.map((finding) => finding.message).join("\n")).toMatch(message);
  });

  const block = (label: string): string => `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;

  it.each<readonly [string, () => string, RegExp]>([
    ["DER", () => Buffer.from("3082030a30820212", "hex").toString("utf8"), /x509 -inform der .*pkcs12 -in FILE/],
    ["PKCS #7", () => block("PKCS7"), /openssl pkcs7 -print_certs/],
    ["a request", () => block("CERTIFICATE REQUEST"), /authority sent back/],
    ["a key", () => leaf.key, /the other way round/],
  ])("in another form (%s) is refused, and said what to do", async (_, crt, remedy) => {
    const [found] = await check(crt());

    expect(found).toMatchObject({ severity: "failure", remedy: expect.stringMatching(remedy) as string });
  });

  it("with the issuer first is said to be that, and nothing of names and dates of the issuer", async () => {
    expect(await messages(issuing.pem + leaf.pem, leaf.key, root.pem)).toEqual([
      expect.stringContaining("it is that of the 2nd certificate (ai.corp.example)"),
    ]);
  });
});

describe("a key", () => {
  const encrypted = (type: "pkcs1" | "pkcs8"): string => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return privateKey.export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString();
  };

  it.each<readonly [string, () => string, RegExp]>([
    ["has a passphrase", () => encrypted("pkcs8"), /has a passphrase.*openssl pkey -in FILE/s],
    ["has a passphrase, in the old form", () => encrypted("pkcs1"), /has a passphrase/],
    ["is a certificate", () => leaf.pem, /no private key in PEM form, but a certificate.*other way round/s],
    ["is glued to a certificate", () => withoutNewline(leaf.pem) + leaf.key, /no newline between them/],
    ["is cut off", () => leaf.key.slice(0, 90), /has no end/],
    ["is damaged", () => "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", /the key is damaged/],
    [
      "is a public key",
      () => createPublicKey(leaf.key).export({ type: "spki", format: "pem" }).toString(),
      /no private/,
    ],
    ["is in DER form", () => Buffer.from("30820153", "hex").toString("utf8"), /no private key.*-inform der/s],
    ["is of another certificate", () => root.key, /is not the key of tls\.certFile/],
  ])("that %s is refused, and said why", async (_, key, words) => {
    const found = await check(leaf.pem + issuing.pem, key(), root.pem);

    expect(found).toMatchObject([{ severity: "failure" }]);
    expect(`${found[0]?.message ?? ""} ${found[0]?.remedy ?? ""}`).toMatch(words);
  });

  it("may be that of RSA, and may have lines that end in CR LF or a certificate before it", async () => {
    const rsa = await issueCertificate({ commonName: name, names, issuer: issuing, rsaBits: 2048 });

    for (const key of [rsa.key, rsa.key.replaceAll("\n", "\r\n"), rsa.pem + rsa.key])
      expect(await check(rsa.pem + issuing.pem, key, root.pem)).toEqual([]);
  });
});

describe("the chain", () => {
  it("that lacks the issuing authority is refused where the root is known, and a warning elsewhere", async () => {
    const [given] = await check(leaf.pem, leaf.key, root.pem);
    const [unknown] = await check(leaf.pem);

    expect(given).toMatchObject({ severity: "failure" });
    expect(given?.message).toMatch(/does not lead to tls\.caFile: Corp Issuing, which signed the 1st certificate \(ai/);
    expect(unknown).toMatchObject({ severity: "warning" });
    expect(unknown?.message).toMatch(/has no certificate of Corp Issuing, which signed the 1st certificate/);
  });

  it("to a root of one's own that was not given is a warning", async () => {
    expect(await check(leaf.pem + issuing.pem)).toMatchObject([
      { severity: "warning", message: expect.stringMatching(/^Corp Root, which .*not publicly trusted/) as string },
    ]);
    expect(await check(leaf.pem + issuing.pem + root.pem)).toEqual([]);
  });

  it("may lead to an issuing authority, or be the server's own certificate", async () => {
    expect(await check(leaf.pem, leaf.key, issuing.pem)).toEqual([]);
    expect(await check(leaf.pem + issuing.pem, leaf.key, issuing.pem)).toEqual([]);
    expect(await check(leaf.pem, leaf.key, leaf.pem)).toEqual([]);
  });

  it("of another authority, also one of the same name, is refused", async () => {
    const other = await issueCertificate({ commonName: "Corp Root", authority: true });

    expect(await messages(leaf.pem + issuing.pem, leaf.key, other.pem)).toEqual([
      expect.stringContaining("does not lead to tls.caFile: Corp Root"),
    ]);
  });

  it("with an authority that is over is refused, the authority named", async () => {
    const over = await issueCertificate({
      commonName: "Corp Issuing",
      authority: true,
      issuer: root,
      keyOf: issuing,
      days: [-400, -10],
    });

    const [found] = await check(leaf.pem + over.pem, leaf.key, root.pem);

    expect(found).toMatchObject({ severity: "failure" });
    expect(found?.message).toMatch(/the 2nd certificate \(Corp Issuing\) of tls\.certFile expired on/);
    expect(await check(leaf.pem + issuing.pem + over.pem, leaf.key, root.pem)).toMatchObject([{ severity: "warning" }]);
  });

  it("to a root that is over is refused", async () => {
    const over = await issueCertificate({ commonName: "Corp Root", authority: true, keyOf: root, days: [-400, -10] });

    expect(await check(leaf.pem + issuing.pem, leaf.key, over.pem)).toMatchObject([
      {
        severity: "failure",
        message: expect.stringMatching(/^the 1st certificate \(Corp Root\) of tls\.caFile expired on/) as string,
      },
    ]);
    expect(await check(leaf.pem + issuing.pem, leaf.key, over.pem + root.pem)).toEqual([]);
  });

  it("may lead to one of many authorities, of which others are over, in lines that end in CR LF, a key among them", async () => {
    const others = await Promise.all(
      ["One", "Two"].map((commonName) => issueCertificate({ commonName, authority: true, days: [-400, -10] })),
    );
    const many = [...others.map(({ pem }) => pem), root.pem, root.key].join("# a comment\n");

    expect(await check(leaf.pem + issuing.pem, leaf.key, many)).toEqual([]);
    expect(await check(leaf.pem + issuing.pem, leaf.key, many.replaceAll("\n", "\r\n"))).toEqual([]);
  });

  it("by way of one that is no authority is refused", async () => {
    const clerk = await issueCertificate({ commonName: "Clerk", issuer: root });
    const below = await issueCertificate({ commonName: name, names, issuer: clerk });

    expect(await check(below.pem + clerk.pem, below.key, root.pem)).toMatchObject([
      {
        severity: "failure",
        message: expect.stringMatching(/the 2nd certificate \(Clerk\) .*not marked as an authority/) as string,
      },
    ]);
  });
});

describe("what the gateway and browsers refuse", () => {
  const small = (spec: Partial<Parameters<typeof issueCertificate>[0]>) =>
    issueCertificate({ commonName: name, names, issuer: issuing, ...spec });

  it("a key of 1024 bits, wherever in the chain", async () => {
    const weak = await small({ rsaBits: 1024 });
    const weakAuthority = await issueCertificate({
      commonName: "Old CA",
      authority: true,
      rsaBits: 1024,
      issuer: root,
    });
    const below = await small({ issuer: weakAuthority });

    expect(await messages(weak.pem + issuing.pem, weak.key, root.pem)).toEqual([
      expect.stringMatching(/the 1st certificate .* has an RSA key of 1024 bits/),
    ]);
    expect(await messages(below.pem + weakAuthority.pem, below.key, root.pem)).toEqual([
      expect.stringMatching(/the 2nd certificate \(Old CA\) .* 1024 bits/),
    ]);
  });

  it("a key of a kind that browsers do not know, which the gateway takes, is a warning", async () => {
    const edwards = await small({ curve: "Ed25519" });
    const large = await small({ curve: "P-521" });
    const usual = await small({ curve: "P-384" });

    expect(await check(edwards.pem + issuing.pem, edwards.key, root.pem)).toMatchObject([
      { severity: "warning", message: expect.stringMatching(/kind ed25519, which not every browser/) as string },
    ]);
    expect(await messages(large.pem + issuing.pem, large.key, root.pem)).toEqual([
      expect.stringMatching(/kind EC, curve secp521r1/),
    ]);
    expect(await check(usual.pem + issuing.pem, usual.key, root.pem)).toEqual([]);
  });

  it("a wildcard of another level: it covers one label", async () => {
    const wild = await small({ names: ["*.corp.example"] });

    expect(await messages(wild.pem + issuing.pem, wild.key, root.pem)).toEqual([
      expect.stringMatching(/does not cover s3\.ai\.corp\.example$/),
    ]);
  });

  it("no wildcard for names of applications", async () => {
    const names = ["ai.corp.example", "s3.ai.corp.example", "casdoor.ai.corp.example", "apps.corp.example"];
    const without = await small({ names });
    const withWildcard = await small({ names: [...names, "*.apps.corp.example"] });

    const asked = [
      "appsDomain=apps.corp.example",
      "server.mode=embedded",
      "rproxy.mode=embedded",
      "casdoor.mode=embedded",
    ];
    expect(await messages(without.pem + issuing.pem, without.key, root.pem, asked)).toEqual([
      expect.stringMatching(/does not cover \*\.apps\.corp\.example$/),
    ]);
    expect(await messages(withWildcard.pem + issuing.pem, withWildcard.key, root.pem, asked)).toEqual([]);
  });

  it("a signature with SHA-1, but not that of a root on itself", async () => {
    const signed = await small({ hash: "SHA-1" });
    const oldRoot = await issueCertificate({ commonName: "Corp Root", authority: true, keyOf: root, hash: "SHA-1" });

    expect((await messages(signed.pem + issuing.pem, signed.key, root.pem)).join()).toMatch(/is signed with .*SHA1/i);
    expect(await check(leaf.pem + issuing.pem + oldRoot.pem, leaf.key, root.pem)).toEqual([]);
  });

  it("a common name instead of alternative names", async () => {
    const byName = await small({ names: [] });

    expect((await messages(byName.pem + issuing.pem, byName.key, root.pem)).join()).toMatch(
      /does not cover ai\.corp\.example, .*common name \(CN\) counts for nothing/,
    );
  });

  it("a certificate for clients only", async () => {
    const client = await small({ uses: ["1.3.6.1.5.5.7.3.2"] });
    const both = await small({ uses: ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"] });

    expect(await messages(client.pem + issuing.pem, client.key, root.pem)).toEqual([
      expect.stringContaining("serverAuth"),
    ]);
    expect(await check(both.pem + issuing.pem, both.key, root.pem)).toEqual([]);
  });
});
