import { describe, expect, it } from "vitest";
import type { Store } from "./store.ts";
import { closeStandIns, initData, login, type Reply, reply, secret, started } from "./testing/running-stand-in.ts";

closeStandIns();

const basic = { authorization: `Basic ${Buffer.from(`hub:${secret}`).toString("base64")}` };

const person = { owner: "OpenCSG", name: "li-wei", displayName: "Li Wei", password: "Person#Pass1" };

async function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return reply(await fetch(url, { headers }));
}

async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = basic): Promise<Reply> {
  return reply(await fetch(url, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function setPassword(url: string, cookie: string, form: Readonly<Record<string, string>>): Promise<unknown> {
  const body = new URLSearchParams({ userOwner: "OpenCSG", userName: "root", ...form });
  const answer = await reply(await fetch(`${url}/api/set-password`, { method: "POST", headers: { cookie }, body }));
  return answer.body["status"] === "ok" ? "ok" : answer.body["msg"];
}

function withProfiles(isProfilePublic: boolean): Record<string, Record<string, unknown>[]> {
  const data = initData();
  data["organizations"] = [{ ...data["organizations"]![0], isProfilePublic }];
  return data;
}

describe("profiles", () => {
  it("are read by anybody while the organization says that they are public", async () => {
    const { url } = await started({ initData: withProfiles(true) });

    const seen = await get(`${url}/api/get-user?id=OpenCSG/root`);

    expect(seen.body["data"]).toMatchObject({ email: "root@hub.test", tag: "is_admin", password: "***" });
  });

  it("are else for oneself, administrators and applications", async () => {
    const { url } = await started({ initData: withProfiles(false) });
    await post(`${url}/api/add-user`, person);
    const ask = async (id: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> => {
      const { body } = await get(`${url}/api/get-user?id=${id}`, headers);
      return body["status"] === "ok" ? "shown" : body["msg"];
    };
    const root = (await login(url, { type: "login" })).cookie;
    const other = (await login(url, { type: "login", username: person.name, password: person.password })).cookie;

    expect(await ask("OpenCSG/root")).toBe("Please login first");
    expect(await ask("OpenCSG/root", { cookie: other })).toBe("Unauthorized operation");
    expect(await ask("OpenCSG/li-wei", { cookie: other })).toBe("shown");
    expect(await ask("OpenCSG/li-wei", { cookie: root })).toBe("shown");
    expect(await ask("OpenCSG/li-wei", basic)).toBe("shown");
    expect(await ask("OpenCSG/nobody")).toBe("shown");
  });
});

describe("an application's client", () => {
  it("adds a user who signs in, changes, lists and deletes it", async () => {
    const { url, store } = await started();

    expect((await post(`${url}/api/add-user`, person)).body).toMatchObject({ status: "ok", data: "Affected" });
    expect((await login(url, { username: person.name, password: person.password })).body["status"]).toBe("ok");
    const row = (await get(`${url}/api/get-user?id=OpenCSG/li-wei`, basic)).body["data"] as object;
    await post(`${url}/api/update-user?id=OpenCSG/li-wei`, { ...row, displayName: "Changed" });
    const listed = (await get(`${url}/api/get-users?owner=OpenCSG`, basic)).body["data"] as { displayName: string }[];
    expect(listed.map(({ displayName }) => displayName).sort()).toEqual(["Administrator", "Changed"]);
    expect((await login(url, { username: person.name, password: person.password })).body["status"]).toBe("ok");
    await post(`${url}/api/delete-user`, person);
    expect(await store.get("user", "OpenCSG", "li-wei")).toBeUndefined();
  });

  it.each([
    ["a name that is taken", { ...person, name: "root" }, "Username already exists"],
    ["a name with a slash", { ...person, name: "a/b" }, "forbidden characters"],
    ["a name that ends in a hyphen", { ...person, name: "a-" }, "alphanumeric"],
    ["an organization that is not there", { ...person, owner: "Nope" }, "does not exist"],
    ["the organization of Casdoor itself", { ...person, owner: "built-in" }, "currently disabled"],
  ])("is refused %s", async (_, user, message) => {
    const { url } = await started();

    expect((await post(`${url}/api/add-user`, user)).body["msg"]).toContain(message);
  });

  it("counts for nothing with a wrong secret in a header, and is refused with one in the query", async () => {
    const { url } = await started();
    const wrong = { authorization: `Basic ${Buffer.from("hub:no").toString("base64")}` };

    expect((await post(`${url}/api/add-user`, person, wrong)).body).toEqual({
      status: "error",
      msg: "Unauthorized operation",
      data: null,
      data2: null,
    });
    expect((await get(`${url}/api/get-users?owner=OpenCSG&clientId=hub&clientSecret=no`)).body).toEqual({
      status: "error",
      msg: "Incorrect client secret for application: CSGHub",
      data: null,
      data2: null,
    });
  });

  it("changes a user only with its whole row", async () => {
    const { url } = await started();

    expect((await post(`${url}/api/update-user?id=OpenCSG/root`, { owner: "OpenCSG", name: "root" })).body["msg"]).toBe(
      "The ID is immutable.",
    );
  });
});

describe("a changed password", () => {
  it("is what signs in from then on", async () => {
    const { url } = await started();
    const { cookie } = await login(url, { type: "login" });

    expect(await setPassword(url, cookie, { newPassword: "Changed#Pass2" })).toBe("ok");
    expect((await login(url)).body["status"]).toBe("error");
    expect((await login(url, { password: "Changed#Pass2" })).body["status"]).toBe("ok");
  });

  it("is refused to strangers, and when it is weak", async () => {
    const data = initData();
    data["organizations"] = [{ ...data["organizations"]![0], passwordOptions: ["AtLeast8", "Aa123", "SpecialChar"] }];
    const { url } = await started({ initData: data });
    const { cookie } = await login(url, { type: "login" });

    expect(await setPassword(url, "", { newPassword: "Changed#Pass2" })).toBe("Please login first");
    expect(await setPassword(url, cookie, { newPassword: "weak" })).toContain("at least 8 characters");
    expect(await setPassword(url, cookie, { newPassword: "Changed-no-digit" })).toContain("one digit");
  });
});

describe("what Casdoor keeps", () => {
  /** Each with what stands in the columns that a clean-up would look for. */
  async function recordsOf(store: Store): Promise<readonly string[]> {
    const rows = await store.find("record", {});
    return rows.map(({ organization, user, action, object }) => `${organization}/${user} ${action} ${object}`).sort();
  }

  it("of each sign-in and code: a record with the body, a session and a token, also when the user is deleted", async () => {
    const { url, store } = await started();
    await post(`${url}/api/add-user`, person);

    await login(url, { username: person.name, password: "no" });
    const { body } = await login(url, { username: person.name, password: person.password });
    await fetch(`${url}/api/login/oauth/access_token?client_id=hub`, {
      method: "POST",
      body: new URLSearchParams({ client_secret: secret, code: String(body["data"]) }),
    });
    await post(`${url}/api/delete-user`, person);

    const records = await recordsOf(store);
    expect(records).toHaveLength(3);
    expect(records[0]).toContain("/ login {");
    expect(records[0]).toContain('"password":"***"');
    expect(records[1]).toContain(`/ login/oauth/access_token client_secret=${secret}&code=`);
    expect(records[2]).toContain("OpenCSG/li-wei login {");
    expect((await store.find("token", { user: person.name })).map(({ organization }) => organization)).toEqual([
      "OpenCSG",
    ]);
    expect(await store.get("session", "OpenCSG", person.name)).toMatchObject({ application: "CSGHub" });
  });

  it("nothing of what is read, and nothing of what an application's client does", async () => {
    const { url, store } = await started();

    await get(`${url}/api/health`);
    await post(`${url}/api/add-user`, person);

    expect(await recordsOf(store)).toEqual([]);
  });
});
