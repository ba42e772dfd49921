import { describe, expect, test } from "vitest";
import { createMemoryFileSystem } from "../../test/support/memory-ports.ts";
import { RegistryError, UsageError } from "../errors/installer-error.ts";
import type { Exec } from "../platform/ports.ts";
import { configFilesOf, createCredentialStore, type CredentialSources, readPassword } from "./credentials.ts";

const path = "/home/ann/.docker/config.json";

interface Call {
  readonly command: string;
  readonly args: readonly string[];
  readonly stdin: string | undefined;
}

function storeWith(
  config: unknown,
  options: Partial<CredentialSources> & { readonly answer?: (call: Call) => string } = {},
) {
  const calls: Call[] = [];
  const exec: Exec = {
    run: (command, args, { stdin } = {}) => {
      const call = { command, args, stdin };
      calls.push(call);
      const stdout = options.answer?.(call) ?? "";
      return Promise.resolve({ exitCode: stdout.startsWith("{") ? 0 : 1, stdout, stderr: "" });
    },
  };
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const fs = createMemoryFileSystem({ [path]: text });
  return { calls, store: createCredentialStore({ exec, fs }, { configFiles: ["/not/there", path], ...options }) };
}

const packed = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString("base64") });

describe("credentials are found", () => {
  test.each([
    ["harbor.corp", "harbor.corp"],
    ["https://harbor.corp", "harbor.corp"],
    ["https://harbor.corp/v2/", "harbor.corp"],
    ["http://harbor.corp:8443/some/path", "harbor.corp:8443"],
    ["https://index.docker.io/v1/", "docker.io"],
  ])("under %s in Docker's configuration", async (key, host) => {
    const { store } = storeWith({ auths: { [key]: packed("ann:with:colon") } });

    expect(await store.find(host)).toEqual({ kind: "password", username: "ann", password: "with:colon" });
  });

  test("for a project before those of its host, the longest path first", async () => {
    const { store } = storeWith({
      auths: {
        "harbor.corp": packed("host:pw"),
        "harbor.corp/team": packed("team:pw"),
        "harbor.corp/team/app/web": packed("web:pw"),
      },
    });
    const who = async (path: string) => (await store.find("harbor.corp", path)) as { readonly username: string };

    expect((await who("team/app/web")).username).toBe("web");
    expect((await who("team/app")).username).toBe("team");
    expect((await who("team/app/webs")).username).toBe("team");
    expect((await who("teams/app")).username).toBe("host");
    expect((await store.find("harbor.corp")) as unknown).toMatchObject({ username: "host" });
    expect(await store.find("other.corp", "team")).toBeUndefined();
    expect(await store.paths?.("harbor.corp")).toEqual(["team", "team/app/web"]);
  });

  test("in the first file that has some, before what is narrower in a later one", async () => {
    const files = {
      "/first": JSON.stringify({ auths: { "harbor.corp": packed("first:pw") } }),
      "/second": JSON.stringify({ auths: { "harbor.corp/team": packed("second:pw"), "b.corp/team": packed("b:pw") } }),
    };
    const exec: Exec = { run: () => Promise.reject(new Error("nothing is run")) };
    const ports = { exec, fs: createMemoryFileSystem(files) };
    const store = createCredentialStore(ports, { configFiles: ["/first", "/second"] });

    expect(await store.find("harbor.corp", "team/app")).toMatchObject({ username: "first" });
    expect(await store.find("b.corp", "team/app")).toMatchObject({ username: "b" });
    expect(await store.find("b.corp")).toBeUndefined();
  });

  test("as a refresh token", async () => {
    const { store } = storeWith({ auths: { "harbor.corp": { ...packed("<token>:"), identitytoken: "abc" } } });

    expect(await store.find("harbor.corp")).toEqual({ kind: "identity-token", token: "abc" });
  });

  test("by a helper, which is asked by stdin and once", async () => {
    const { store, calls } = storeWith(
      { credHelpers: { "harbor.corp": "vault" }, credsStore: "desktop" },
      { answer: () => '{"ServerURL":"harbor.corp","Username":"robot$app","Secret":"s3cret"}' },
    );

    const found = await Promise.all([store.find("harbor.corp"), store.find("harbor.corp", "team/app")]);

    expect(found[1]).toEqual({ kind: "password", username: "robot$app", password: "s3cret" });
    expect(calls).toEqual([{ command: "docker-credential-vault", args: ["get"], stdin: "harbor.corp" }]);
  });

  test("in the file when the store has none", async () => {
    const { store } = storeWith(
      { credsStore: "desktop", auths: { "harbor.corp": packed("ann:pw") } },
      { answer: () => "credentials not found in native keychain" },
    );

    expect(await store.find("harbor.corp")).toMatchObject({ username: "ann" });
  });

  test("in the flags before anything else, and only for their host", async () => {
    const explicit = { host: "harbor.corp", username: "flag", password: "pw" };
    const auths = { "harbor.corp": packed("ann:pw"), "harbor.corp/team": packed("ann:pw") };
    const { store } = storeWith({ auths }, { explicit });

    expect(await store.find("harbor.corp")).toMatchObject({ username: "flag" });
    expect(await store.find("harbor.corp", "team")).toMatchObject({ username: "flag" });
    expect(await store.paths?.("harbor.corp")).toEqual([]);
    expect(await store.find("other.corp")).toBeUndefined();
  });

  test("not at all where there are none", async () => {
    const { store } = storeWith({});

    expect(await store.find("harbor.corp")).toBeUndefined();
  });
});

