import {
  container,
  copiesOf,
  healthy,
  resourcesOf,
  type ComponentDefinition,
  type PlanContext,
  absentComponent,
} from "../define.ts";
import { gitSsh, hostKeyAlgorithms as algorithms } from "../groups/git-ssh.ts";
import { gitCallbackSecret, hubInternalApi } from "../groups/hub-internal-api.ts";
import type { SecretSpec, Slotted } from "../model.ts";
import { jsonFile, secret, textFile } from "../text.ts";

const port = 2222;

/** Git over SSH. */
export const gitlabShell: ComponentDefinition = {
  id: "gitlab-shell",
  section: { key: "gitlabShell", leastMemory: 32, growth: { memoryPerUser: 1 }, ownPort: "ssh", image: "gitlab-shell" },
  build(context) {
    const values = context.values.gitlabShell;
    const component = {
      id: "gitlab-shell",
      title: { en: "GitLab Shell", zh: "GitLab Shell" },
      purpose: { en: "Git over SSH", zh: "通过 SSH 访问 Git" },
      zone: "edge" as const,
    };
    if (values.mode === "off") return { component: absentComponent(component) };
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "ssh", port, protocol: "ssh", tls: false }],
        // The hub's answer to each login names Gitaly, so the connection stands in no file here.
        reaches: ["gitaly.grpc"],
        workload: {
          container: server(context),
          ...copiesOf(values),
          update: "rolling",
          stopSeconds: 15,
          health: {
            ready: { kind: "http", port: 9122, path: "/start" },
            live: { kind: "http", port: 9122, path: "/health" },
            startSeconds: 60,
          },
        },
        needs: [healthy("gitaly")],
        published: [
          {
            hostPort: context.values.ports.ssh,
            containerPort: port,
            address: context.addressing.bindAddress,
            purpose: "Git over SSH",
          },
        ],
        links: [{ title: { en: "Git over SSH", zh: "Git（SSH）" }, url: sshUrl(context) }],
      },
      secrets: [...algorithms.map(hostKey), gitCallbackSecret],
      wires: [
        {
          id: "ssh",
          from: "git client",
          to: "gitlab-shell.ssh",
          expectation: "the handshake shows a host key of this install; an unknown key is refused",
          check: { kind: "ssh", ...gitSsh(context) },
        },
      ],
    };
  },
};

function sshUrl({ values, addressing }: PlanContext): string {
  const { ssh } = values.ports;
  return `ssh://git@${addressing.domain}${ssh === 22 ? "" : `:${ssh}`}`;
}

function hostKey(algorithm: (typeof algorithms)[number]): SecretSpec {
  return {
    name: `ssh-host-${algorithm}`,
    description: `SSH host key (${algorithm})`,
    generator: { kind: "ssh-host-key", algorithm },
  };
}

function server(context: PlanContext) {
  const values = context.values.gitlabShell;
  return container(
    {
      image: context.image("gitlab-shell", values.image),
      uid: 10005,
      resources: resourcesOf(values.resources),
      files: [
        { path: "/etc/gitlab-shell/config.yml", contents: jsonFile(settings) },
        ...algorithms.map((algorithm) => ({
          path: hostKeyPath(algorithm),
          contents: textFile([secret(`ssh-host-${algorithm}`, { part: "privateKey" })]),
        })),
      ],
    },
    values,
  );
}

function hostKeyPath(algorithm: string): string {
  return `/run/slipway/ssh_host_${algorithm}_key`;
}

const settings: Slotted = {
  user: "git",
  gitlab_url: hubInternalApi,
  secret: secret("git-callback"),
  auth_file: "/tmp/authorized_keys",
  log_file: "/dev/stdout",
  log_format: "json",
  sshd: {
    listen: `[::]:${port}`,
    web_listen: "0.0.0.0:9122",
    liveness_probe: "/health",
    readiness_probe: "/start",
    grace_period: 5,
    host_key_files: algorithms.map(hostKeyPath),
  },
};
