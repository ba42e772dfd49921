import { beforeAll, describe, expect, it } from "vitest";
import { fakeContext } from "../../../../test/support/fake-check-context.ts";
import { type IssuedCertificate, issueCertificate } from "../../../../test/support/issue-certificate.ts";
import { findings } from "./testing/findings.ts";

const secrets = "/var/lib/slipway/slipway/secrets";
const status = { components: [], foreign: [] };
const set = ["domain=ai.corp.example", "tls.mode=self-signed"];

/** Names of the pair that was issued and of its authority, as the plan calls them. */
const leafOf = () => {
  for (const { name, generator } of fakeContext({ set }).plan.secrets)
    if (generator.kind === "tls-leaf") return { leaf: name, authority: generator.authority };
  throw new Error("no certificate is made");
};

let authority: IssuedCertificate;
let leaf: IssuedCertificate;
let other: IssuedCertificate;

beforeAll(async () => {
  authority = await issueCertificate({ commonName: "Lab", authority: true });
  leaf = await issueCertificate({ commonName: "ai.corp.example", issuer: authority });
  other = await issueCertificate({ commonName: "Lab", authority: true });
});

function filesWith(changed: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = leafOf();
  const sound = {
    [`${names.authority}.certificate`]: authority.pem,
    [`${names.authority}.privateKey`]: authority.key,
    [`${names.leaf}.certificate`]: leaf.pem,
    [`${names.leaf}.privateKey`]: leaf.key,
  };
  return Object.fromEntries(
    Object.entries({ ...sound, ...changed }).map(([name, text]) => [`${secrets}/${name}`, text]),
  );
}

describe("certificates that were made here", () => {
  it("are well with their own keys, signed by their authority", async () => {
    const files = filesWith({});

    expect(await findings("live.key-pairs", { status, files, set })).toEqual([]);
    expect(await findings("live.issuer", { status, files, set })).toEqual([]);
  });

  it("with the key of another are told", async () => {
    const { leaf: name } = leafOf();
    const files = filesWith({ [`${name}.privateKey`]: other.key });

    expect(await findings("live.key-pairs", { status, files, set })).toMatchObject([
      { severity: "failure", message: `${name}.privateKey is not the key of ${name}.certificate` },
    ]);
  });

  it("signed by another authority of the same name are told", async () => {
    const names = leafOf();
    const files = filesWith({
      [`${names.authority}.certificate`]: other.pem,
      [`${names.authority}.privateKey`]: other.key,
    });

    expect(await findings("live.key-pairs", { status, files, set })).toEqual([]);
    expect(await findings("live.issuer", { status, files, set })).toMatchObject([
      { severity: "failure", remedy: `have it made anew: slipway secrets rotate ${names.leaf}` },
    ]);
  });

  it("are not looked at before anything is installed", async () => {
    const files = filesWith({ [`${leafOf().leaf}.privateKey`]: other.key });

    expect(await findings("live.key-pairs", { files, set })).toEqual([]);
  });
});
