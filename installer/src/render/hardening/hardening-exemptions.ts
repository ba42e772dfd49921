import type { HardeningExemption } from "./exemptions.ts";

/** What runs from images that we do not build, known by tag until they are pulled. */
const byTag = /casdoor|csghub|label-studio/;

/** The only places where rendered output may break a rule. An entry that nothing needs, or that has run out, fails the check. */
export const hardeningExemptions: readonly HardeningExemption[] = [
  {
    rule: "S01",
    target: "compose",
    where: /^csghub-dataviewer-extensions$/,
    reason:
      "copies what the hub's image keeps in root's home, which nobody else may open: once, without capabilities, network, secrets and a writable root, to a volume that is read-only for whoever uses it",
    owner: "plan",
    expires: "2027-11-30",
  },
  {
    rule: "S10",
    target: "both",
    where: byTag,
    reason: "a third-party image by tag: its digest is written to the lock of an install once it has been pulled",
    owner: "images",
    expires: "2027-05-31",
  },
  {
    rule: "S11",
    target: "helm",
    where: byTag,
    reason: "follows from S10; with a digest IfNotPresent is safe",
    owner: "images",
    expires: "2027-05-31",
  },
  {
    rule: "S16",
    target: "both",
    where: /./,
    reason: "inside the data network, which leads nowhere, services still talk without TLS; TLS ends at the gateway",
    owner: "plan",
    expires: "2027-05-31",
  },
  {
    rule: "S24",
    target: "both",
    where: /\/valkey\.conf$/,
    reason: "the hub's services take one Redis password and no user name",
    owner: "plan",
    expires: "2027-05-31",
  },
  {
    rule: "S26",
    target: "both",
    where: /\/distribution\/config\.yml$/,
    reason: "deleting is refused by method at the gateway until token authentication tells users' rights apart",
    owner: "plan",
    expires: "2027-05-31",
  },
];
