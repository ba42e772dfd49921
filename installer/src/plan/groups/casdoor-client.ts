import { servedUrl } from "../../values/addressing.ts";
import type { PlanContext } from "../define.ts";
import type { SecretSlot, Slotted } from "../model.ts";
import { secret } from "../text.ts";
import { ownerLogin } from "./postgres-client.ts";
import { publicResolve, verifyCaFile } from "./public-address.ts";

/** Where Casdoor keeps what it knows. */
export const casdoorDatabase = "csghub_casdoor";

/** The hub as Casdoor knows it: the application that people sign in to. */
export interface CasdoorClient {
  /** Public URL without a trailing slash; people and programs use the same one. */
  readonly url: string;
  readonly organization: string;
  readonly application: string;
  readonly clientId: string | SecretSlot;
  readonly clientSecret: SecretSlot;
  /** The certificate that tokens are checked with, PEM. */
  readonly certificate: SecretSlot;
}

/** How the hub signs people in; undefined where nobody can sign in. */
export function casdoorClient(context: PlanContext): CasdoorClient | undefined {
  const { mode, external, organization } = context.values.casdoor;
  const application = "CSGHub";
  switch (mode) {
    case "off":
      return undefined;
    case "external":
      return {
        url: external.url.replace(/\/$/, ""),
        organization,
        application,
        clientId: external.clientId,
        clientSecret: secret("casdoor-external"),
        certificate: secret("casdoor-external-certificate"),
      };
    case "embedded":
      return {
        url: servedUrl(context.addressing, "casdoor"),
        organization,
        application,
        clientId: secret("casdoor-csghub-id"),
        clientSecret: secret("casdoor-csghub-secret"),
        certificate: secret("casdoor-signing", { part: "certificate" }),
      };
  }
}

/** Where Casdoor sends people back to. */
export function signInCallback({ addressing }: PlanContext): string {
  return `${addressing.mainUrl}/api/v1/callback/casdoor`;
}

/** `state` that the hub gives its sign-ins; the gateway lets no other back in. */
export const signInState = "casdoor";

/** How often one address may sign in: one for a whole company is common, so it is no few, and still far from what guessing needs. */
export const signInLimit = { perMinute: 60, atOnce: 30 } as const;

/** What a check needs to let somebody of its own sign in; undefined where Casdoor is not this platform's, whose people it does not touch. */
export function signInCheck(context: PlanContext): Readonly<Record<string, Slotted>> | undefined {
  const client = casdoorClient(context);
  if (client === undefined || context.values.casdoor.mode !== "embedded") return undefined;
  return {
    issuer: client.url,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    redirectUri: signInCallback(context),
    organization: client.organization,
    application: client.application,
    database: ownerLogin(context, casdoorDatabase),
    ...verifyCaFile(context),
    ...publicResolve(context, "casdoor"),
  };
}
