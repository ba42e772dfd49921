import { type ComponentDefinition, container, type PlanContext } from "../define.ts";
import { hasRedisTunnel, redisCaSecret, redisTunnel } from "../groups/redis-client.ts";
import type { ConfigFile, SecretSpec, Text } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";

const port = 6379;
/** Where nginx says that it serves; an open port alone does not. */
const healthPort = 8080;
const caPath = "/run/slipway/redis-ca.crt";

/** The authorities of its image. */
const publicAuthorities = "/etc/ssl/certs/ca-certificates.crt";

/**
 * The hub's programs and Casdoor speak no TLS to Redis. Where a Redis elsewhere does, they speak to this on the platform's inner network, and it
 * checks the server's certificate and name. Who signs in, and with what, passes through as it is.
 */
export const tunnel: ComponentDefinition = {
  id: redisTunnel,
  build(context) {
    if (!hasRedisTunnel(context)) return {};
    return {
      component: {
        id: redisTunnel,
        title: { en: "TLS to Redis", zh: "Redis 加密通道" },
        purpose: {
          en: "Speaks TLS to the external Redis for programs that cannot",
          zh: "为不支持加密的程序连接外部 Redis",
        },
        zone: "data",
        presence: "embedded",
        endpoints: [{ id: "redis", port, protocol: "redis", tls: false }],
        workload: {
          container: container({
            image: context.image("gateway", ""),
            uid: 10010,
            resources: { cpus: 1, memoryMiB: 64, pids: 16 },
            files: [
              { path: "/etc/nginx/nginx.conf", contents: textFile(settings(context)) },
              ...authorityFiles(context),
            ],
          }),
          // All programs lead through it: alone it would be what a Redis with a replica is there to avoid.
          replicas: context.values.availability === "high" ? 2 : 1,
          update: "rolling",
          stopSeconds: 5,
          stopSignal: "SIGQUIT",
          health: {
            ready: { kind: "http", port: healthPort, path: "/healthz" },
            live: { kind: "tcp", port },
            startSeconds: 30,
          },
        },
      },
      secrets: secrets(context),
    };
  },
};

function authorityFiles({ values: { redis } }: PlanContext): readonly ConfigFile[] {
  return redis.external.caFile === "" ? [] : [{ path: caPath, contents: textFile([secret(redisCaSecret)]) }];
}

function secrets({ values: { redis } }: PlanContext): readonly SecretSpec[] {
  const path = redis.external.caFile;
  if (path === "") return [];
  const description = "authority of the external Redis, given";
  return [{ name: redisCaSecret, description, generator: { kind: "given-file", path } }];
}

function settings({ values: { redis } }: PlanContext): Text {
  return text`include /etc/nginx/modules-enabled/*.conf;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr warn;
events { worker_connections 2048; }
stream {
  server {
    listen ${port} so_keepalive=on;
    proxy_pass ${endpoint("redis.redis", "hostPort")};
    proxy_connect_timeout 5s;
    # Clients end connections that they do not use.
    proxy_timeout 2h;
    proxy_socket_keepalive on;
    proxy_ssl on;
    proxy_ssl_protocols TLSv1.2 TLSv1.3;
    proxy_ssl_server_name on;
    proxy_ssl_name ${endpoint("redis.redis", "host")};
    proxy_ssl_verify on;
    proxy_ssl_verify_depth 5;
    proxy_ssl_trusted_certificate ${redis.external.caFile === "" ? publicAuthorities : caPath};
  }
}
http {
  access_log off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  server {
    listen ${healthPort};
    location = /healthz { return 200 "ok\n"; }
    location / { return 404; }
  }
}
`;
}
