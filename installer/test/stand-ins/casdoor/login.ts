import { checkAuthorization, createCode, type CodeRequest } from "./oauth.ts";
import { offeredApplication } from "./applications.ts";
import { type Application, completeRecord, type User } from "./records.ts";
import { type Answer, envelope, type Exchange } from "./exchange.ts";
import type { ProviderForm } from "./provider-client.ts";
import { userOfProvider } from "./provider-signin.ts";
import { checkPassword, Refusal } from "./signin.ts";

interface LoginForm extends ProviderForm {
  readonly organization: string;
  readonly username: string;
  readonly password: string;
  readonly signinMethod: string;
  readonly type: string;
}

/**
 * `GET /api/get-app-login`: whether the web UI may show a sign-in page for these parameters. Only a code's are looked at, and a refusal
 * says which application it is about all the same.
 */
export async function answerAppLogin(exchange: Exchange): Promise<Answer> {
  if (exchange.url.searchParams.get("type") !== "code") return envelope({ status: "ok" });
  const request = codeRequest(exchange, "");
  const named = (await exchange.store.find("application", { clientId: request.clientId }))[0];
  const application = named === undefined ? null : await offeredApplication(exchange.store, named);
  try {
    await checkAuthorization(exchange.store, request);
    return envelope({ status: "ok", data: application });
  } catch (error) {
    if (error instanceof Refusal) throw new Refusal(error.message, application);
    throw error;
  }
}

/** `POST /api/login`: a password, or what a provider gave, against a session (`login`) or an authorization code (`code`). */
export async function answerLogin(exchange: Exchange): Promise<Answer> {
  const form = readForm(exchange.body);
  if (form.username === "" && form.provider === "")
    throw new Refusal("Unknown authentication type (not password or provider)");
  const application = await exchange.store.get("application", "admin", form.application);
  if (application === undefined) throw new Refusal(`The application: ${form.application} does not exist`);
  const user = await (form.username === ""
    ? userOfProvider(exchange, application, form)
    : userOfPassword(exchange, application, form));
  if (user.isForbidden) throw new Refusal("The user is forbidden to sign in, please contact the administrator");
  await refuseClosed(exchange, application);
  const answer = await loggedIn(exchange, { form, application, user });
  exchange.about.userId = idOf(user);
  await rememberSession(exchange, application, user);
  return answer;
}

async function userOfPassword(exchange: Exchange, application: Application, form: LoginForm): Promise<User> {
  if (!allowsPassword(application, form.signinMethod))
    throw new Refusal("The login method: login with password is not enabled for the application");
  return checkPassword(exchange, form.organization, form.username, form.password);
}

interface Login {
  readonly form: LoginForm;
  readonly application: Application;
  readonly user: User;
}

async function loggedIn(exchange: Exchange, { form, application, user }: Login): Promise<Answer> {
  switch (form.type) {
    case "login":
      exchange.session.userId = idOf(user);
      return envelope({ status: "ok", data: idOf(user), data3: false });
    case "code": {
      const request = { ...codeRequest(exchange, form.signinMethod), provider: form.provider };
      const method = exchange.url.searchParams.get("code_challenge_method") ?? "";
      if (!["", "null", "S256"].includes(method)) throw new Refusal("Challenge method should be S256");
      const code = await createCode(exchange, user, request);
      if (application.enableSigninSession) exchange.session.userId = idOf(user);
      return envelope({ status: "ok", data: code, data3: false });
    }
    case "token":
    case "id_token":
      throw new Refusal(`error: grant_type: ${form.type} is not supported in this application`);
    default:
      throw new Refusal(`unknown response type: ${form.type}`);
  }
}

/** Someone already signed in is sent straight on by an application with automatic sign-in. */
export async function autoSignin(exchange: Exchange): Promise<string | undefined> {
  const query = exchange.url.searchParams;
  const [owner, name] = exchange.session.userId.split("/");
  const redirectUri = query.get("redirect_uri") ?? "";
  if (owner === undefined || name === undefined || query.get("response_type") !== "code" || redirectUri === "")
    return undefined;
  const user = await exchange.store.get("user", owner, name);
  const clientId = query.get("client_id") ?? "";
  const application = (await exchange.store.find("application", { clientId }))[0];
  if (user === undefined || application?.enableAutoSignin !== true) return undefined;
  const code = await createCode(exchange, user, {
    clientId,
    responseType: "code",
    redirectUri,
    scope: query.get("scope") ?? "",
    nonce: query.get("nonce") ?? "",
    codeChallenge: query.get("code_challenge") ?? "",
    signinMethod: "autoSignin",
    issuer: exchange.issuer,
  });
  return `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}code=${code}&state=${query.get("state") ?? ""}`;
}

function codeRequest(exchange: Exchange, signinMethod: string): CodeRequest {
  const query = exchange.url.searchParams;
  return {
    clientId: query.get("clientId") ?? "",
    responseType: query.get("responseType") ?? "",
    redirectUri: query.get("redirectUri") ?? "",
    scope: query.get("scope") ?? "",
    nonce: query.get("nonce") ?? "",
    codeChallenge: query.get("code_challenge") ?? "",
    signinMethod,
    issuer: exchange.issuer,
  };
}

function readForm(body: string): LoginForm {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch (error) {
    throw new Refusal(error instanceof Error ? error.message : "not JSON");
  }
  if (typeof document !== "object" || document === null) throw new Refusal("json: cannot unmarshal into form.AuthForm");
  const fields = document as Readonly<Record<string, unknown>>;
  const text = (name: string): string => {
    const value = fields[name] ?? "";
    if (typeof value !== "string")
      throw new Refusal(`json: cannot unmarshal into field AuthForm.${name} of type string`);
    return value;
  };
  return {
    application: text("application"),
    organization: text("organization"),
    username: text("username"),
    password: text("password"),
    signinMethod: text("signinMethod"),
    type: text("type"),
    provider: text("provider"),
    code: text("code"),
    state: text("state"),
    redirectUri: text("redirectUri"),
    method: text("method"),
    codeVerifier: text("codeVerifier"),
  };
}

function allowsPassword(application: Application, signinMethod: string): boolean {
  if (signinMethod !== "Password") return true;
  const methods = application.signinMethods ?? [];
  return methods.length === 0 ? application.enablePassword : methods.some((method) => method.name === "Password");
}

async function refuseClosed(exchange: Exchange, application: Application): Promise<void> {
  if (application.disableSignin) throw new Refusal(`The application: ${application.name} has disabled users to signin`);
  const organization = await exchange.store.get("organization", "admin", application.organization);
  if (organization?.disableSignin === true)
    throw new Refusal(`The organization: ${application.organization} has disabled users to signin`);
}

function idOf(user: User): string {
  return `${user.owner}/${user.name}`;
}

async function rememberSession({ store, session, now }: Exchange, application: Application, user: User): Promise<void> {
  const known = await store.get("session", user.owner, user.name);
  const row = { application: application.name, sessionId: JSON.stringify([session.id]) };
  if (known !== undefined) return store.update("session", known, row);
  const key = { owner: user.owner, name: user.name, createdTime: now().toISOString() };
  return store.insert("session", completeRecord("session", { ...key, ...row }));
}
