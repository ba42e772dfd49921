import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { renderCompose } from "../compose/render-compose.ts";
import { type RenderedFile, renderedFileToString } from "../rendered-file.ts";
import { checkHardening } from "./check-hardening.ts";
import { composeRules } from "./compose-rules.ts";
import { configRules } from "./config-rules.ts";
import type { RuleId } from "./hardening-input.ts";

type Service = Record<string, unknown>;
interface Document {
  name?: string;
  services: Record<string, Service>;
  networks: Record<string, Record<string, unknown>>;
  volumes: Record<string, Record<string, unknown>>;
}

const files = renderCompose(infraPlan(["casdoor.mode=off"])).files;
const ours = /^S(?:16|24|26)$/;

function rulesBroken(rendered: readonly RenderedFile[]): readonly string[] {
  const found = checkHardening({ target: "compose", files: rendered }).map((finding) => finding.rule);
  return [...new Set(found)].filter((rule) => !ours.test(rule));
}

/** The infra profile with its Compose file changed. */
function withDocument(change: (document: Document) => void): readonly RenderedFile[] {
  return withText("compose.yaml", (text) => {
    const document = parse(text) as Document;
    change(document);
    return stringify(document, { aliasDuplicateObjects: false });
  });
}

function withService(change: (service: Service) => void): readonly RenderedFile[] {
  return withDocument(({ services }) => change(services["postgres"] ?? {}));
}

function withText(path: string, change: (text: string) => string): readonly RenderedFile[] {
  expect(files.map((file) => file.path)).toContain(path);
  return files.map((file) => (file.path === path ? { ...file, contents: [change(renderedFileToString(file))] } : file));
}

const image = "slipway/postgres:0123456789abcdef";
const violations: readonly (readonly [RuleId, string, () => readonly RenderedFile[]])[] = [
  ["S01", "a user below 10000", () => withService((service) => (service["user"] = "999:999"))],
  ["S01", "no user", () => withService((service) => delete service["user"])],
  ["S02", "privileges to be gained", () => withService((service) => (service["security_opt"] = []))],
  ["S03", "capabilities kept", () => withService((service) => (service["cap_drop"] = ["NET_RAW"]))],
  ["S03", "a capability added", () => withService((service) => (service["cap_add"] = ["SYS_ADMIN"]))],
  ["S04", "a writable root", () => withService((service) => (service["read_only"] = false))],
  ["S05", "privileged", () => withService((service) => (service["privileged"] = true))],
  ["S05", "the host's processes", () => withService((service) => (service["pid"] = "host"))],
  ["S05", "the host's network", () => withService((service) => (service["network_mode"] = "host"))],
  ["S05", "devices", () => withService((service) => (service["devices"] = ["/dev/kvm"]))],
  ["S05", "the engine's socket", () => withService((service) => (service["volumes"] = ["/var/run/docker.sock:/s"]))],
  ["S06", "no seccomp", () => withService((service) => (service["security_opt"] = ["seccomp:unconfined"]))],
  ["S07", "no AppArmor", () => withService((service) => (service["security_opt"] = ["apparmor=unconfined"]))],
  ["S08", "no memory limit", () => withService((service) => delete service["mem_limit"])],
  ["S08", "unlimited processes", () => withService((service) => (service["pids_limit"] = -1))],
  ["S09", "no health check", () => withService((service) => delete service["healthcheck"])],
  [
    "S09",
    "an open port as health",
    () => withService((service) => (service["healthcheck"] = { test: ["CMD", "probe", "tcp", ":1"] })),
  ],
  ["S10", "a tag that says nothing", () => withService((service) => (service["image"] = "postgres:17"))],
  [
    "S11",
    "a stale image",
    () => withService((service) => Object.assign(service, { image: "postgres:17", pull_policy: "missing" })),
  ],
  [
    "S12",
    "a password in the environment",
    () => withService((service) => (service["environment"] = { DB_PASSWORD: "hunter2" })),
  ],
  [
    "S12",
    "a password in a URL",
    () => withService((service) => (service["environment"] = { DB: "postgres://a:hunter2@b/c" })),
  ],
  ["S12", "a key in a label", () => withService((service) => (service["labels"] = { x: "Zk3Qv9LmT7xRb2WsYc8NdF4h" }))],
  ["S12", "a password in a command", () => withService((service) => (service["command"] = ["--password=hunter2"]))],
  [
    "S12",
    "a secret in a configuration file",
    () => withText("files/nats/etc/nats/nats.conf", (text) => `${text}\npassword: "hunter2"\n`),
  ],
  [
    "S12",
    "a private key in a configuration file",
    () => withText("files/nats/etc/nats/nats.conf", (text) => `${text}-----BEGIN PRIVATE KEY-----\n`),
  ],
  ["S13", "a secret of someone else", () => files.map((file) => (file.secret ? { ...file, owner: 0 } : file))],
  ["S13", "a mount that is not rendered", () => files.filter((file) => !file.path.endsWith("pg_hba.conf"))],
  ["S14", "a port on every address", () => withDocument(({ services }) => (services["gateway"]!["ports"] = ["80:80"]))],
  [
    "S14",
    "a store published",
    () => withService((service) => (service["ports"] = [{ host_ip: "127.0.0.1", target: 5432 }])),
  ],
  ["S15", "a data network with a way out", () => withDocument(({ networks }) => (networks["data"] = {}))],
  ["S15", "the default network", () => withService((service) => delete service["networks"])],
  ["S20", "a volume of the project", () => withDocument(({ volumes }) => (volumes["postgres-data"] = {}))],
  ["S21", "no restart", () => withService((service) => (service["restart"] = "no"))],
  ["S31", "unbounded logs", () => withService((service) => (service["logging"] = { driver: "json-file" }))],
  ["S31", "trace output", () => withText("files/nats/etc/nats/nats.conf", (text) => `${text}\ntrace: true\n`)],
  ["S32", "latest", () => withService((service) => (service["image"] = "postgres:latest"))],
  ["S32", "no tag", () => withService((service) => (service["image"] = "harbor.corp:5000/postgres"))],
  ["S34", "a fixed container name", () => withService((service) => (service["container_name"] = "pg"))],
  ["S34", "a build", () => withService((service) => (service["build"] = "."))],
  ["S34", "no project name", () => withDocument((document) => delete document.name)],
  ["S36", "a variable of the shell", () => withService((service) => (service["environment"] = { A: "${HOME}" }))],
  ["S36", "a key twice", () => withText("compose.yaml", (text) => `${text}name: again\n`)],
  [
    "S23",
    "trust",
    () => withText("files/postgres/etc/postgresql/pg_hba.conf", (text) => `${text}host all all all trust\n`),
  ],
  [
    "S23",
    "weak password hashes",
    () => withText("files/postgres/etc/postgresql/postgresql.conf", (text) => text.replace("= scram-sha-256", "= md5")),
  ],
];

