import {
  container,
  givenSecret,
  randomSecret,
  resourcesOf,
  toGiB,
  toMiB,
  type ComponentDefinition,
  type PlanContext,
  externalComponent,
} from "../define.ts";
import { natsLogin } from "../groups/nats-client.ts";
import type { Wire } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";
import { natsRules } from "../../values/rules/nats-rules.ts";

/** Messages between services: NATS with JetStream. */
export const nats: ComponentDefinition = {
  id: "nats",
  section: {
    key: "nats",
    leastMemory: 64,
    keepsData: true,
    external: { required: ["host", "user"], secret: ["password", "passwordFile"] },
    rules: natsRules,
  },
  build(context) {
    const values = context.values.nats;
    const component = {
      id: "nats",
      title: { en: "NATS", zh: "NATS 消息系统" },
      purpose: { en: "Messages and events between services", zh: "服务之间的消息与事件" },
      zone: "data" as const,
    };
    if (values.mode === "external") {
      const { host, port, user, passwordFile } = values.external;
      return {
        component: externalComponent(component, {
          id: "client",
          port,
          protocol: "nats",
          tls: false,
          externalHost: host,
        }),
        secrets: [
          givenSecret(
            "nats-external",
            `password of ${user} on the external NATS`,
            "nats.external.password",
            passwordFile,
          ),
        ],
        wires: [wire(context)],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "client", port: 4222, protocol: "nats", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 30,
          health: {
            ready: { kind: "http", port: 8222, path: "/healthz?js-enabled-only=true" },
            live: { kind: "http", port: 8222, path: "/healthz?js-server-only=true" },
            startSeconds: 60,
          },
        },
        volumes: [
          {
            name: "data",
            sizeGiB: toGiB(values.storage.size),
            dataClass: "backup",
            copiedAs: "streams",
            marker: "jetstream",
          },
        ],
      },
      secrets: [randomSecret(natsLogin(context).secret, `password of ${natsLogin(context).user} on NATS`)],
      wires: [wire(context)],
    };
  },
};

function server(context: PlanContext) {
  const values = context.values.nats;
  return container(
    {
      image: context.image("nats", values.image),
      uid: 10004,
      resources: resourcesOf(values.resources),
      mounts: [{ volume: "data", path: "/data" }],
      files: [{ path: "/etc/nats/nats.conf", contents: textFile(settings(context)) }],
    },
    values,
  );
}

/** `sync_interval: always` because an acknowledged message must survive a power cut; the default loses up to two minutes. */
function settings(context: PlanContext) {
  const { maxMemory, maxFile } = context.values.nats;
  const { user, secret: password } = natsLogin(context);
  return text`server_name: slipway
port: 4222
monitor_port: 8222
max_payload: 8MB
jetstream {
  store_dir: "/data/jetstream"
  max_memory_store: ${toMiB(maxMemory)}MB
  max_file_store: ${toMiB(maxFile)}MB
  sync_interval: always
}
authorization {
  users: [
    { user: "${user}", password: "${secret(password, { as: "quoted" })}" }
  ]
}
`;
}

function wire(context: PlanContext): Wire {
  const { user, secret: password } = natsLogin(context);
  return {
    id: "nats",
    from: "csghub-server",
    to: "nats.client",
    expectation:
      "a JetStream message is published, consumed and acknowledged; without a password the connection is refused",
    check: { kind: "nats", url: endpoint("nats.client", "url"), user, password: secret(password) },
  };
}
