import { verify, type X509Certificate } from "node:crypto";
import { jsonOf, sendHttp } from "../../../../toolbox/src/http-request.ts";
import { empty, type Answer, type Exchange } from "./http.ts";
import { signHmacToken } from "./hmac-token.ts";
import { dsnOf, readCertificate } from "./reach.ts";
import type { Environment, Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

const secondsOfLogin = 24 * 3600;

/** Casdoor's answer to a sign-in. */
export async function answerCallback({ url }: Exchange, settings: Settings, environment: Environment): Promise<Answer> {
  const failed = settings.text("STARHUB_SERVER_FAIL_REDIRECT_URL");
  const state = url.searchParams.get("state") ?? "";
  try {
    const token = await signIn(url.searchParams.get("code") ?? "", settings, environment);
    if (state !== "casdoor") throw new Error("this sign-in did not begin here");
    return redirect(`${settings.text("OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL")}?jwt=${token}`);
  } catch (error) {
    const message = encodeURIComponent(`failed to signin: ${error instanceof Error ? error.message : String(error)}`);
    return redirect(`${failed}?error_code=500&error_message=${message}`);
  }
}

function redirect(location: string): Answer {
  return empty(302, { Location: location });
}

/** Exchanges the code, makes the person known to the hub and signs a token of the hub for them. */
async function signIn(code: string, settings: Settings, environment: Environment): Promise<string> {
  const certificate = await readCertificate(settings);
  const accessToken = await exchange(code, settings, environment).catch((error: unknown) => {
    throw new Error(`failed to get token from casdoor,error:${error instanceof Error ? error.message : String(error)}`);
  });
  const person = readPerson(accessToken, certificate);
  await withDatabase(dsnOf(settings), (client) =>
    client.query(
      `INSERT INTO users (username, name, email, uuid, reg_provider) VALUES ($1, $1, nullif($2, ''), $3, 'casdoor') ON CONFLICT (username) DO NOTHING`,
      [person.name, person.email, person.id],
    ),
  );
  const now = Math.floor(Date.now() / 1000);
  const claims = { uuid: person.id, current_user: person.name, iss: "OpenCSG", iat: now, exp: now + secondsOfLogin };
  return signHmacToken(claims, settings.text("STARHUB_JWT_SIGNING_KEY"));
}

async function exchange(code: string, settings: Settings, environment: Environment): Promise<string> {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: settings.text("STARHUB_SERVER_CASDOOR_CLIENT_ID"),
    client_secret: settings.text("STARHUB_SERVER_CASDOOR_CLIENT_SECRET"),
    code,
  });
  const answer = await sendHttp({
    method: "POST",
    url: `${settings.text("STARHUB_SERVER_CASDOOR_ENDPOINT").replace(/\/$/, "")}/api/login/oauth/access_token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
    caFile: environment["SSL_CERT_FILE"],
  });
  const {
    access_token: token,
    error,
    error_description: why,
  } = jsonOf(answer, "the answer of Casdoor") as Partial<
    Record<"access_token" | "error" | "error_description", unknown>
  >;
  if (typeof token === "string" && token !== "") return token;
  throw new Error(`oauth2: "${String(error)}" "${String(why)}"`);
}

interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** @throws {Error} for a token that was not signed with the key of the certificate. */
function readPerson(token: string, certificate: X509Certificate): Person {
  const [head = "", body = "", signature = ""] = token.split(".");
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify("RSA-SHA256", signed, certificate.publicKey, Buffer.from(signature, "base64url")))
    throw new Error("failed to get user info from casdoor,error:crypto/rsa: verification error");
  const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Readonly<Record<string, unknown>>;
  const { id, sub, name, email } = claims;
  if (typeof name !== "string" || name === "") throw new Error("failed to get user info from casdoor,error:no name");
  return { id: String(id ?? sub), name, email: typeof email === "string" ? email : "" };
}
