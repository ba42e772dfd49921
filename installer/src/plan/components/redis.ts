import {
  container,
  givenSecret,
  randomSecret,
  resourcesOf,
  toGiB,
  type ComponentDefinition,
  type OutsideDocument,
  type PlanContext,
  externalComponent,
} from "../define.ts";
import { toolboxConsole } from "../groups/console-job.ts";
import { redisAddress, redisCaSecret, redisSecret, redisUser, redisWire } from "../groups/redis-client.ts";
import type { Component, Text, Wire } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";
import { redisRules } from "../../values/rules/redis-rules.ts";

const passwordFile = "/run/slipway/redis-password";

/** Cache, locks and sessions: Valkey, which speaks Redis' protocol. */
export const redis: ComponentDefinition = {
  id: "redis",
  section: {
    key: "redis",
    aliases: ["valkey"],
    leastMemory: 32,
    growth: { memoryPerUser: 2 },
    keepsData: true,
    external: { required: ["host"], secret: ["password", "passwordFile"], whereHigh: true },
    rules: redisRules,
  },
  build(context) {
    const values = context.values.redis;
    const component = {
      id: "redis",
      title: { en: "Valkey (Redis)", zh: "Valkey（Redis 协议）" },
      purpose: { en: "Cache, locks and sessions", zh: "缓存、锁与会话" },
      zone: "data" as const,
    };
    const { console, job } = keyConsole(context, component);
    if (values.mode === "external") {
      const { host, port, tls, passwordFile: file } = values.external;
      return {
        component: {
          ...externalComponent(component, { id: "redis", port, protocol: "redis", tls, externalHost: host }),
          console,
        },
        jobs: [job],
        secrets: [givenSecret("redis-external", "password of the external Redis", "redis.external.password", file)],
        wires: [serverWire(context)],
        outside: [outsideDocument(context)],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "redis", port: 6379, protocol: "redis", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 30,
          health: {
            ready: { kind: "exec", command: ["probe", "redis", "127.0.0.1:6379", "--password-file", passwordFile] },
            live: { kind: "tcp", port: 6379 },
            startSeconds: 60,
          },
        },
        volumes: [{ name: "data", sizeGiB: toGiB(values.storage.size), dataClass: "ephemeral" }],
        console,
      },
      jobs: [job],
      secrets: [randomSecret("redis", "password of Redis clients")],
      wires: [serverWire(context)],
    };
  },
};

function outsideDocument(context: PlanContext): OutsideDocument {
  const { tls, caFile } = context.values.redis.external;
  const user = redisUser(context);
  return {
    kind: "redis",
    service: "redis",
    host: endpoint("redis.redis", "host"),
    port: endpoint("redis.redis", "port"),
    ...(user === undefined ? {} : { user }),
    password: secret(redisSecret(context)),
    tls,
    ...(tls && caFile !== "" ? { ca: secret(redisCaSecret) } : {}),
  };
}

function server(context: PlanContext) {
  const values = context.values.redis;
  const resources = resourcesOf(values.resources);
  const { memoryMiB } = resources;
  return container(
    {
      image: context.image("valkey", values.image),
      uid: 10002,
      resources,
      mounts: [{ volume: "data", path: "/data" }],
      files: [
        { path: "/etc/valkey/valkey.conf", contents: textFile(settings(memoryMiB)) },
        { path: passwordFile, contents: textFile([secret("redis")]) },
      ],
    },
    values,
  );
}

/**
 * Every stranger's request at the sign-in leaves a session for a day. Before the limit is reached those that were not used for longest go,
 * and nothing that is kept for good; the rest of the memory is for connections and for the copy that a rewrite of the file makes.
 */
function settings(memoryMiB: number): Text {
  return text`bind * -::*
port 6379
protected-mode no
dir /data
appendonly yes
save 60 1000
maxmemory ${Math.floor(memoryMiB * 0.6)}mb
maxmemory-policy volatile-lru
daemonize no
logfile ""
requirepass "${secret("redis", { as: "quoted" })}"
`;
}

/**
 * The program takes the password from its environment, which in a container of its own nobody but its user can read: other ways in show
 * it among its arguments or stand between a person's input and the program.
 */
const signIn = (login: string): string => `IFS= read -r REDISCLI_AUTH <${passwordFile} || :
export REDISCLI_AUTH
shift
exec valkey-cli ${login}-h "$SERVER_HOST" -p "$SERVER_PORT" "$@"`;

function keyConsole(context: PlanContext, component: Pick<Component, "id" | "title">) {
  const user = redisUser(context);
  return toolboxConsole(context, {
    kind: "key-value",
    logins: [user ?? "default"],
    component,
    server: redisAddress(context, "hostPort"),
    program: ["sh", "-c", signIn(user === undefined ? "" : '--user "$SERVER_USER" '), "redis-cli"],
    env: [
      { name: "SERVER_HOST", value: [redisAddress(context, "host")] },
      { name: "SERVER_PORT", value: [redisAddress(context, "port")] },
      ...(user === undefined ? [] : [{ name: "SERVER_USER", value: [user] }]),
    ],
    files: [{ path: passwordFile, contents: textFile([secret(redisSecret(context))]) }],
  });
}

function serverWire(context: PlanContext): Wire {
  return redisWire(context, { id: "redis", from: "csghub-server" });
}
