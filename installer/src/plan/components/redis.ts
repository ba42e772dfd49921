import {
  container,
  givenSecret,
  randomSecret,
  resourcesOf,
  toGiB,
  type ComponentDefinition,
  type PlanContext,
  externalComponent,
} from "../define.ts";
import { redisWire } from "../groups/redis-client.ts";
import type { Text, Wire } from "../model.ts";
import { secret, text, textFile } from "../text.ts";

const passwordFile = "/run/slipway/redis-password";

/** Cache, locks and sessions: Valkey, which speaks Redis' protocol. */
export const redis: ComponentDefinition = {
  id: "redis",
  section: {
    key: "redis",
    aliases: ["valkey"],
    leastMemory: 32,
    keepsData: true,
    external: { required: ["host"], secret: ["password", "passwordFile"] },
  },
  build(context) {
    const values = context.values.redis;
    const component = {
      id: "redis",
      title: { en: "Valkey (Redis)", zh: "Valkey（Redis 协议）" },
      purpose: { en: "Cache, locks and sessions", zh: "缓存、锁与会话" },
      zone: "data" as const,
    };
    if (values.mode === "external") {
      const { host, port, passwordFile: file } = values.external;
      return {
        component: externalComponent(component, {
          id: "redis",
          port,
          protocol: "redis",
          tls: false,
          externalHost: host,
        }),
        secrets: [givenSecret("redis-external", "password of the external Redis", "redis.external.password", file)],
        wires: [serverWire(context)],
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
      },
      secrets: [randomSecret("redis", "password of Redis clients")],
      wires: [serverWire(context)],
    };
  },
};

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

function serverWire(context: PlanContext): Wire {
  return redisWire(context, { id: "redis", from: "csghub-server" });
}
