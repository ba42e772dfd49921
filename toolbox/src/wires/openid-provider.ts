import { createHash, randomBytes } from "node:crypto";
import type { OpenidProviderWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { excerpt, type HttpAnswer, sendHttp } from "../http-request.ts";
import { discoverProvider, type ProviderDiscovery } from "../protocols/openid-provider.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const openidProviderCheck: WireCheck<OpenidProviderWire> = {
  address: (wire) => wire.issuer,
  expectation: () => "the company's provider is who it says, knows this client and takes people back",
  prove: proveProvider,
};

/** More would make tokens and certificates invalid somewhere. */
const skewSeconds = 60;

async function proveProvider(wire: OpenidProviderWire, context: WireContext): Promise<void> {
  const discovery = await discoverProvider(wire, context.signal);
  context.note("discovery names the right issuer; every endpoint is https");
  proveClock(discovery, context);
  noteUnlisted(wire, discovery, context);
  await proveClient(wire, discovery, context);
  await proveCallback(wire, discovery, context);
}

function proveClock({ date }: ProviderDiscovery, context: WireContext): void {
  if (date === undefined) {
    context.note("the provider does not tell its time");
    return;
  }
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  if (Math.abs(seconds) > skewSeconds)
    throw new ToolboxError(
      `this host's clock is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the provider's`,
      {
        advice: "set the clock that is wrong and switch time synchronisation on: timedatectl set-ntp true",
      },
    );
  context.note(`clocks differ by ${Math.abs(seconds)} s`);
}

function noteUnlisted(wire: OpenidProviderWire, { scopes, challengeMethods }: ProviderDiscovery, context: WireContext) {
  const missing = wire.scopes.split(" ").filter((scope) => scopes?.includes(scope) === false);
  if (missing.length > 0) context.note(`the provider does not list the scopes ${missing.join(", ")}`);
  if (challengeMethods?.includes("S256") !== true)
    context.note("the provider does not list PKCE (S256), which binds a code to the browser that asked for it");
}

/** A code that nobody gave: whoever answers that it is wrong has taken the client's secret. */
async function proveClient(
  { clientId, clientSecret, callbackUrl, caFile }: OpenidProviderWire,
  { tokenUrl }: ProviderDiscovery,
  context: WireContext,
): Promise<void> {
  const login = [clientId, clientSecret].map(encodeURIComponent).join(":");
  const answer = await sendHttp({
    method: "POST",
    url: tokenUrl,
    headers: {
      authorization: `Basic ${Buffer.from(login).toString("base64")}`,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: `slipway-verify-${randomBytes(8).toString("hex")}`,
      redirect_uri: callbackUrl,
      code_verifier: randomBytes(32).toString("base64url"),
    }).toString(),
    caFile,
    signal: context.signal,
  });
  const error = errorOf(answer);
  if (error === "invalid_grant") {
    context.note("the provider knows the client and its secret");
    return;
  }
  if (error === "invalid_client" || error === "unauthorized_client" || answer.status === 401)
    throw new ToolboxError(
      `the provider does not know the client ${clientId} with this secret: ${excerpt(answer.body)}`,
      {
        advice:
          "give casdoor.provider.clientId and clientSecretFile what the provider has, and allow the code flow there",
      },
    );
  context.note(
    `whether the provider knows the client is not known: it answered ${answer.status} ${error ?? ""}`.trim(),
  );
}

function errorOf({ body }: HttpAnswer): string | undefined {
  try {
    const { error } = JSON.parse(body.toString("utf8")) as { readonly error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}

/** As the sign-in page sends a browser there, which is asked to sign in unless the provider refuses what it was sent with. */
async function proveCallback(
  wire: OpenidProviderWire,
  discovery: ProviderDiscovery,
  context: WireContext,
): Promise<void> {
  const url = new URL(discovery.authorizationUrl);
  const asked = {
    client_id: wire.clientId,
    redirect_uri: wire.callbackUrl,
    scope: wire.scopes,
    response_type: "code",
    state: randomBytes(8).toString("hex"),
    code_challenge: createHash("sha256").update(randomBytes(32)).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  const answer = await sendHttp({ url: url.href, caFile: wire.caFile, signal: context.signal });
  const back = URL.parse(answer.headers.location ?? "", url.href);
  const refusal = back?.href.startsWith(wire.callbackUrl) === true ? back.searchParams.get("error") : null;
  // A provider that may not ask anybody, as it was asked for no page, still took the client and where it wants people back.
  if (refusal !== null && refusal !== "login_required")
    throw new ToolboxError(
      `the provider refuses a sign-in: ${refusal} ${back?.searchParams.get("error_description") ?? ""}`.trim(),
      { advice: "look at the client at the provider: code flow, scopes of casdoor.provider.scopes, who may use it" },
    );
  if (answer.status >= 400)
    throw new ToolboxError(`the provider shows an error (${answer.status}) instead of its sign-in`, {
      advice: `register ${wire.callbackUrl} as a redirect URI of the client ${wire.clientId} at the provider`,
    });
  context.note(`the provider takes people back to ${wire.callbackUrl}`);
}
