import { servedUrl } from "../../values/addressing.ts";
import { givenSecret, type PlanContext } from "../define.ts";
import type { ConfigFile, EnvVariable, SecretSlot, SecretSpec, Slotted, Text } from "../model.ts";
import { concat, endpoint, secret, textFile } from "../text.ts";
import { outsideAuthorities } from "./public-address.ts";

/** What other components know the provider of the company's accounts by. */
export const providerEndpoint = "openid-provider.https";

const clientSecret = "openid-provider-client";
const authority = "openid-provider-ca";
const caPath = "/run/slipway/openid-provider-ca.crt";

/** Whether people sign in with accounts of the company. */
export function hasCompanyAccounts({ values }: PlanContext): boolean {
  return values.casdoor.mode === "embedded" && values.casdoor.provider.issuer !== "";
}

/** Where the provider sends people back to; it must know it. */
export function providerCallback({ addressing }: PlanContext): string {
  return `${servedUrl(addressing, "casdoor")}/callback`;
}

/** What the toolbox is told of the provider by whatever reads it. */
export function providerClient({ values }: PlanContext): Readonly<Record<string, Slotted>> {
  const { issuer, clientId, scopes } = values.casdoor.provider;
  return { issuer, discoveryUrl: concat(discoveryUrl(issuer)), clientId, clientSecret: secret(clientSecret), scopes };
}

/** The `caFile` field beside it, of a job that has `providerCaFiles`. */
export function providerCaFile(context: PlanContext): { readonly caFile?: string } {
  return providerAuthority(context) === undefined ? {} : { caFile: caPath };
}

/** Whom the provider's certificate is checked with: an authority of its own, else those of all services elsewhere. */
export function providerAuthority(context: PlanContext): SecretSlot | undefined {
  return context.values.casdoor.provider.caFile === "" ? outsideAuthorities(context).ca : secret(authority);
}

/** By the endpoint's own name, so that whoever reads it is let through to it. */
function discoveryUrl(issuer: string): Text {
  const { port, pathname } = new URL(issuer);
  const path = `${pathname.replace(/\/$/, "")}/.well-known/openid-configuration`;
  return ["https://", endpoint(providerEndpoint, port === "" ? "host" : "hostPort"), path];
}

/** The provider's authority as a file of a container that talks to it. */
export function providerCaFiles(context: PlanContext): readonly ConfigFile[] {
  const trusted = hasCompanyAccounts(context) ? providerAuthority(context) : undefined;
  return trusted === undefined ? [] : [{ path: caPath, contents: textFile([trusted]) }];
}

/** Lets a program made with Go trust it, beside the authorities of its image. */
export function providerCaVariables(context: PlanContext): readonly EnvVariable[] {
  return providerCaFiles(context).map(({ path }) => ({ name: "SSL_CERT_FILE", value: [path] }));
}

export function providerSecrets({ values }: PlanContext): readonly SecretSpec[] {
  const { clientSecretFile, caFile } = values.casdoor.provider;
  return [
    givenSecret(
      clientSecret,
      "client secret at the provider of the company's accounts",
      "casdoor.provider.clientSecret",
      clientSecretFile,
    ),
    ...(caFile === ""
      ? []
      : [
          {
            name: authority,
            description: "authority of the provider's certificate, given",
            generator: { kind: "given-file", path: caFile } as const,
          },
        ]),
  ];
}