describe("hardening rules on a Compose file", () => {
  it("find nothing in the infra profile but what is exempt", () => {
    expect(rulesBroken(files)).toEqual([]);
  });

  it.each(violations)("%s catches %s", (rule, _what, broken) => {
    expect(rulesBroken(broken())).toContain(rule);
  });

  it.each([
    ["S16", "files/gateway/etc/nginx/nginx.conf", () => "listen 443 ssl;\nssl_protocols TLSv1 TLSv1.2;\n"],
    ["S24", "files/redis/etc/valkey/valkey.conf", () => "bind *\n"],
    ["S26", "files/registry/etc/distribution/config.yml", () => "version: 0.1\n"],
  ])("%s catches a bad %s", (rule, path, change) => {
    const found = checkHardening({ target: "compose", files: withText(path, change) });

    expect(found.filter((finding) => finding.rule === rule && finding.where.includes(path.slice(-10)))).not.toEqual([]);
  });

  it("have a violation for every rule", () => {
    const tried = new Set(violations.map(([rule]) => rule));

    const untried = [...Object.keys(composeRules), ...Object.keys(configRules)].filter(
      (rule) => !tried.has(rule as RuleId),
    );

    expect(untried.filter((rule) => !ours.test(rule))).toEqual([]);
  });

  it("take a digest and the hash of an image's inputs for a pin, at any registry", () => {
    const digest = `harbor.corp:5000/x/postgres:17@sha256:${"a".repeat(64)}`;

    for (const reference of [image, `harbor.corp/platform/${image}`, digest])
      expect(rulesBroken(withService((service) => (service["image"] = reference)))).toEqual([]);
  });

  it("report an unreadable file instead of passing it", () => {
    expect(rulesBroken(withText("compose.yaml", () => "a: [1"))).toContain("S36");
    expect(rulesBroken([])).toContain("S34");
  });
});