describe("what cannot be used is said, without what it holds", () => {
  test.each([
    ["a configuration that is not JSON", '{"auths": {"harbor.corp": {"auth": "c2VjcmV0', {}],
    ["an entry without a colon", { auths: { "harbor.corp": packed("c2VjcmV0") } }, {}],
    ["a helper that fails", { credsStore: "desktop" }, { answer: () => "panic: c2VjcmV0" }],
    ["a helper that answers nonsense", { credsStore: "desktop" }, { answer: () => "{c2VjcmV0" }],
    ["a helper that is a path", { credsStore: "../../bin/sh" }, {}],
  ])("%s", async (_, config, options) => {
    const { store, calls } = storeWith(config, options);

    const error: unknown = await store.find("harbor.corp").catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(RegistryError);
    expect(JSON.stringify([(error as RegistryError).message, (error as RegistryError).hint, error])).not.toContain(
      "c2VjcmV0",
    );
    expect((error as RegistryError).cause).toBeUndefined();
    expect(calls.every(({ command }) => command === "docker-credential-desktop")).toBe(true);
  });
});

test("a file that cannot be read is named, with what to do", async () => {
  const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  const fs = { ...createMemoryFileSystem({}), readTextIfPresent: () => Promise.reject(denied) };
  const exec: Exec = { run: () => Promise.reject(new Error("nothing is run")) };
  const store = createCredentialStore({ exec, fs }, { configFiles: [path] });

  const error: unknown = await store.find("harbor.corp").catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(RegistryError);
  expect((error as RegistryError).message).toBe(
    `${path}, where logins to registries are kept, cannot be read (EACCES)`,
  );
});

describe("the files are those of docker login, podman login and skopeo login", () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      "in a session",
      { HOME: "/home/ann", XDG_RUNTIME_DIR: "/run/user/1" },
      [
        path,
        "/run/user/1/containers/auth.json",
        "/run/containers/7/auth.json",
        "/home/ann/.config/containers/auth.json",
      ],
    ],
    [
      "with variables of their own",
      { HOME: "/home/ann", DOCKER_CONFIG: "/cfg", REGISTRY_AUTH_FILE: "/auth", XDG_CONFIG_HOME: "/set" },
      ["/auth", "/cfg/config.json", "/run/containers/7/auth.json", "/set/containers/auth.json"],
    ],
    ["without a home", {}, ["/run/containers/7/auth.json"]],
    ["with empty variables", { DOCKER_CONFIG: "", REGISTRY_AUTH_FILE: "" }, ["/run/containers/7/auth.json"]],
  ])("%s", (_, environment, files) => {
    expect(configFilesOf(environment, 7)).toEqual(files);
  });
});

test("a password is one line", () => {
  expect(readPassword("with space \n", "pw.txt")).toBe("with space ");
  expect(readPassword("x\r\n", "pw.txt")).toBe("x");
  expect(() => readPassword("\n", "pw.txt")).toThrow(UsageError);
  expect(() => readPassword("two\nlines", "pw.txt")).toThrow(/pw\.txt does not hold a password/);
});
