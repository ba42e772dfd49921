import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { closeStandIns, initData, reply, started } from "./testing/running-stand-in.ts";

closeStandIns();

async function settingsOf(url: string): Promise<unknown> {
  const cookies = (await fetch(`${url}/`)).headers.getSetCookie();
  const cookie = cookies.find((text) => text.startsWith("jsonWebConfig="));
  return JSON.parse(/^jsonWebConfig=(.*); Path=\/$/.exec(cookie ?? "")?.[1] ?? "null");
}

describe("what a page tells the browser", () => {
  it("is English and the form of Casdoor's own application unless app.conf says otherwise", async () => {
    expect(await settingsOf((await started()).url)).toEqual({
      showGithubCorner: false,
      forceLanguage: "en",
      defaultLanguage: "en",
      isDemoMode: false,
      staticBaseUrl: "https://cdn.casbin.org",
      aiAssistantUrl: "",
      defaultApplication: "app-built-in",
      maxItemsForFlatMenu: 7,
    });
  });

  it.each([
    ["zh", "zh"],
    ["", "en"],
    ["*", "en"],
    ["none", "en"],
    ["zh-CN", "en"],
  ])("forces a language for %j: %s", async (forceLanguage, told) => {
    const { url } = await started({ conf: { forceLanguage, defaultApplication: "CSGHub" } });

    expect(await settingsOf(url)).toMatchObject({ forceLanguage: told, defaultApplication: "CSGHub" });
  });
});

describe("the form of an organization", () => {
  it("is that of its default application", async () => {
    const { url } = await started();
    const nameOf = async (organization: string): Promise<unknown> =>
      (
        (await reply(await fetch(`${url}/api/get-default-application?id=admin/${organization}`))).body["data"] as {
          name: string;
        } | null
      )?.name;

    expect(await nameOf("OpenCSG")).toBe("CSGHub");
    expect(await nameOf("built-in")).toBe("app-built-in");
    expect(await nameOf("Nope")).toBeUndefined();
  });
});

describe("a page of somebody else", () => {
  /** Status and length of an answer to a page of that origin, which reached Casdoor by a name. */
  async function ask(url: string, path: string, origin: string, method = "GET"): Promise<readonly number[]> {
    const sent = request(`${url}${path}`, { method, headers: { host: "login.hub.test", origin } });
    const [answer] = (await once(sent.end(), "response")) as [IncomingMessage];
    return [answer.statusCode ?? 0, (await text(answer)).length];
  }

  it("is refused with an empty answer, unless an application sends people there", async () => {
    const { url } = await started();

    expect(await ask(url, "/api/health", "https://evil.test")).toEqual([403, 0]);
    expect(await ask(url, "/login", "https://evil.test")).toEqual([403, 0]);
    for (const [path, origin, method] of [
      ["/api/health", "https://casdoor.hub.test"],
      ["/api/health", "http://login.hub.test:81"],
      ["/api/health", "http://hub.test"],
      ["/api/health", "http://localhost:3000"],
      ["/api/health", "null"],
      ["/api/userinfo", "https://evil.test"],
      ["/api/login/oauth/access_token", "https://evil.test", "POST"],
    ] as const)
      expect((await ask(url, path, origin, method))[0], `${path} ${origin}`).not.toBe(403);
  });

  it("is answered where Casdoor is reached by a private address", async () => {
    const { url } = await started();

    expect((await fetch(`${url}/api/health`, { headers: { origin: "https://evil.test" } })).status).toBe(200);
  });
});

describe("how a sign-in page looks", () => {
  it("is told by cookies where the page is about an application", async () => {
    const { url } = await started();
    const namesAt = async (path: string): Promise<readonly (string | undefined)[]> =>
      (await fetch(`${url}${path}`)).headers.getSetCookie().map((cookie) => cookie.split("=")[0]);
    const theme = ["organizationTheme", "organizationLogo", "organizationFootHtml"];

    for (const path of ["/login", "/login/OpenCSG", "/signup/OpenCSG", "/login/oauth/authorize?client_id=hub"])
      expect(await namesAt(path), path).toEqual(["casdoor_session_id", ...theme, "jsonWebConfig"]);
    for (const path of ["/", "/login/Nope", "/login/oauth/authorize?client_id=nope"])
      expect(await namesAt(path), path).toEqual(["casdoor_session_id", "jsonWebConfig"]);
  });
});

describe("whether a sign-in page may be shown", () => {
  it("is looked at for a code only, and a refusal says of which application", async () => {
    const { url } = await started();
    const query = "clientId=hub&responseType=code&redirectUri=http://evil.test/&scope=read&state=x";

    const other = await reply(await fetch(`${url}/api/get-app-login?${query}`));
    const code = await reply(await fetch(`${url}/api/get-app-login?${query}&type=code`));

    expect(other.body).toMatchObject({ status: "ok", data: null });
    expect(code.body).toMatchObject({ status: "error", data: { name: "CSGHub", clientSecret: "***" } });
  });
});

describe("an organization whose address is too long for its column", () => {
  it("ends the start", async () => {
    const data = initData();
    data["organizations"] = [
      { ...data["organizations"]![0], websiteUrl: `https://${"a".repeat(60)}.${"b".repeat(40)}` },
    ];

    await expect(started({ initData: data })).rejects.toThrow("value too long for type character varying(100)");
  });
});

describe("health", () => {
  it("asks the database, whose failure it answers with status 200", async () => {
    const { url, store } = await started();
    store.get = () => Promise.reject(new Error("dial tcp: connection refused"));

    const answer = await reply(await fetch(`${url}/api/health`));

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: "error", msg: "dial tcp: connection refused", data: null, data2: null });
  });
});
