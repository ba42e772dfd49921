import { createHash, randomBytes } from "node:crypto";
import { type HttpRequest, jsonOf, sendHttp } from "../../../../../toolbox/src/http-request.ts";
import { passwordOf } from "./company.ts";

export interface SignedIn {
  readonly status: unknown;
  readonly msg: unknown;
  /** The code for the hub. */
  readonly data: unknown;
}

export interface WayIn {
  /** How Casdoor is reached; its public address unless told. */
  readonly casdoor: Pick<HttpRequest, "url" | "caFile" | "resolve">;
  /** Where people know Casdoor. */
  readonly origin: string;
  readonly hubClientId: string;
  readonly hubCallback: string;
  /** The authority of the provider. */
  readonly caFile: string;
  /** Proves to the provider that another browser asked. */
  readonly wrongVerifier?: string;
}

interface Page {
  readonly msg: string;
  readonly data: {
    readonly name: string;
    readonly providers: readonly { readonly provider: Readonly<Record<string, string>> }[];
  };
}

/** Goes the way of a browser: what the page offers, the provider's page, back to Casdoor. */
export async function signInByProvider(username: string, way: WayIn): Promise<SignedIn> {
  const query = new URLSearchParams({
    clientId: way.hubClientId,
    responseType: "code",
    redirectUri: way.hubCallback,
    type: "code",
    scope: "read",
    state: "casdoor",
  }).toString();
  const casdoor = (path: string, rest: Partial<HttpRequest> = {}): HttpRequest => ({
    ...way.casdoor,
    ...rest,
    url: `${way.casdoor.url}${path}?${query}`,
  });
  const { msg, data } = jsonOf(await sendHttp(casdoor("/api/get-app-login")), "the page") as Page;
  const offer = data.providers[0]?.provider;
  if (offer === undefined) throw new Error(`the page offers no provider: ${msg}`);
  const verifier = randomBytes(32).toString("base64url");
  const code = await askProvider(username, { way, offer, verifier });
  const form = {
    type: "code",
    application: data.name,
    provider: offer["name"],
    code,
    state: data.name,
    redirectUri: `${way.origin}/callback`,
    method: "signin",
    codeVerifier: way.wrongVerifier ?? verifier,
  };
  const answer = await sendHttp(casdoor("/api/login", { method: "POST", body: JSON.stringify(form) }));
  return jsonOf(answer, "Casdoor's answer") as SignedIn;
}

interface Asked {
  readonly way: WayIn;
  readonly offer: Readonly<Record<string, string>>;
  readonly verifier: string;
}

async function askProvider(username: string, { way, offer, verifier }: Asked): Promise<string> {
  const asked = new URLSearchParams({
    client_id: offer["clientId"] ?? "",
    redirect_uri: `${way.origin}/callback`,
    scope: offer["scopes"] ?? "",
    response_type: "code",
    state: "opaque",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const answer = await sendHttp({
    method: "POST",
    url: `${offer["customAuthUrl"] ?? ""}?${asked}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ username, password: passwordOf(username) }).toString(),
    caFile: way.caFile,
  });
  const { location } = answer.headers;
  if (location === undefined) throw new Error(`the provider does not lead back: ${answer.status}`);
  return new URL(location).searchParams.get("code") ?? "";
}
