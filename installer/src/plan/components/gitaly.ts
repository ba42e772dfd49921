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
import { gitalyLogin } from "../groups/gitaly-client.ts";
import { gitCallbackSecret, hubInternalApi } from "../groups/hub-internal-api.ts";
import type { Text, Wire } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";

const tokenFile = "/run/slipway/gitaly-token";
const storageName = "default";
const storagePath = "/data";

/** Git repositories, behind gRPC. */
export const gitaly: ComponentDefinition = {
  id: "gitaly",
  section: {
    key: "gitaly",
    leastMemory: 256,
    growth: { memoryPerUser: 8, memoryPerRepository: 0.25, diskPerRepository: 0.38 },
    keepsData: true,
    external: { required: ["host"], secret: ["token", "tokenFile"] },
    asksForDisk: true,
  },
  build(context) {
    const values = context.values.gitaly;
    const component = {
      id: "gitaly",
      title: { en: "Gitaly", zh: "Gitaly 代码仓库" },
      purpose: { en: "Storage of Git repositories", zh: "Git 仓库存储" },
      zone: "data" as const,
    };
    if (values.mode === "external") {
      const { host, port, tokenFile: file } = values.external;
      return {
        component: externalComponent(component, { id: "grpc", port, protocol: "grpc", tls: false, externalHost: host }),
        secrets: [givenSecret("gitaly-external", "token of the external Gitaly", "gitaly.external.token", file)],
        wires: [wire(context)],
        outside: [
          {
            kind: "gitaly",
            service: "gitaly",
            address: endpoint("gitaly.grpc", "hostPort"),
            token: secret("gitaly-external"),
            storage: values.external.storage,
          },
        ],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "grpc", port: 8075, protocol: "grpc", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 60,
          health: {
            ready: { kind: "exec", command: ["probe", "grpc", "127.0.0.1:8075", "--gitaly-token-file", tokenFile] },
            live: { kind: "tcp", port: 8075 },
            startSeconds: 90,
          },
        },
        volumes: [
          {
            name: "repositories",
            sizeGiB: toGiB(values.storage.size),
            dataClass: "backup",
            copiedAs: "repositories",
            marker: ".gitaly-metadata",
          },
        ],
      },
      secrets: [randomSecret("gitaly-token", "token of Gitaly's clients"), gitCallbackSecret],
      wires: [wire(context)],
    };
  },
};

function server(context: PlanContext) {
  const values = context.values.gitaly;
  return container(
    {
      image: context.image("gitaly", values.image),
      uid: 10005,
      resources: resourcesOf(values.resources),
      mounts: [{ volume: "repositories", path: storagePath }],
      // Gitaly unpacks its helper programs into its runtime directory and starts them from there.
      scratch: [
        { path: "/run/gitaly", sizeMiB: 256, exec: true },
        { path: "/tmp", sizeMiB: 128 },
      ],
      env: [{ name: "HOME", value: ["/tmp"] }],
      files: [
        { path: "/etc/gitaly/config.toml", contents: textFile([...settings, ...maintenance(context)]) },
        { path: tokenFile, contents: textFile([secret("gitaly-token")]) },
      ],
    },
    values,
  );
}

const settings = text`listen_addr = "0.0.0.0:8075"
bin_dir = "/usr/local/bin"
runtime_dir = "/run/gitaly"

[git]
use_bundled_binaries = false
bin_path = "/usr/bin/git"

[[storage]]
name = "${storageName}"
path = "${storagePath}"

[auth]
token = "${secret("gitaly-token", { as: "quoted" })}"

[gitlab]
url = "${hubInternalApi}"
secret = "${secret("git-callback", { as: "quoted" })}"

[gitlab-shell]
dir = "/usr/local/bin"

[logging]
format = "json"
level = "info"
`;

/** Gitaly's own default is at noon, for ten minutes. `[daily_maintenance]` of its config.toml. */
function maintenance({ values }: PlanContext): Text {
  const { hour, minutes } = values.gitaly.housekeeping;
  const lines =
    minutes === 0
      ? ["disabled = true"]
      : [`start_hour = ${hour}`, `duration = "${minutes}m"`, `storages = ["${storageName}"]`];
  return [`\n[daily_maintenance]\n${lines.join("\n")}\n`];
}

function wire(context: PlanContext): Wire {
  const { storage, secret: token } = gitalyLogin(context);
  return {
    id: "gitaly",
    from: "csghub-server",
    to: "gitaly.grpc",
    expectation: "a repository is made and holds a commit; without the token it is refused",
    check: { kind: "gitaly", address: endpoint("gitaly.grpc", "hostPort"), token: secret(token), storage },
  };
}
