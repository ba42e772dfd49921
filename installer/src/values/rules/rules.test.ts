import { describe, expect, test } from "vitest";
import { listProblems } from "../../../test/support/values-sources.ts";

type Case = readonly [file: string, ...problems: string[]];

function check(cases: readonly Case[]): void {
  test.each(cases.map(([file, ...problems]) => [file, problems] as const))("%s", (file, problems) => {
    expect(listProblems(file)).toEqual(problems);
  });
}

const withHub = (appsDomain: string): string =>
  `appsDomain: ${appsDomain}\ndomain: ai.corp.example\nserver: { mode: embedded }\nrproxy: { mode: embedded }`;
const appsAllowed = "allowed is a host name such as apps.ai.corp.example, or empty [my.yaml:1:13]";
const long = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(58)}.ex`;

describe("appsDomain", () => {
  check([
    [withHub("apps.ai.corp.example")],
    [withHub("apps.other.example")],
    [withHub(long)],
    [
      withHub(`x${long}`),
      `appsDomain: has a label of more than 63 characters (64) (got "x${"a".repeat(58)}... (192 characters)), ${appsAllowed}`,
    ],
    [
      withHub(`x.${long}`),
      `appsDomain: leaves no room for the names of applications within 253 characters (got "x.${"a".repeat(57)}... (193 characters)), ${appsAllowed}`,
    ],
    [
      withHub("10.0.0.9"),
      `appsDomain: is an address, and there are no names below one (got "10.0.0.9"), ${appsAllowed}`,
    ],
    [
      withHub("apps"),
      `appsDomain: has no dot, and browsers keep nothing apart below such a name (got "apps"), ${appsAllowed}`,
    ],
    [withHub("a..b"), `appsDomain: has an empty label (got "a..b"), ${appsAllowed}`],
    ...["ai.corp.example", "corp.example"].map(
      (name) =>
        [
          withHub(name),
          `appsDomain: would take in ai.corp.example, a name of the platform itself, (got "${name}"), ${appsAllowed}`,
        ] as const,
    ),
    [
      withHub("s3.ai.corp.example"),
      `appsDomain: would take in s3.ai.corp.example, a name of the platform itself, (got "s3.ai.corp.example"), ${appsAllowed}`,
    ],
    [
      "appsDomain: apps.corp.example\ndomain: 10.0.0.9\nserver: { mode: embedded }\nrproxy: { mode: embedded }",
      'appsDomain: asks for sub-domains, which an address or a name without a dot has not (got "apps.corp.example"), allowed is empty: applications are at /endpoint/ then [my.yaml:1:13]',
    ],
    [
      "appsDomain: apps.corp.example\ndomain: ai.corp.example",
      'appsDomain: leads nowhere (got "apps.corp.example"), it needs rproxy.mode embedded, or leave it empty [my.yaml:1:13]',
    ],
  ]);
});

test("names of applications below an IP address are refused, and where applications are then is said", () => {
  const hub = "server: { mode: embedded }\nrproxy: { mode: embedded }";

  expect(listProblems(`domain: 10.0.0.9\nappsDomain: apps.corp.example\n${hub}`)).toEqual([
    expect.stringContaining("allowed is empty: applications are at /endpoint/ then"),
  ]);
});

const domainAllowed = "allowed is a lower-case host name such as ai.corp.example, an IPv4 address or localhost";
const namesAllowed = "allowed is a host name such as ai.corp.example, an IPv4 address or localhost";

