import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterAccess } from "./cluster-access.ts";

const pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-kubeconfig-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function refused(read: () => unknown): unknown {
  try {
    return { message: "it was read", read: read() };
  } catch (error) {
    return error;
  }
}

interface Sample {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly namespace?: string;
  readonly current?: string;
}

/** A kubeconfig whose cluster, user and context have the same name. */
function sample({ name = "one", cluster = {}, user = { token: "t" }, namespace, current = name }: Sample = {}): object {
  return {
    "current-context": current,
    clusters: [{ name, cluster: { server: `https://${name}.example:6443`, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
  };
}

describe("a kubeconfig", () => {
  it("is the one below HOME, with its current context, unless another is named", async () => {
    await write(".kube/config", sample({ namespace: "demo" }));

    const access = readClusterAccess({ HOME: folder }, undefined);

    expect(access).toMatchObject({ context: "one", server: "https://one.example:6443", namespace: "demo" });
    expect(access.user.token).toBe("t");
  });

  it("may be several files: the first that names a thing wins, and one that is not there is passed over", async () => {
    const first = await write("first", sample({ name: "one", user: { token: "first" } }));
    const second = await write("second", sample({ name: "one", user: { token: "second" } }));
    const third = await write("third", sample({ name: "two" }));
    const env = { KUBECONFIG: [join(folder, "absent"), first, second, third].join(":") };

    expect(readClusterAccess(env, undefined).user.token).toBe("first");
    expect(readClusterAccess(env, "two")).toMatchObject({ context: "two", namespace: "default", file: third });
  });

  it("names files and programs from where it lies, and what it holds itself counts more", async () => {
    await write("certificates/ca.crt", pem);
    const user = {
      "client-certificate": "absent.crt",
      "client-certificate-data": Buffer.from(pem).toString("base64"),
      tokenFile: "token",
      exec: { command: "./sign-in", args: ["--region", 1], env: [{ name: "A", value: "b" }] },
    };
    const path = await write("config", sample({ cluster: { "certificate-authority": "certificates/ca.crt" }, user }));

    const access = readClusterAccess({ KUBECONFIG: path }, undefined);

    expect(access.cluster.ca).toBe(pem);
    expect(access.user).toMatchObject({
      cert: pem,
      tokenFile: join(folder, "token"),
      program: { command: join(folder, "sign-in"), args: ["--region", "1"], env: [{ name: "A", value: "b" }] },
    });
  });

  it("may ask to act as somebody else", async () => {
    const user = { token: "t", as: "ann", "as-groups": ["ops", "dev"], "as-user-extra": { "a/b": ["c"] } };
    const path = await write("config", sample({ user }));

    expect(readClusterAccess({ KUBECONFIG: path }, undefined).user.impersonation).toEqual({
      "impersonate-user": "ann",
      "impersonate-group": ["ops", "dev"],
      "impersonate-extra-a%2Fb": ["c"],
    });
  });

  it("takes the token that kubectl renewed last where it is signed in by OpenID", async () => {
    const user = { "auth-provider": { name: "oidc", config: { "id-token": "from-kubectl" } } };
    const path = await write("config", sample({ user }));

    expect(readClusterAccess({ KUBECONFIG: path }, undefined).user.token).toBe("from-kubectl");
  });
});

describe("the way to the API server", () => {
  const proxies = { HTTPS_PROXY: "http://proxy.example:3128", NO_PROXY: "two.example" };

  it.each([
    ["by the proxy of the environment", "one", {}, "http://proxy.example:3128/"],
    ["direct for what NO_PROXY names", "two", {}, undefined],
    [
      "by its own proxy before any other",
      "two",
      { "proxy-url": "socks5://own.example:1080" },
      "socks5://own.example:1080",
    ],
  ])("is %s", async (_name, name, cluster, proxyUrl) => {
    const path = await write("config", sample({ name, cluster }));

    expect(readClusterAccess({ KUBECONFIG: path, ...proxies }, undefined).cluster.proxyUrl).toBe(proxyUrl);
  });

  it("may be without TLS on this machine only", async () => {
    const here = await write("here", sample({ cluster: { server: "http://127.0.0.1:8001" } }));
    const there = await write("there", sample({ cluster: { server: "http://10.0.0.1:8080" } }));

    expect(readClusterAccess({ KUBECONFIG: here }, undefined).server).toBe("http://127.0.0.1:8001");
    expect(() => readClusterAccess({ KUBECONFIG: there }, undefined)).toThrow("without TLS (http://10.0.0.1:8080)");
  });

  it("says when nobody looks at the server's certificate", async () => {
    const path = await write("config", sample({ cluster: { "insecure-skip-tls-verify": true } }));

    expect(readClusterAccess({ KUBECONFIG: path }, undefined).cluster.verify).toBe(false);
  });
});

describe("a kubeconfig that cannot be used", () => {
  it("is missed by its name, with where it is looked for", () => {
    const absent = join(folder, "absent");

    expect(refused(() => readClusterAccess({ KUBECONFIG: absent }, undefined))).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `there is no kubeconfig: ${absent} is not there`,
      hint: expect.stringContaining("KUBECONFIG names it") as string,
    });
    expect(refused(() => readClusterAccess({ HOME: folder }, undefined))).toMatchObject({
      message: `there is no kubeconfig: ${join(folder, ".kube/config")} is not there`,
      hint: expect.stringContaining("name its place in KUBECONFIG") as string,
    });
  });

  it("lists its contexts when it does not have the one that is wanted", async () => {
    const path = await write("config", sample());

    expect(refused(() => readClusterAccess({ KUBECONFIG: path }, "prod"))).toMatchObject({
      message: `the context prod is not in ${path}`,
      hint: "kubectl config get-contexts shows all (there is one); KUBECONFIG says which files are read",
    });
  });

  it.each<readonly [string, unknown, string | RegExp]>([
    ["not YAML, without quoting it", "users:\n- token: geheim\n  - x: [", /damaged: line \d is not YAML$/],
    ["a text", "geheim", "it does not hold keys and values"],
    ["without names", { contexts: [{ context: {} }] }, "contexts[0] has no name"],
    ["without a current context", { ...sample(), "current-context": "" }, "no context is chosen"],
    [
      "with a context that leads nowhere",
      { ...sample(), clusters: [] },
      "the cluster one, which no kubeconfig describes",
    ],
    ["with no user", { ...sample(), users: [] }, "the user one, which no kubeconfig describes"],
    ["without an address", sample({ cluster: { server: "one" } }), "the server of the cluster one is not an address"],
    ["with a certificate that is none", sample({ cluster: { "certificate-authority-data": "eHg=" } }), "is not PEM"],
    [
      "with a file that is gone",
      sample({ user: { "client-key": "k" } }),
      /client-key of the user one, .*k, is not there$/,
    ],
    ["with an old way to sign in", sample({ user: { "auth-provider": { name: "gcp" } } }), "by auth-provider gcp"],
  ])("is told from others: %s", async (_name, content, message) => {
    const path = await write("config", content);

    const error = refused(() => readClusterAccess({ KUBECONFIG: path }, undefined));

    expect(error).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: (typeof message === "string"
        ? expect.stringContaining(message)
        : expect.stringMatching(message)) as string,
    });
    expect(JSON.stringify(error)).not.toContain("geheim");
  });
});
