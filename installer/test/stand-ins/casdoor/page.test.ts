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