describe("domain", () => {
  check([
    ["domain: localhost"],
    ["domain: gpu-box"],
    ["domain: ai.corp.example"],
    ["domain: 10.0.0.7"],
    ["domain: xn--fsq.example"],
    [`domain: ""`, `domain: is empty (got ""), ${domainAllowed} [my.yaml:1:9]`],
    [
      "domain: AI.corp",
      `domain: has upper-case letters (got "AI.corp"), did you mean ai.corp? ${domainAllowed} [my.yaml:1:9]`,
    ],
    ["domain: a_b.corp", `domain: has an underscore (got "a_b.corp"), ${domainAllowed} [my.yaml:1:9]`],
    [
      "domain: https://ai.corp",
      `domain: is a URL and not only a host name (got "https://ai.corp"), did you mean ai.corp? ${domainAllowed} [my.yaml:1:9]`,
    ],
    [
      "domain: ai.corp:8443",
      `domain: has a port, which has a key of its own (got "ai.corp:8443"), did you mean ai.corp? ${domainAllowed} [my.yaml:1:9]`,
    ],
    [
      `domain: "::1"`,
      `domain: is an IPv6 address, which is not supported here, use a name that resolves to it (got "::1"), ${domainAllowed} [my.yaml:1:9]`,
    ],
    [
      `domain: "[fe80::1]"`,
      `domain: is an IPv6 address, which is not supported here, use a name that resolves to it (got "[fe80::1]"), ${domainAllowed} [my.yaml:1:9]`,
    ],
    ["domain: a..b", `domain: has an empty label (got "a..b"), ${namesAllowed} [my.yaml:1:9]`],
    [
      "domain: a.-b.c",
      `domain: has the label "-b", which no host name can have (got "a.-b.c"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      "domain: 10.0.0.700",
      `domain: ends in a number but is not an IPv4 address (got "10.0.0.700"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      "domain: s3.10.0.0.5",
      `domain: is a name below the address 10.0.0.5, and an address has no sub-domains: with it as the domain services get ports of their own (got "s3.10.0.0.5"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      "domain: 0.0.0.0",
      `domain: is not an address that a host can have (got "0.0.0.0"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      "domain: 239.1.1.1",
      `domain: is not an address that a host can have (got "239.1.1.1"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      `domain: ${"a".repeat(64)}.example`,
      `domain: has a label of more than 63 characters (64) (got "${"a".repeat(64)}.example"), ${namesAllowed} [my.yaml:1:9]`,
    ],
    [
      `domain: ${"a.".repeat(123)}ab`,
      `domain: leaves no room for sub-domains within 253 characters (got "${"a.".repeat(29)}a... (250 characters)), ${namesAllowed} [my.yaml:1:9]`,
      `domain: makes an address of 256 characters with scheme and port, of which Casdoor keeps 100 (got "${"a.".repeat(29)}a... (250 characters)), allowed are at most 92 characters here, or casdoor.mode external or off [my.yaml:1:9]`,
    ],
    [
      `domain: ${"a.".repeat(130)}ab`,
      `domain: is longer than 253 characters (262) (got "${"a.".repeat(29)}a... (264 characters)), ${domainAllowed} [my.yaml:1:9]`,
    ],
  ]);
});

describe("bindAddress", () => {
  check([
    ["bindAddress: 0.0.0.0"],
    [`bindAddress: "::"`],
    ["bindAddress: 127.0.0.1"],
    ["domain: ai.corp.example\nbindAddress: 127.0.0.1"],
    [
      "bindAddress: 1.2.3",
      'bindAddress: is not an IP address (got "1.2.3"), allowed is auto or an IP address of this host [my.yaml:1:14]',
    ],
    [
      `bindAddress: ":::"`,
      'bindAddress: is not an IP address (got ":::"), allowed is auto or an IP address of this host [my.yaml:1:14]',
    ],
    [
      "bindAddress: eth0",
      'bindAddress: is not allowed (got "eth0"), allowed is auto or an IP address of this host [my.yaml:1:14]',
    ],
    [
      "domain: 10.0.0.7\nbindAddress: 127.0.0.1",
      'bindAddress: is reached from this host only, but the domain 10.0.0.7 is an address for others (got "127.0.0.1"), allowed is auto or an address that others reach [my.yaml:2:14]',
    ],
  ]);
});

describe("ports", () => {
  check([
    ["ports: { https: 80 }"],
    ["domain: ai.corp.example\nports: { casdoor: 443, s3: 443 }"],
    ["ports: { ssh: 80 }\ngitlabShell: { mode: off }"],
    ["ports: { casdoor: 80 }\ncasdoor: { mode: off }"],
    [
      "ports: { ssh: 80 }",
      "ports.ssh: is the same port as ports.http (got 80), allowed is a port of its own [my.yaml:1:15]",
    ],
    [
      "ports: { http: 9000 }",
      "ports.s3: is the same port as ports.http (got 9000), allowed is a port of its own [my.yaml:1:16]",
    ],
    [
      "domain: 10.0.0.7\nports: { https: 80, casdoor: 80 }",
      "ports.https: is the same port as ports.http (got 80), allowed is a port of its own [my.yaml:2:17]",
      "ports.casdoor: is the same port as ports.http (got 80), allowed is a port of its own [my.yaml:2:30]",
    ],
    [
      "ports: { http: 0 }",
      "ports.http: is not allowed (got 0), allowed is a whole number from 1 to 65535 [my.yaml:1:16]",
    ],
    [
      "ports: { http: 65536 }",
      "ports.http: is not allowed (got 65536), allowed is a whole number from 1 to 65535 [my.yaml:1:16]",
    ],
  ]);
});

describe("tls", () => {
  check([
    ["tls: { mode: off }"],
    ["domain: ai.corp.example\ntls: { mode: off }"],
    ["tls: { mode: files, certFile: /c.pem, keyFile: /k.pem }"],
    ["tls: { caFile: /ca.pem }"],
    [
      "tls: { mode: files }",
      "tls.certFile: is empty, but tls.mode is files; name a PEM file [my.yaml:1:14]",
      "tls.keyFile: is empty, but tls.mode is files; name a PEM file [my.yaml:1:14]",
    ],
    [
      "tls: { mode: files, certFile: /c.pem }",
      "tls.keyFile: is empty, but tls.mode is files; name a PEM file [my.yaml:1:14]",
    ],
    [
      "tls: { certFile: /c.pem }",
      "tls.certFile: is given, but tls.mode is auto and would not use it; set tls.mode to files or remove the line [my.yaml:1:18]",
    ],
    [
      "tls: { mode: files, certFile: c.pem, keyFile: /k }",
      'tls.certFile: is not allowed (got "c.pem"), allowed is an absolute path, or empty [my.yaml:1:31]',
    ],
  ]);
});

describe("Temporal's web page", () => {
  const cannot = (allowed: string, place: string) =>
    `temporalUi.mode: cannot work here (got "embedded"), ${allowed} [my.yaml:${place}]`;

  check([
    ["domain: ai.corp.example\ntemporalUi: { mode: embedded }"],
    ["domain: 10.0.0.7\ntemporalUi: { mode: embedded }"],
    ["temporalUi: { mode: embedded }", cannot("it needs a domain that containers reach too, not localhost", "1:21")],
    [
      "domain: ai.corp.example\ntemporalUi: { mode: embedded }\ncasdoor: { mode: off }",
      cannot("it needs casdoor.mode embedded to sign people in", "2:21"),
    ],
    [
      "domain: ai.corp.example\ntemporalUi: { mode: embedded }\ntemporal: { mode: external, external: { host: flow.corp } }",
      cannot("it needs temporal.mode embedded", "2:21"),
    ],
  ]);
});

describe("external services", () => {
  const needs = (name: string, key: string) =>
    `${name}.external.${key}: is empty, but ${name}.mode is external and needs it [my.yaml:1:${name.length + 11}]`;
  const oneOf = (name: string, key: string, file: string, other = "") =>
    `${name}.external.${key}: is empty and so is ${file}, but ${name}.mode is external; give exactly one of the two${other} [my.yaml:1:${name.length + 11}]`;
  const loopback = "means the container itself when it is read inside a container";

  check([
    [
      "postgres: { mode: external }",
      needs("postgres", "host"),
      oneOf("postgres", "adminPassword", "adminPasswordFile", ", or passwordFolder"),
    ],
    ["redis: { mode: external }", needs("redis", "host"), oneOf("redis", "password", "passwordFile")],
    [
      "objectStore: { mode: external }",
      needs("objectStore", "endpoint"),
      needs("objectStore", "accessKey"),
      oneOf("objectStore", "secretKey", "secretKeyFile"),
    ],
    [
      "nats: { mode: external }",
      needs("nats", "host"),
      needs("nats", "user"),
      oneOf("nats", "password", "passwordFile"),
    ],
    ["gitaly: { mode: external }", needs("gitaly", "host"), oneOf("gitaly", "token", "tokenFile")],
    [
      "registry: { mode: external }",
      needs("registry", "url"),
      needs("registry", "user"),
      oneOf("registry", "password", "passwordFile"),
    ],
    ["temporal: { mode: external }", needs("temporal", "host")],
    [
      "casdoor: { mode: external }",
      needs("casdoor", "url"),
      needs("casdoor", "clientId"),
      needs("casdoor", "certificateFile"),
      oneOf("casdoor", "clientSecret", "clientSecretFile"),
    ],
    ["redis: { external: { host: redis.corp } }"],
    ["redis: { mode: external, external: { host: redis.corp, password: x } }"],
    ["postgres: { mode: external, external: { host: 10.0.0.9, adminPasswordFile: /p } }"],
    ["gitaly: { mode: external, external: { host: my_gitaly, token: x } }"],
    ["registry: { mode: external, external: { url: 'https://harbor.corp:8443', user: u, password: p } }"],
    [
      "postgres: { mode: external, external: { host: db, adminPassword: x, adminPasswordFile: /p } }",
      "postgres.external.adminPassword: is given together with adminPasswordFile, allowed is exactly one of the two [my.yaml:1:66]",
    ],
    [
      "redis: { mode: external, external: { host: redis.corp, password: x, passwordFile: /p } }",
      "redis.external.password: is given together with passwordFile, allowed is exactly one of the two [my.yaml:1:66]",
    ],
    [
      "redis: { mode: external, external: { host: localhost, password: x } }",
      `redis.external.host: ${loopback} (got "localhost"), allowed is a name or address that containers reach [my.yaml:1:44]`,
    ],
    [
      "redis: { mode: external, external: { host: redis.1, password: x } }",
      'redis.external.host: ends in a number but is not an IPv4 address (got "redis.1"), allowed is a host name or an IPv4 address [my.yaml:1:44]',
    ],
    [
      "objectStore: { mode: external, external: { endpoint: 'http://127.0.0.1:9000', publicEndpoint: 'http://localhost:9000', accessKey: a, secretKey: b } }",
      `objectStore.external.endpoint: ${loopback} (got "http://127.0.0.1:9000"), allowed is a name or address that containers reach [my.yaml:1:54]`,
    ],
    [
      "objectStore: { mode: external, external: { endpoint: 'http://s3.corp:99999', accessKey: a, secretKey: b } }",
      'objectStore.external.endpoint: is not a URL that programs can read (got "http://s3.corp:99999"), allowed is a URL such as https://s3.corp.example [my.yaml:1:54]',
    ],
    [
      "objectStore: { mode: external, external: { endpoint: 'http://s3..corp', accessKey: a, secretKey: b } }",
      'objectStore.external.endpoint: has an empty label (got "http://s3..corp"), allowed is a URL such as https://s3.corp.example [my.yaml:1:54]',
    ],
    ["nats: { mode: external, external: { host: nats.corp, user: x, passwordFile: /p } }"],
  ]);
});

describe("Redis elsewhere", () => {
  const outside = (fields: string, more = ""): string =>
    `redis: { mode: external, external: { password: x, ${fields} } }${more}`;
  check([
    [outside("host: redis.corp, user: default")],
    [outside("host: redis.corp, user: hub", '\ncasdoor: { mode: "off" }')],
    [outside("host: redis.corp, tls: true, caFile: /etc/ca.pem")],
    [
      outside("host: redis.corp, user: hub"),
      'redis.external.user: is a user that Casdoor, whose sessions are in Redis, cannot sign in as: it has no setting for a name (got "hub"), allowed is an empty text, for the default user, or casdoor.mode external or off [my.yaml:1:75]',
    ],
    [
      outside("host: 10.0.0.7, tls: true"),
      'redis.external.host: is an address, and what speaks TLS to Redis checks names in certificates only (got "10.0.0.7"), allowed is a host name [my.yaml:1:57]',
    ],
    [
      outside("host: redis.corp, caFile: /etc/ca.pem"),
      'redis.external.caFile: is given for a connection without TLS (got "/etc/ca.pem"), allowed is an empty text, or tls true [my.yaml:1:77]',
    ],
  ]);
});

describe("PostgreSQL with the passwords of its roles", () => {
  const outside = (fields: string): string => `postgres: { mode: external, external: { host: db.corp, ${fields} } }`;
  check([
    [outside("passwordFolder: /etc/pg")],
    [
      outside("passwordFolder: /etc/pg, adminPassword: x"),
      "postgres.external.adminPassword: is given together with passwordFolder, which takes its place; allowed is one of the two [my.yaml:1:96]",
    ],
  ]);
});

describe("sizes", () => {
  check([
    ["postgres: { sharedBuffers: 409Mi }"],
    ["postgres: { sharedBuffers: 1Gi, resources: { memory: 4Gi } }"],
    [
      "postgres: { sharedBuffers: 410Mi }",
      'postgres.sharedBuffers: leaves PostgreSQL too little memory for its work (got "410Mi"), allowed is at most 40% of postgres.resources.memory, which is 409.6 MiB [my.yaml:1:28]',
    ],
    [
      "postgres: { resources: { memory: 300Mi } }",
      'postgres.sharedBuffers: leaves PostgreSQL too little memory for its work (got "256Mi"), allowed is at most 40% of postgres.resources.memory, which is 120 MiB [my.yaml:1:34]',
    ],
    [
      "postgres: { sharedBuffers: 1Ki }",
      'postgres.sharedBuffers: is less than PostgreSQL accepts (got "1Ki"), allowed is 128Ki or more [my.yaml:1:28]',
    ],
    [
      "gateway: { resources: { memory: 1Mi } }",
      'gateway.resources.memory: is less memory than it needs to start (got "1Mi"), allowed is 32Mi or more [my.yaml:1:33]',
    ],
    [
      "gateway: { resources: { memory: 8192Ti } }",
      'gateway.resources.memory: is more than can be counted (got "8192Ti"), allowed is less than 8191Ti [my.yaml:1:33]',
    ],
    [
      "gitaly: { storage: { size: 9999999Ti } }",
      'gitaly.storage.size: is more than can be counted (got "9999999Ti"), allowed is less than 8191Ti [my.yaml:1:28]',
    ],
    [
      "postgres: { sharedBuffers: 9999999Ti }",
      'postgres.sharedBuffers: is more than can be counted (got "9999999Ti"), allowed is less than 8191Ti [my.yaml:1:28]',
    ],
    ["gateway: { resources: { cpus: 0.125 } }"],
    [
      "gateway: { resources: { cpus: 0.1255 } }",
      "gateway.resources.cpus: is finer than a thousandth of a processor (got 0.1255), allowed are at most three digits after the point, Kubernetes knows nothing smaller [my.yaml:1:31]",
    ],
    [
      "gateway: { resources: { cpus: 0 } }",
      "gateway.resources.cpus: is not allowed (got 0), allowed is a number from 0.01 to 1024 [my.yaml:1:31]",
    ],
    ["gateway: { replicas: 2 }"],
    ["gateway: { replicas: 2, maxReplicas: 3 }"],
    [
      "gateway: { replicas: 2, maxReplicas: 2 }",
      "gateway.maxReplicas: leaves no room to grow (got 2), allowed is 0, or more than gateway.replicas, which is 2 [my.yaml:1:38]",
    ],
    [
      "temporal: { replicas: 2 }",
      "temporal.replicas: would take the first one's work away: each is told the same address of its own, and finds no other (got 2), allowed is 1 [my.yaml:1:23]",
    ],
    [
      "nats: { replicas: 2 }",
      "nats.replicas: would be several services with data of their own, not copies of one (got 2), allowed is 1 [my.yaml:1:19]",
    ],
    ["nats: { maxMemory: 256Mi }"],
    [
      "nats: { maxMemory: 257Mi }",
      'nats.maxMemory: leaves the server too little memory (got "257Mi"), allowed is at most half of nats.resources.memory, which is 256 MiB [my.yaml:1:20]',
    ],
    ["nats: { maxFile: 10Gi }"],
    [
      "nats: { storage: { size: 4Gi } }",
      'nats.maxFile: is more than the disk holds (got "8Gi"), allowed is at most nats.storage.size, which is 4Gi [my.yaml:1:26]',
    ],
    ["temporal: { historyShards: 1 }"],
    ["temporal: { historyShards: 4096 }"],
    [
      "temporal: { historyShards: 500 }",
      "temporal.historyShards: is not a power of two (got 500), allowed is a power of two such as 256 or 512 [my.yaml:1:28]",
    ],
    [
      "logging: { maxSize: 10Mi }",
      'logging.maxSize: is not allowed (got "10Mi"), did you mean 10m? allowed is a number followed by k, m or g, such as 10m [my.yaml:1:21]',
    ],
  ]);
});

describe("names and paths", () => {
  check([
    ["timezone: Asia/Shanghai"],
    ["timezone: Etc/GMT+8"],
    [
      "timezone: Mars/Base",
      'timezone: is not a known time zone (got "Mars/Base"), allowed is an IANA time zone such as Asia/Shanghai or UTC [my.yaml:1:11]',
    ],
    ["dataDir: /srv/slipway"],
    ["dataDir: /srv/my data"],
    ["dataDir: data", 'dataDir: is not allowed (got "data"), allowed is an absolute path, or empty [my.yaml:1:10]'],
    [
      "dataDir: /srv/../etc",
      'dataDir: goes through . or .. (got "/srv/../etc"), allowed is an absolute path without them [my.yaml:1:10]',
    ],
    [
      "dataDir: /",
      'dataDir: is a directory of the system (got "/"), allowed is one of its own such as /srv/slipway [my.yaml:1:10]',
    ],
    [
      "dataDir: /var//lib/",
      'dataDir: is a directory of the system (got "/var//lib/"), allowed is one of its own such as /srv/slipway [my.yaml:1:10]',
    ],
    ["dataDir: /srv/a/", 'dataDir: has a slash too many (got "/srv/a/"), allowed is "/srv/a" [my.yaml:1:10]'],
    [
      "postgres: { external: { caFile: /etc/./ca } }",
      'postgres.external.caFile: goes through . or .. (got "/etc/./ca"), allowed is an absolute path without them [my.yaml:1:33]',
    ],
    [
      "postgres: { image: postgres:latest }",
      'postgres.image: has the tag latest, which means another image every day (got "postgres:latest"), allowed is a tag with a version, or a digest [my.yaml:1:20]',
    ],
    ["images: { registry: 'harbor.corp:5000/platform' }"],
    [
      "images: { registry: 'harbor.corp:99999' }",
      'images.registry: has a port that does not exist (got "harbor.corp:99999"), allowed is 1 to 65535 [my.yaml:1:21]',
    ],
    [
      "images: { registry: 'harbor/platform' }",
      'images.registry: has a host without dot and port, which engines do not take for a host (got "harbor/platform"), allowed is harbor:443 or the host\'s whole name [my.yaml:1:21]',
    ],
    [
      "images: { registry: 'https://harbor.corp/' }",
      'images.registry: is not allowed (got "https://harbor.corp/"), allowed is a registry host with an optional port and path, without https:// and without a slash at the end, or empty [my.yaml:1:21]',
    ],
    [
      "objectStore: { buckets: { portal: csghub-server } }",
      'objectStore.buckets.portal: is the same bucket as objectStore.buckets.server (got "csghub-server"), allowed is one of its own [my.yaml:1:35]',
    ],
    [
      "objectStore: { buckets: { server: csghub-portal } }",
      'objectStore.buckets.portal: is the same bucket as objectStore.buckets.server (got "csghub-portal"), allowed is one of its own [my.yaml:1:35]',
    ],
    ...(
      [
        ["10.0.0.1", "looks like an IP address, which S3 refuses"],
        ["a..b", "has a dot beside a dot or hyphen, which S3 refuses"],
        ["a.-b", "has a dot beside a dot or hyphen, which S3 refuses"],
        ["xn--a", "begins with a prefix that S3 keeps for itself"],
        ["a-s3alias", "ends with a suffix that S3 keeps for itself"],
      ] as const
    ).map(
      ([bucket, wrong]) =>
        [
          `objectStore: { buckets: { portal: ${bucket} } }`,
          `objectStore.buckets.portal: ${wrong} (got "${bucket}"), allowed is a name such as ai-models [my.yaml:1:35]`,
        ] as const,
    ),
    [
      "objectStore: { buckets: { portal: Portal } }",
      'objectStore.buckets.portal: is not allowed (got "Portal"), allowed is 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit [my.yaml:1:35]',
    ],
    [
      "postgres: { external: { adminUser: pg_admin } }",
      'postgres.external.adminUser: begins with pg_, which PostgreSQL keeps for itself (got "pg_admin"), allowed is another role [my.yaml:1:36]',
    ],
    [`domain: ${"a".repeat(60)}.${"b".repeat(31)}`],
    [
      `domain: ${"a".repeat(60)}.${"b".repeat(32)}`,
      `domain: makes an address of 101 characters with scheme and port, of which Casdoor keeps 100 (got "${"a".repeat(59)}... (95 characters)), allowed are at most 92 characters here, or casdoor.mode external or off [my.yaml:1:9]`,
    ],
    [`domain: ${"a".repeat(60)}.${"b".repeat(32)}\ncasdoor: { mode: off }`],
    [`domain: ${"a".repeat(60)}.${"b".repeat(32)}\ntls: { mode: off }`],
    [
      `domain: ${"a".repeat(60)}.${"b".repeat(31)}\nports: { https: 8443 }`,
      `domain: makes an address of 105 characters with scheme and port, of which Casdoor keeps 100 (got "${"a".repeat(59)}... (94 characters)), allowed are at most 87 characters here, or casdoor.mode external or off [my.yaml:1:9]`,
    ],
    [
      "casdoor: { organization: built-in }",
      `casdoor.organization: is Casdoor's own organization, whose members administer all others (got "built-in"), allowed is another name [my.yaml:1:26]`,
    ],
    [
      "casdoor: { organization: 'A B' }",
      'casdoor.organization: is not allowed (got "A B"), allowed is letters, digits, underscores and hyphens, at most 100, beginning with a letter or digit [my.yaml:1:26]',
    ],
    [
      "labelStudio: { mode: embedded }\nserver: { mode: embedded }\ndomain: hub.corp.example",
      'labelStudio.mode: cannot work alone (got "embedded"), it needs dataflow.mode embedded, which leads people to it [my.yaml:1:22]',
    ],
    [
      "dataflow: { mode: embedded }",
      'dataflow.mode: cannot work alone (got "embedded"), it needs server.mode embedded, or leave it out with mode off [my.yaml:1:19]',
    ],
    [
      "labelStudio: { mode: embedded }\ndataflow: { mode: embedded }\nserver: { mode: embedded }\ndomain: hub.corp.example",
    ],
  ]);
});

describe("accounts of the company", () => {
  const provider = (fields: string, before = ""): string =>
    `${before}casdoor: { provider: { issuer: 'https://login.corp.example/realms/corp', clientId: ai, clientSecretFile: /s${fields} } }`;
  check([
    [provider("")],
    ["casdoor: { provider: { scopes: profile } }"],
    [
      provider("").replace("casdoor: {", "casdoor: { mode: 'off',"),
      `casdoor.provider.issuer: is nobody's: only a Casdoor that runs here is told of it (got "https://login.corp.example/realms/corp"), allowed is none, or casdoor.mode embedded; one elsewhere is told there [my.yaml:1:45]`,
    ],
    [
      provider("").replace("login.corp.example", "localhost"),
      `casdoor.provider.issuer: means the container itself when it is read inside a container (got "https://localhost/realms/corp"), allowed is an https URL with a name or address that containers reach [my.yaml:1:32]`,
    ],
    [
      provider("").replace("login.corp.example", "login..example"),
      `casdoor.provider.issuer: has an empty label (got "https://login..example/realms/corp"), allowed is an https URL with a name or address that containers reach [my.yaml:1:32]`,
    ],
    [
      provider("").replace("corp.example", "corp.example:99999"),
      `casdoor.provider.issuer: is not a URL that programs can read (got "https://login.corp.example:99999/realms/corp"), allowed is an https URL with a name or address that containers reach [my.yaml:1:32]`,
    ],
    [
      provider("").replace("https:", "http:"),
      `casdoor.provider.issuer: is not allowed (got "http://login.corp.example/realms/corp"), allowed is an https URL without user name, query and fragment, of at most 100 characters [my.yaml:1:32]`,
    ],
    [
      "casdoor: { provider: { issuer: https://login.corp.example } }",
      "casdoor.provider.clientId: is empty, but casdoor.provider.issuer is given [my.yaml:1:32]",
      "casdoor.provider.clientSecret: is empty and so is clientSecretFile, but casdoor.provider.issuer is given; give exactly one of the two [my.yaml:1:32]",
    ],
    [
      provider(", clientSecret: s"),
      "casdoor.provider.clientSecret: is given together with clientSecretFile, allowed is exactly one of the two [my.yaml:1:124]",
    ],
    [
      provider(", scopes: profile"),
      `casdoor.provider.scopes: is not what an OpenID provider gives a person's claims for (got "profile"), allowed are scopes with openid among them [my.yaml:1:118]`,
    ],
    [provider(", claims: { username: email }")],
    [
      provider(", claims: { displayName: username }"),
      `casdoor.provider.claims.displayName: is what Casdoor itself calls the username, which comes from another claim (got "username"), allowed is a claim of another name [my.yaml:1:133]`,
    ],
  ]);
});

describe("backup", () => {
  const on = (directory: string, more = ""): string => `backup: { mode: embedded, directory: "${directory}" }${more}`;

  check([
    [on("/mnt/backup")],
    [on("/mnt/backup", "\ndataDir: /srv/slipway")],
    ['backup: { mode: "off" }'],
    ['backup: { mode: embedded, claim: "backups" }'],
    [
      on(""),
      'backup.directory: is needed to keep backups in (got ""), allowed is an absolute path; on a cluster backup.claim takes its place [my.yaml:1:38]',
    ],
    [
      'backup: { mode: embedded, directory: "/mnt/backup", claim: "backups" }',
      'backup.directory: is given beside backup.claim, and backups are kept in one place: (got "/mnt/backup"), allowed is an empty text on a cluster; on one host leave backup.claim out [my.yaml:1:38]',
    ],
    [
      on("/"),
      'backup.directory: is the root of the host (got "/"), allowed is a directory elsewhere, best on another machine\'s disk [my.yaml:1:38]',
    ],
    ...["/srv/slipway", "/srv/slipway/backups"].map(
      (directory) =>
        [
          on(directory, "\ndataDir: /srv/slipway"),
          `backup.directory: lies with the data that it keeps copies of (got "${directory}"), allowed is a directory elsewhere, best on another machine's disk [my.yaml:1:38]`,
        ] as const,
    ),
  ]);

  const elsewhere = (repository: string): string => `backup: { mode: embedded, repository: { ${repository} } }`;
  const rest = 'kind: rest, url: "https://b.corp/slipway"';
  const s3 = 'kind: s3, url: "https://s3.corp:9000/backups/slipway"';
  const sftp = 'kind: sftp, url: "sftp://slipway@b.corp:2222/srv/backup"';

  test.each([
    [elsewhere(rest)],
    [elsewhere(`${rest}, user: slipway, passwordFile: /p`)],
    [elsewhere(`${s3}, accessKey: k, secretKeyFile: /s, region: eu-central-1`)],
    [elsewhere(`${sftp}, privateKeyFile: /k, hostKey: ssh-ed25519 AAAA`)],
    [elsewhere("kind: rest"), "backup.repository.url: is empty, but backup.repository.kind is rest and needs it"],
    [
      elsewhere(`${rest}, user: slipway`),
      "backup.repository.password: is empty and so is passwordFile; give exactly one of the two",
    ],
    [
      elsewhere(`${rest}, password: hush`),
      "backup.repository.password: is given without a user; name one in backup.repository.user",
    ],
    [
      elsewhere(`${rest}, user: slipway, password: hush, passwordFile: /p`),
      "backup.repository.password: is given together with passwordFile, allowed is exactly one of the two",
    ],
    [
      elsewhere(`${rest}, secretKey: hush, region: here`),
      "backup.repository.secretKey: would not be used, for backup.repository.kind is rest; leave it empty",
      'backup.repository.region: would not be used, for backup.repository.kind is rest (got "here"), allowed is an empty text',
    ],
    [
      elsewhere('kind: s3, url: "https://s3.corp", accessKey: k, secretKey: s'),
      'backup.repository.url: is no address of kind s3 (got "https://s3.corp"), allowed is https://HOST/BUCKET',
    ],
    [
      elsewhere('kind: sftp, url: "https://b.corp/x", privateKeyFile: /k, hostKey: ssh-ed25519 AAAA'),
      'backup.repository.url: is no address of kind sftp (got "https://b.corp/x"), allowed is sftp://USER@HOST/PATH',
    ],
    [
      elsewhere(sftp),
      "backup.repository.privateKeyFile: is empty, but backup.repository.kind is sftp and needs it",
      "backup.repository.hostKey: is empty, but backup.repository.kind is sftp and needs it",
    ],
    [
      elsewhere('kind: rest, url: "https://localhost/x"'),
      'backup.repository.url: means the container itself when it is read inside a container (got "https://localhost/x"), allowed is a name or address that containers reach',
    ],
    [
      on("/mnt/backup").replace(" }", `, repository: { ${rest} } }`),
      'backup.directory: would not be used, for backup.repository.kind is rest (got "/mnt/backup"), allowed is an empty text',
    ],
    [on("/mnt/backup").replace(" }", ", wal: true }")],
    [
      'backup: { mode: "off", wal: true }',
      "backup.wal: would store the log of databases that are not backed up: (got true), allowed is false while backup.mode is off",
    ],
    [
      on("/mnt/backup", "\npostgres: { mode: external, external: { host: db.corp, adminPassword: x } }").replace(
        " }",
        ", wal: true }",
      ),
      "backup.wal: cannot be had of a server that is elsewhere: (got true), allowed is false while postgres.mode is external",
    ],
    [
      on("/mnt/backup").replace(" }", ', repository: { url: "https://b.corp/x" } }'),
      'backup.repository.url: would not be used, for backup.repository.kind is directory (got "https://b.corp/x"), allowed is an empty text',
    ],
  ])("%s", (file, ...problems) => {
    expect(listProblems(file).map((problem) => problem.replace(/ \[my[.]yaml:\d+:\d+\]$/, ""))).toEqual(problems);
  });
});
