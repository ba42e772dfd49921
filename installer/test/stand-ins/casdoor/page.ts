import { type Answer, type Exchange, html } from "./exchange.ts";
import { defaultApplication } from "./applications.ts";
import { autoSignin } from "./login.ts";

/**
 * Every path that is no API: the page, or for somebody already signed in the way on. A page keeps no session, though it hands out a
 * session's cookie, and tells the browser its settings in another.
 */
export async function answerPage(exchange: Exchange): Promise<Answer> {
  const target = exchange.url.pathname === "/login/oauth/authorize" ? await autoSignin(exchange) : undefined;
  if (target !== undefined) return { status: 302, body: "", headers: { location: target } };
  const page = html(200, signinPage());
  const config = JSON.stringify(exchange.webConfig).replaceAll(";", " ");
  const cookies = [...(await themeCookies(exchange)), `jsonWebConfig=${config}; Path=/`];
  return { ...page, headers: { ...page.headers, "set-cookie": cookies } };
}

/** How a sign-in page looks, for those that are about an application. */
async function themeCookies({ url, store }: Exchange): Promise<readonly string[]> {
  const organization = /^\/(?:login|signup)(?:\/([^/]+))?$/.exec(url.pathname);
  const application = url.pathname.endsWith("/oauth/authorize")
    ? (await store.find("application", { clientId: url.searchParams.get("client_id") ?? "" }))[0]
    : organization && (await defaultApplication(store, organization[1] ?? "built-in").catch(() => undefined));
  if (application == null) return [];
  return ["organizationTheme=null; Path=/", "organizationLogo=; Path=/", "organizationFootHtml=; Path=/"];
}

/** The sign-in page of the stand-in: it posts to `/api/login` as Casdoor's own page does, then follows the redirect address. */
function signinPage(): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign in (Casdoor stand-in for tests)</title></head>
<body>
<h1>Casdoor stand-in</h1>
<p>This is not Casdoor. It stands in for it in the tests of Slipway.</p>
<form id="signin">
<p><label>Username <input name="username" autocomplete="username" required></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
<p role="alert" id="message"></p>
</form>
<script>
const asked = new URLSearchParams(location.search);
const query = new URLSearchParams({
  clientId: asked.get("client_id") ?? "", responseType: asked.get("response_type") ?? "", type: "code",
  redirectUri: asked.get("redirect_uri") ?? "", scope: asked.get("scope") ?? "", state: asked.get("state") ?? "",
  nonce: asked.get("nonce") ?? "", code_challenge: asked.get("code_challenge") ?? "",
  code_challenge_method: asked.get("code_challenge_method") ?? "",
});
const say = (text) => { document.getElementById("message").textContent = text; };
const settings = JSON.parse((/jsonWebConfig=([^;]*)/.exec(document.cookie) ?? ["", "{}"])[1]);
const organization = (/^[/]login[/]([^/]+)$/.exec(location.pathname) ?? [])[1];
const source = asked.has("client_id") ? "get-app-login?" + query
  : organization ? "get-default-application?id=admin/" + organization
  : "get-application?id=admin/" + settings.defaultApplication;
const application = fetch("/api/" + source).then((answer) => answer.json());
application.then((answer) => { if (answer.status !== "ok") say(answer.msg); });
document.getElementById("signin").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const { data } = await application;
  const answer = await fetch("/api/login?" + query, { method: "POST", body: JSON.stringify({
    application: data?.name, organization: data?.organization, username: form.get("username"), password: form.get("password"),
    autoSignin: true, signinMethod: "Password", type: asked.has("client_id") ? "code" : "login" }) }).then((response) => response.json());
  if (answer.status !== "ok") return say(answer.msg);
  if (!asked.has("client_id")) return say("signed in as " + answer.data);
  const target = asked.get("redirect_uri");
  location.href = target + (target.includes("?") ? "&" : "?") + "code=" + answer.data + "&state=" + encodeURIComponent(asked.get("state") ?? "");
});
</script>
</body>
</html>
`;
}
