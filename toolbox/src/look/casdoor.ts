import { createPublicKey, X509Certificate } from "node:crypto";
import type { OutsideCasdoor } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { excerpt, type HttpAnswer, jsonOf, sendHttp } from "../http-request.ts";
import type { JsonWebKeySet, SetKey } from "../json-web-token.ts";
import { clockRemedy, describeClock, secondsAhead } from "./clocks.ts";
import type { LookContext } from "./look-context.ts";

/** The hub takes no token from the future, and answers need a moment. */
const mostAhead = 5;

/** What it knows of the hub: nobody signs in for this. */
export async function lookAtCasdoor(service: OutsideCasdoor, context: LookContext): Promise<void> {
  const { found } = context;
  const url = service.url.replace(/\/$/, "");
  const answer = await get(`${url}/.well-known/openid-configuration`, context);
  const discovery = jsonOf(answer, "the discovery document") as {
    readonly issuer?: string;
    readonly jwks_uri?: string;
  };
  const ahead = secondsAhead(answer.headers) ?? 0;
  if (ahead > mostAhead) {
    found(
      "failure",
      `the clock of Casdoor ${describeClock(ahead)}: the hub refuses tokens from the future`,
      clockRemedy,
    );
  }
  if (discovery.issuer !== url) {
    found(
      "failure",
      `it calls itself ${String(discovery.issuer)}, not ${url}`,
      "set casdoor.external.url to that, or `origin` in Casdoor's app.conf to the URL that people use",
    );
  }
  await lookAtCertificate(service, discovery.jwks_uri ?? `${url}/.well-known/jwks`, context);
  await lookAtApplication(service, url, context);
  await lookAtSecret(service, url, context);
}

async function get(url: string, { caFile, signal }: LookContext): Promise<HttpAnswer> {
  const answer = await sendHttp({ url, caFile, signal });
  if (answer.status === 200) return answer;
  throw new ToolboxError(`${url} answered ${answer.status}: ${excerpt(answer.body)}`, {
    advice: "another service answers there, or a proxy in its place: look at casdoor.external.url",
  });
}

async function lookAtCertificate({ certificate }: OutsideCasdoor, uri: string, context: LookContext): Promise<void> {
  const { keys = [] } = jsonOf(await get(uri, context), "the key set") as JsonWebKeySet;
  let given: X509Certificate;
  try {
    given = new X509Certificate(certificate);
  } catch (error) {
    const remedy = "put the certificate of the application into casdoor.external.certificateFile, in PEM form";
    context.found("failure", `the given certificate cannot be read: ${errorText(error)}`, remedy);
    return;
  }
  if (keys.some((key) => isKeyOf(key, given))) return;
  context.found(
    "failure",
    `it signs with none of the key of the given certificate (${given.subject}); the hub would refuse every sign-in`,
    "put the certificate that Casdoor's application names (Certs in its pages) into casdoor.external.certificateFile",
  );
}

function isKeyOf(key: SetKey, certificate: X509Certificate): boolean {
  try {
    return createPublicKey({ key, format: "jwk" }).equals(certificate.publicKey);
  } catch {
    return false;
  }
}

/** Casdoor's page of the sign-in asks this first (controllers/auth.go): it tells of a wrong client and a wrong redirect address. */
async function lookAtApplication(service: OutsideCasdoor, url: string, context: LookContext): Promise<void> {
  const query = new URLSearchParams({
    clientId: service.clientId,
    responseType: "code",
    redirectUri: service.redirectUri,
    type: "code",
    scope: "read",
    state: "casdoor",
  });
  const answer = await get(`${url}/api/get-app-login?${query.toString()}`, context);
  const { status, msg = "" } = jsonOf(answer, "the answer about the application") as { status?: string; msg?: string };
  if (status === "ok") return;
  const isRedirect = /redirect/i.test(msg);
  context.found(
    "failure",
    `its application does not take the hub's sign-ins: ${msg}`,
    isRedirect
      ? `add to the redirect URLs of the application: ${service.redirectUri}`
      : "set casdoor.external.clientId to the client id of the application",
  );
}

/** As the hub asks for people: by id and secret of its application. */
async function lookAtSecret(service: OutsideCasdoor, url: string, context: LookContext): Promise<void> {
  const query = new URLSearchParams({ owner: service.organization, p: "1", pageSize: "1" });
  const answer = await sendHttp({
    url: `${url}/api/get-users?${query.toString()}`,
    headers: {
      authorization: `Basic ${Buffer.from(`${service.clientId}:${service.clientSecret}`).toString("base64")}`,
    },
    caFile: context.caFile,
    signal: context.signal,
  });
  const { status, msg = "" } = jsonOf(answer, "the answer about people") as { status?: string; msg?: string };
  if (status === "ok") return;
  context.found(
    "failure",
    `its application does not take the client secret, or may not see people of ${service.organization}: ${msg}`,
    "give the secret that stands at the application as casdoor.external.clientSecretFile, and its organization as casdoor.organization",
  );
}
