import { partsOf, secretFile } from "../../../execute/secrets/secret-parts.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import type { SecretSpec } from "../../../plan/model.ts";
import { type FoundCertificate, readCertificates } from "../../../platform/pem.ts";
import type { CheckFinding } from "../../../targets/check.ts";
import { type LiveCheck, type LiveCheckContext, seen } from "./live-check.ts";
import { ownerOf } from "./tls-key.ts";

/** One part of a secret; undefined where it is not there or may not be read, which other checks tell. */
async function readPart({ fs, stateDir }: LiveCheckContext, name: string, part: string): Promise<string | undefined> {
  return fs.readTextIfPresent(secretFile(stateLayout(stateDir).secrets, name, part)).catch(() => undefined);
}

async function readFirst(context: LiveCheckContext, name: string): Promise<FoundCertificate | undefined> {
  return readCertificates((await readPart(context, name, "certificate")) ?? "").certificates[0];
}

const keyPairs: LiveCheck = {
  id: "live.key-pairs",
  title: "every certificate made here has its own key beside it",
  why: "a service does not start with the key of another certificate, as after one of the two files was put back alone",
  severity: "failure",
  run: async (context) => {
    if (seen(context) === undefined) return [];
    const pairs = context.plan.secrets.filter(({ generator }) => {
      const parts = partsOf(generator);
      return parts.includes("privateKey") && parts.includes("certificate");
    });
    return (await Promise.all(pairs.map((spec) => checkPair(context, spec)))).flat();
  },
};

async function checkPair(context: LiveCheckContext, { name }: SecretSpec): Promise<readonly CheckFinding[]> {
  const [certificate, key] = await Promise.all([readFirst(context, name), readPart(context, name, "privateKey")]);
  if (certificate === undefined || key === undefined) return [];
  if (ownerOf([certificate], key) !== undefined) return [];
  return [
    {
      message: `${name}.privateKey is not the key of ${name}.certificate`,
      remedy: `put both back from one backup, or have both made anew: slipway secrets rotate ${name}`,
    },
  ];
}

const issuer: LiveCheck = {
  id: "live.issuer",
  title: "certificates made here are signed by the authority that people were given",
  why: "who trusts that authority refuses what another one signed",
  severity: "failure",
  run: async (context) => {
    if (seen(context) === undefined) return [];
    const found = await Promise.all(
      context.plan.secrets.map(async ({ name, generator }): Promise<readonly CheckFinding[]> => {
        if (generator.kind !== "tls-leaf") return [];
        const [leaf, authority] = await Promise.all([
          readFirst(context, name),
          readFirst(context, generator.authority),
        ]);
        if (leaf === undefined || authority === undefined) return [];
        if (leaf.certificate.verify(authority.certificate.publicKey)) return [];
        return [
          {
            message: `${name} is not signed by ${generator.authority}, the authority of this install`,
            remedy: `have it made anew: slipway secrets rotate ${name}`,
          },
        ];
      }),
    );
    return found.flat();
  },
};

export const liveKeyChecks: readonly LiveCheck[] = [keyPairs, issuer];
