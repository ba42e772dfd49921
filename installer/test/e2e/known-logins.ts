/** Logins that services are known to come with or to be set up with, each tried as its clients would. */
import { AwsClient } from "aws4fetch";
import type { Platform } from "../support/platform.ts";
import type { Visit } from "./reach-hub.ts";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A service: whom to try as, and what tells which of these logins get in. */
export interface Door {
  readonly service: string;
  readonly users: readonly string[];
  enter(logins: readonly Login[]): Promise<readonly Login[]>;
}

/** Empty, the user's own name, and what manuals and examples of these services have. */
const passwords = [
  ...["", "admin", "password", "123", "123456", "12345678", "changeme", "secret", "root", "postgres", "redis", "minio"],
  ...[
    "minioadmin",
    "minio123",
    "registry",
    "Harbor12345",
    "csghub",
    "starhub",
    "temporal",
    "casdoor",
    "nats",
    "Root@1234",
  ],
] as const;

/** Every pair for a service's users. */
export function knownLogins(users: readonly string[]): readonly Login[] {
  return users.flatMap((user) => [...new Set([...passwords, user])].map((password) => ({ user, password })));
}

/** The services of a platform that ask who calls. */
export function doorsOf(platform: Platform, visit: Visit): readonly Door[] {
  const container = (component: string): string => `${platform.name}-${component}-1`;
  const of = (name: string): string => visit.told.get(`STARHUB_SERVER_${name}`) ?? "";
  /** Runs a program with the logins as arguments, user and password in turn; it prints the pairs that get in, a word a line. */
  const within = async (
    [component, ...program]: readonly string[],
    logins: readonly Login[],
  ): Promise<readonly Login[]> => {
    const words = logins.flatMap(({ user, password }) => [user, password]);
    const lines = (await platform.docker("exec", container(component ?? ""), ...program, ...words)).split("\n");
    return logins.filter(({ user, password }) => lines.includes(`in:${user}:${password}`));
  };
  const loop = (attempt: string): readonly string[] => [
    ...["sh", "-c", `while [ $# -gt 0 ]; do if ${attempt}; then echo "in:$1:$2"; fi; shift 2; done`, "sh"],
  ];
  return [
    {
      service: "postgres",
      users: ["postgres", "admin", "root", "csghub", "csghub_server", "casdoor", "temporal"],
      enter: (logins) =>
        within(
          [
            "postgres",
            ...loop('PGPASSWORD=$2 psql -w -h 127.0.0.1 -U "$1" -d postgres -c "select 1" >/dev/null 2>&1 </dev/null'),
          ],
          logins,
        ),
    },
    {
      service: "redis",
      users: ["default"],
      enter: (logins) =>
        within(["redis", ...loop('[ "$(REDISCLI_AUTH=$2 valkey-cli --user "$1" ping 2>/dev/null)" = PONG ]')], logins),
    },
    {
      service: "nats",
      users: ["admin", "nats", "csghub", "natsadmin", ""],
      enter: (logins) => within(["csghub-server", "node", "-e", natsAttempts], logins),
    },
    {
      service: "minio",
      users: ["minioadmin", "minio", "admin", "root", "csghub"],
      enter: async (logins) => {
        const store = `${of("S3_ENABLE_SSL") === "true" ? "https" : "http"}://${of("S3_ENDPOINT")}`;
        const entered: Login[] = [];
        for (const login of logins) {
          const keys = { accessKeyId: login.user, secretAccessKey: login.password };
          // One without a password cannot sign.
          if (login.password === "") continue;
          const client = new AwsClient({ ...keys, service: "s3", region: of("S3_REGION") });
          const { url } = await client.sign(`${store}/${of("S3_BUCKET")}?X-Amz-Expires=60`, {
            aws: { signQuery: true },
          });
          if ((await visit.send(url, "GET")).status === 200) entered.push(login);
        }
        return entered;
      },
    },
    {
      service: "registry",
      users: ["admin", "registry", "root", "csghub"],
      enter: (logins) => within(["csghub-server", "node", "-e", registryAttempts], logins),
    },
  ];
}

/** NATS client protocol: the server tells about itself first, and answers PING where CONNECT was accepted. */
const natsAttempts = `
const { connect } = require("node:net");
const attempt = (user, pass) => new Promise((done) => {
  const socket = connect(4222, "nats");
  let text = "";
  socket.on("data", (chunk) => {
    const first = text === "";
    text += chunk;
    if (first) socket.write("CONNECT " + JSON.stringify({ verbose: false, user, pass }) + "\\r\\nPING\\r\\n");
    if (/PONG|-ERR/.test(text)) socket.destroy();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => done(text.includes("PONG")));
});
(async () => {
  const words = process.argv.slice(1);
  for (let at = 0; at < words.length; at += 2) {
    if (await attempt(words[at], words[at + 1])) console.log("in:" + words[at] + ":" + words[at + 1]);
  }
})();`;

const registryAttempts = `
(async () => {
  const words = process.argv.slice(1);
  for (let at = 0; at < words.length; at += 2) {
    const authorization = "Basic " + Buffer.from(words[at] + ":" + words[at + 1]).toString("base64");
    const { status } = await fetch("http://registry:5000/v2/", { headers: { authorization } });
    if (status === 200) console.log("in:" + words[at] + ":" + words[at + 1]);
  }
})();`;
