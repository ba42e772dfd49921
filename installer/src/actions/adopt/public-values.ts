import { createHash, X509Certificate } from "node:crypto";
import { isKnownDefault } from "../preflight/checks/known-defaults.ts";

/**
 * SHA-256 of values that the vendor's files came with, in any of their versions: whoever has the files has these. Digests, so that this file
 * hands nobody a password.
 */
const shippedValues: ReadonlySet<string> = new Set([
  "053eb8dd9de2c551d7c305c8cfccaec95f37209922c43acaa8357588afe381af",
  "14f4ccaae456a385ad33427de6ca4034045ed2f419a0aa8669f94f407b6f8132",
  "3107b2f4ac5fdbfb12b9fc8cf73db78a7542207305dede565fc1f357198290a1",
  "9a3a19bb9d569f3b2519d7ce4d8f233603a3bf88798c15f3fc887ed1e2fe7d06",
  "a15031cedc5c0c9715a5509e4582f1eb9867d918c05beea33e62a321ccc9e57d",
  "ac806bdabdd140ca3c2aec624547f27ff090aa14948aa855218542a19ac0efa1",
  "c873315e9823f4eaf55111479ff6ca22ec7d8cc5e7132f71c124a4e095dd553f",
  "dfad92f8f9c2a0e6c69ef70bd3644a0029cce01b4a93ef26517f2b4f712f2e02",
  "e6de510e0842246105995d3c66305b47c2ee9336fc382d0eca4c4e68625193f3",
  "e6ed9687490719c86403877641a07b6ff09b9873558381c72ba7999abb820aeb",
  "f038387da6a928db8cb7cb345f4e1bdd38520839e9d327f4557c37382ae66eaf",
  "6e4b658cac7c34885c71bb5447a6442df010a8ee450eec86ea0833a0b146b8ad",
  "84cdb6b6b028bd93171790eaa5f7d19e6a0ef5256f86d69d765efa7119515f67",
  "f3787ee0a8d5edf46be4aee14dcc875f2c15fc1319481be336665abf7db6832d",
  "616501bdf6629d3a966db6a9ec76661577eb61edba019ea693e6ea0fbdf12573",
  "169b685e0510b459ec69b4270643d0f52687358c4216ced3c33af5a7ce6dfd28",
]);

/** SHA-256 of public keys whose private halves came with the vendor's files. */
const shippedKeys: ReadonlySet<string> = new Set([
  "9817f88c7821ba09cf1754d56d5e91ddf3a0ef0ef3b89608eeb822fb8f9dc6ad",
  "a3b6595fabdeedc661d6c02fcf02dbd38a417c0734584f3d9db9a5f144ef9534",
  "c474aa82e76155fd0a6bb552bd122e8e7fe24a320ee33dd1a2ac672d7e68b59f",
  "c7e3a188e5a3e3c3be287445b4c634f8c03c5712d881b42ccaba3d717a49c960",
  "ec15e580828770e0ef88d879e5311d70c5521b1a79e1b1a2d2aced4efb37737a",
]);

/** Names of the vendor's services. */
const services: readonly string[] = ["casdoor", "gitaly", "minio", "nats", "postgres", "redis", "registry", "temporal"];

function digestOf(value: string | Uint8Array): string {
  return createHash("sha256").update(value).digest("hex");
}

/** Whether a value came with the vendor's files, or is one that everybody tries first. */
export function isPublicValue(value: string): boolean {
  return shippedValues.has(digestOf(value)) || isKnownDefault(value, services);
}

/** Whether the private key of a certificate is one of some, by default of those that came with the vendor's files; undefined for what is no certificate. */
export function hasPublicKey(pem: string, shipped: ReadonlySet<string> = shippedKeys): boolean | undefined {
  try {
    return shipped.has(digestOf(new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" })));
  } catch {
    return undefined;
  }
}
