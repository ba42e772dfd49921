import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { issueCertificate } from "../../../../test/support/issue-certificate.ts";
import { buildChain } from "./certificate-chain.ts";
import { readCertificates } from "../../../platform/pem.ts";

const now = new Date();

async function crossSigned() {
  const old = await issueCertificate({ commonName: "Old Root", authority: true });
  const root = await issueCertificate({ commonName: "New Root", authority: true });
  const cross = await issueCertificate({ commonName: "New Root", authority: true, issuer: old, keyOf: root });
  const issuing = await issueCertificate({ commonName: "Issuing", authority: true, issuer: root });
  const leaf = await issueCertificate({ commonName: "a.example", names: ["a.example"], issuer: issuing });
  const follow = (...trusted: readonly { readonly pem: string }[]) => {
    const [server, ...others] = readCertificates(leaf.pem + issuing.pem + cross.pem).certificates;
    if (server === undefined) throw new Error("no certificate was read");
    const chain = buildChain(
      server,
      others,
      trusted.map(({ pem }) => new X509Certificate(pem)),
      now,
    );
    return { length: chain.links.length, anchors: chain.anchors.length, signsItself: chain.signsItself };
  };
  return { old, root, follow };
}

test("a chain that an old authority signed too ends at whichever of both is known", async () => {
  const { old, root, follow } = await crossSigned();

  expect(follow(root)).toEqual({ length: 2, anchors: 1, signsItself: false });
  expect(follow(old)).toEqual({ length: 3, anchors: 1, signsItself: false });
  expect(follow(old, root)).toEqual({ length: 2, anchors: 1, signsItself: false });
  expect(follow()).toEqual({ length: 3, anchors: 0, signsItself: false });
});
