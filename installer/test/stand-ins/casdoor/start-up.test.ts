import { describe, expect, it } from "vitest";
import { parseAppConf } from "./app-conf.ts";
import { hash, pair, initData, started, login, closeStandIns } from "./testing/running-stand-in.ts";

closeStandIns();

describe("what is made in an empty database, and what init_data.json adds", () => {
  it("makes the administrator with password 123 first, and skips our entry for it", async () => {
    const data = initData();
    data["users"]!.push({ owner: "built-in", name: "admin", password: hash, passwordType: "bcrypt" });
    const { url } = await started({ initData: data });
    const form = { application: "app-built-in", organization: "built-in", username: "admin", type: "login" };
    expect((await login(url, { ...form, password: "123" })).body["data"]).toBe("built-in/admin");
    expect((await login(url, form)).body["status"]).toBe("error");
  });

  it("keeps what exists with initDataNewOnly, and makes it again, users with new ids, without", async () => {
    const { store } = await started();
    const before = (await store.get("user", "OpenCSG", "root"))!;
    const changed = initData();
    changed["users"] = [{ ...changed["users"]![0], displayName: "Changed" }];
    await started({ store, initData: changed });
    expect(await store.get("user", "OpenCSG", "root")).toEqual(before);
    await started({ store, initData: changed, conf: { initDataNewOnly: "false" } });
    const after = (await store.get("user", "OpenCSG", "root"))!;
    expect(after.displayName).toBe("Changed");
    expect(after.id).not.toBe(before.id);
  });

  it("drops an application whose redirect addresses do not fit, and says so in its log", async () => {
    const data = initData();
    data["applications"]![1] = { ...data["applications"]![1], redirectUris: ["http://hub.test/".padEnd(1100, "x")] };
    const { store, log } = await started({ initData: data });
    expect(await store.get("application", "admin", "Admin")).toBeUndefined();
    expect(log.join("\n")).toContain("application Admin dropped: value too long");
  });

  it("drops an application whose client id is taken", async () => {
    const data = initData();
    data["applications"]![1] = { ...data["applications"]![1], clientId: "hub" };
    const { log } = await started({ initData: data });
    expect(log.join("\n")).toContain("application Admin dropped: its client id is taken by CSGHub");
  });

  it("makes a pair of its own for a certificate without one", async () => {
    const data = initData();
    data["certs"] = [{ ...data["certs"]![0], privateKey: "" }];
    const { store } = await started({ initData: data });
    const cert = (await store.get("cert", "admin", "csghub-cert"))!;
    expect(cert.privateKey).toContain("RSA PRIVATE KEY");
    expect(cert.certificate).not.toBe(pair.certificate);
  });
});

describe("what it does not start with", () => {
  it.each([
    ["no data source", { conf: { dataSourceName: "" } }, "invalid option"],
    [
      "a data source without a database",
      { conf: { dataSourceName: "postgres://u:p@h:1/?sslmode=disable" } },
      "dbname is empty",
    ],
    ["another driver", { conf: { driverName: "mysql" } }, "unsupported driver name"],
    ["a log configuration that is not JSON", { conf: { logConfig: "console" } }, "logConfig"],
    ["initial data that is not JSON", { initData: "{" }, "JSON"],
    ["users that are not a list", { initData: { users: "x" } }, "cannot unmarshal"],
    [
      "a field of the wrong type",
      { initData: { organizations: [{ owner: "admin", name: "A", isProfilePublic: "yes" }] } },
      "isProfilePublic",
    ],
    [
      "a user without its organization",
      { initData: { users: [{ owner: "Nope", name: "x" }] } },
      "the organization: Nope is not found",
    ],
    [
      "a user of an organization without an application",
      { initData: { organizations: [{ owner: "admin", name: "A" }], users: [{ owner: "A", name: "x" }] } },
      "should have one application at least",
    ],
    [
      "a second user of the built-in organization",
      { initData: { users: [{ owner: "built-in", name: "second" }] } },
      "currently disabled",
    ],
  ])("%s", async (_, setup, message) => {
    await expect(started(setup)).rejects.toThrow(message);
  });

  it("a line of app.conf that is no setting", () => {
    expect(() => parseAppConf("httpport = 8000\nnonsense\n", {})).toThrow('read the content error: "nonsense"');
  });
});
