/** The ways that people take to a hub, gone from outside: as a browser, a client of the object store and one of Git would. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { type HttpAnswer, sendHttp } from "../../../toolbox/src/http-request.ts";
import { sshCheck } from "../../../toolbox/src/wires/ssh.ts";
import type { WireContext } from "../../../toolbox/src/wires/wire-check.ts";
import { hostKeyAlgorithms } from "../../src/plan/groups/git-ssh.ts";
import type { Platform } from "../support/platform.ts";

/** A client outside of the platform, which trusts the platform's authority and finds its names at one address. */
export interface Visit {
  /** What the hub was told of itself: names of variables and their values. */
  readonly told: ReadonlyMap<string, string>;
  /** Root signs in by OAuth through the gateway; gives where the browser is sent to, and what the hub answers to whom it made known. */
  signIn(): Promise<{ readonly target: URL; readonly answer: HttpAnswer }>;
  /** An address for an object in the hub's bucket, signed. */
  presign(method: "GET" | "PUT"): Promise<string>;
  send(url: string, method: string, body?: string): Promise<HttpAnswer>;
  /** Proves that the SSH server at the address that the hub tells people has this platform's keys. */
  proveSsh(): Promise<void>;
}

const context: WireContext = {
  signal: AbortSignal.timeout(600_000),
  note: () => undefined,
  atEnd: () => undefined,
};

/** @param address where names of the platform lead, as a name server of its owner would say */
export async function visitHub(platform: Platform, address: string): Promise<Visit> {
  const secret = async (name: string): Promise<string> =>
    (await readFile(join(platform.stateDir, "secrets", name), "utf8")).trim();
  const told = await environmentOf(platform, "csghub-server");
  const of = (name: string): string => told.get(`STARHUB_SERVER_${name}`) ?? "";
  const secure = of("ENABLE_HTTPS") === "true";
  const caFile = join(platform.folder, "authority.crt");
  if (secure) await writeFile(caFile, (await platform.run(["ca", "export"])).stdout);
  const trust = secure ? { caFile } : {};
  const via = (url: string) => ({ resolve: `${address}:${new URL(url).port}` });
  const send: Visit["send"] = (url, method, body) =>
    sendHttp({ url, method, ...(body !== undefined && { body }), ...trust, ...via(url) });
  return {
    told,
    send,
    signIn: async () => {
      const [main, issuer] = [of("PUBLIC_DOMAIN"), of("CASDOOR_ENDPOINT")];
      const callback = `${main}/api/v1/callback/casdoor`;
      const client = { clientId: await secret("casdoor-csghub-id"), responseType: "code", redirectUri: callback };
      const form = { type: "code", application: "CSGHub", organization: "OpenCSG", signinMethod: "Password" };
      const login = JSON.stringify({ ...form, username: "root", password: await secret("casdoor-root") });
      const asked = new URLSearchParams({ ...client, scope: "openid profile" }).toString();
      const entered = await send(`${issuer}/api/login?${asked}`, "POST", login);
      const { data: code } = JSON.parse(entered.body.toString("utf8")) as { readonly data: string };
      const query = new URLSearchParams({ code, state: "casdoor" }).toString();
      const { headers } = await send(`${callback}?${query}`, "GET");
      const target = new URL(headers.location ?? "", main);
      const authorization = `Bearer ${target.searchParams.get("jwt") ?? ""}`;
      const url = `${main}/api/v1/user/root`;
      return { target, answer: await sendHttp({ url, headers: { authorization }, ...trust, ...via(url) }) };
    },
    presign: async (method) => {
      const [accessKeyId, secretAccessKey] = [of("S3_ACCESS_KEY_ID"), await secret("s3-csghub-server")];
      const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region: of("S3_REGION") });
      const store = `${of("S3_ENABLE_SSL") === "true" ? "https" : "http"}://${of("S3_ENDPOINT")}`;
      const url = `${store}/${of("S3_BUCKET")}/from-outside.txt?X-Amz-Expires=300`;
      return (await client.sign(url, { method, aws: { signQuery: true } })).url;
    },
    proveSsh: async () => {
      const { port } = new URL(of("SSH_DOMAIN"));
      const keys = hostKeyAlgorithms.map((algorithm) => secret(`ssh-host-${algorithm}.publicKey`));
      const head = { kind: "ssh", name: "ssh", from: "outside", to: "gitlab-shell.ssh" } as const;
      await sshCheck.prove({ ...head, host: address, port: Number(port), hostKeys: await Promise.all(keys) }, context);
    },
  };
}

/** Variables of a component's container. */
async function environmentOf(platform: Platform, component: string): Promise<ReadonlyMap<string, string>> {
  const format = ["--format", "{{json .Config.Env}}"];
  const text = await platform.docker("inspect", ...format, `${platform.name}-${component}-1`);
  const lines = JSON.parse(text) as readonly string[];
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
