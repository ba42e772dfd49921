import { sampleCluster } from "./sample-cluster.ts";
import imageTable from "../../../images/images.generated.json" with { type: "json" };
import { textFile, text, secret, jsonFile } from "../../src/plan/text.ts";
import type { Component, ConfigFile, Container, Job, Plan, Workload } from "../../src/plan/model.ts";

export interface FixtureOptions {
  readonly name: string;
  /** Environment of the component `app`; another value must recreate it and nothing else. */
  readonly greeting?: string;
  /** Makes `app` exit right after its start. */
  readonly appFails?: boolean;
  /** Makes `app` run and never become healthy. */
  readonly appHangs?: boolean;
  readonly jobFails?: boolean;
  /** The job can be asked what it would do, and a plan asks it. */
  readonly probes?: boolean;
  /** The job can be asked quickly, too. */
  readonly stamp?: boolean;
  readonly withoutWeb?: boolean;
  /** Only what version 0.1.0 had a notion of: no console, and no file with a password that was replaced. */
  readonly as010?: boolean;
  /** Version of Slipway that describes it. */
  readonly version?: string;
  /** Form that the store brings its data to; it does not serve from data of a newer one. Each form has an image of its own. */
  readonly form?: 1 | 2;
  /** Where `web` takes notices. */
  readonly notices?: string;
  /** Host directory for the volumes. */
  readonly dataDir?: string;
  /** Value of the given secret. */
  readonly given?: string;
  /** For a target that has no order of its own: the store answers on a port, and its job works outside of its pod. */
  readonly onCluster?: boolean;
}

/** An image of ours that is there wherever images were built; nothing of it but its shell is used. */
export const fixtureImage = imageTable.images.gateway.reference;

const resources = { cpus: 0.5, memoryMiB: 64, pids: 32 };
const readyFile = "/run/fixture/ready";

/**
 * A small platform of three components and a job: a store that refuses to serve with another password than the one it was set up with,
 * a job that prepares it, and two that depend on it. Nothing but a shell is needed to run it.
 */
export function fixturePlan(options: FixtureOptions): Plan {
  const plan: Plan = {
    apiVersion: "slipway/v1",
    kind: "Plan",
    install: { name: options.name, profile: "fixture", edition: "ce", version: options.version ?? "0.0.0" },
    settings: {
      timezone: "UTC",
      domain: "localhost",
      addressing: "port",
      bindAddress: "127.0.0.1",
      tls: "off",
      mainUrl: "http://localhost",
      logs: { maxSize: "1m", maxFiles: 1 },
      pullPolicy: "never",
      cluster: sampleCluster,
      ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    },
    components: [store(options), app(options), web(options)],
    jobs: [prepare(options), ...(options.as010 === true ? [] : [storeConsole()])],
    secrets: [
      {
        name: "store-password",
        description: "password of the store",
        generator: { kind: "random", bytes: 24, encoding: "hex" },
        rotation: { kind: "in-store" },
      },
      {
        name: "store-hash",
        description: "its hash",
        generator: { kind: "bcrypt", of: "store-password", htpasswdUser: "store" },
      },
      {
        name: "app-key",
        description: "host key of the app",
        generator: { kind: "ssh-host-key", algorithm: "ed25519" },
      },
      { name: "app-given", description: "given by a person", generator: { kind: "given", valuesPath: "app.given" } },
      {
        name: "ca",
        description: "authority",
        generator: { kind: "certificate-authority", commonName: "Fixture CA", years: 10 },
      },
      {
        name: "web-tls",
        description: "certificate of the web",
        generator: { kind: "tls-leaf", authority: "ca", names: ["localhost", "127.0.0.1"], days: 397 },
      },
    ],
    listeners: [],
    routes: [],
    insideKeys: [],
    edgeKeys: [],
    wires: [],
  };
  return options.onCluster === true ? withOwnImages(plan) : plan;
}

/** It marks jobs as done. */
const toolbox = { name: "toolbox", reference: imageTable.images.toolbox.reference, source: "built" } as const;

/** Steps before a container take an image that has what they need: one of ours. */
function withOwnImages(plan: Plan): Plan {
  const own = (of: Container): Container => ({ ...of, image: { ...of.image, source: "built" } });
  return {
    ...plan,
    components: plan.components.map((row) =>
      row.workload === undefined
        ? row
        : { ...row, workload: { ...row.workload, container: own(row.workload.container) } },
    ),
    jobs: plan.jobs.map((job) => ({
      ...job,
      container: job.trigger === "request" ? { ...own(job.container), image: toolbox } : own(job.container),
    })),
  };
}

/** Port that the store answers on where somebody waits for it by its address. */
const storePort = 7000;

/** Serves nothing, on a port. */
const listening = [
  "cat > /run/fixture/nginx.conf <<END",
  "pid /run/fixture/pid; error_log stderr; daemon off; events {}",
  "http { access_log off; client_body_temp_path /run/fixture/a; proxy_temp_path /run/fixture/b; fastcgi_temp_path /run/fixture/c;",
  "uwsgi_temp_path /run/fixture/d; scgi_temp_path /run/fixture/e; server { listen 7000; } }",
  "END",
  "exec nginx -c /run/fixture/nginx.conf",
];

function store({ as010, onCluster, form }: FixtureOptions): Component {
  const former: ConfigFile = {
    path: "/etc/store/former",
    contents: textFile(text`${secret("store-password", { part: "former" })}`),
  };
  const takeNew = `if cmp -s ${former.path} /data/password; then cat /etc/store/password > /data/password; fi`;
  const script = [
    "set -eu",
    "if [ ! -e /data/initialised ]; then cat /etc/store/password > /data/password; : > /data/initialised; fi",
    ...(as010 === true ? [] : [takeNew]),
    `cmp -s /etc/store/password /data/password || { echo "the store was set up with another password"; exit 1; }`,
    ...(form === undefined ? [] : bringToForm(form)),
    "echo the store serves",
    `: > ${readyFile}`,
    ...(onCluster === true ? listening : ["exec sleep infinity"]),
  ].join("\n");
  return component("store", "data", {
    ...(onCluster === true
      ? { endpoints: [{ id: "data", port: storePort, protocol: "http", tls: false } as const] }
      : {}),
    workload: workload(
      container(20001, script, {
        files: [
          { path: "/etc/store/password", contents: textFile(text`${secret("store-password")}`) },
          ...(as010 === true ? [] : [former]),
        ],
        mounts: [{ volume: "data", path: "/data" }],
        ...(form === 2 ? { image: { ...toolbox, source: "third-party" } } : {}),
      }),
    ),
    volumes: [{ name: "data", sizeGiB: 1, dataClass: "backup", marker: "initialised" }],
    ...(as010 === true
      ? {}
      : { console: { kind: "sql", job: "store-console", logins: ["keeper", "reader"] } as const }),
  });
}

/** As a newer program does with what an older one wrote; the older one cannot read it from then on. */
function bringToForm(form: number): readonly string[] {
  return [
    "have=$(cat /data/form 2>/dev/null || echo 1)",
    `if [ "$have" -gt ${form} ]; then echo "the data is of form $have, and this program reads ${form}"; exit 1; fi`,
    `echo ${form} > /data/form`,
  ];
}

function app(options: FixtureOptions): Component {
  const ready = options.appHangs === true ? ":" : `: > ${readyFile}`;
  const script = [
    "set -eu",
    `echo "app says $GREETING"`,
    ...(options.appFails === true ? ["echo the app cannot go on", "exit 7"] : [ready, "exec sleep infinity"]),
  ].join("\n");
  const file: ConfigFile = {
    path: "/etc/app/config.json",
    contents: jsonFile({
      password: secret("store-password"),
      given: secret("app-given"),
      key: secret("app-key", { part: "privateKey" }),
    }),
  };
  return component("app", "app", {
    workload: workload(
      container(20002, script, { files: [file], env: [{ name: "GREETING", value: [options.greeting ?? "hello"] }] }),
      options.appHangs === true ? 1 : 20,
    ),
    needs: [
      { kind: "healthy", component: "store" },
      { kind: "completed", job: "prepare" },
    ],
  });
}

function web({ withoutWeb, notices }: FixtureOptions): Component {
  if (withoutWeb === true) return { ...component("web", "edge", {}), presence: "off" };
  const script = ["set -eu", `: > ${readyFile}`, "exec sleep infinity"].join("\n");
  return component("web", "edge", {
    workload: workload(
      container(20003, script, {
        files: [
          { path: "/etc/web/tls.key", contents: textFile(text`${secret("web-tls", { part: "privateKey" })}`) },
          { path: "/etc/web/htpasswd", contents: textFile(text`${secret("store-hash")}\n`) },
        ],
        ...(notices === undefined ? {} : { notices }),
      }),
    ),
    links: [{ title: { en: "Web", zh: "网页" }, url: "http://localhost" }],
    firstPassword: { user: "admin", secret: "store-password" },
  });
}

/** What the job's shell is told in order to only look. */
export const fixtureProbe: readonly string[] = ["echo probed; exit 4"];

/** What the store's program is asked in place of the job. */
export const fixtureStamp: readonly string[] = ["cat", "/data/prepared"];

/** Adds a line to the store's file at each run, so that a test can count them. */
function prepare(options: FixtureOptions): Job {
  const mounts = options.onCluster === true ? [] : [{ volume: "data", path: "/data" }];
  const work = mounts.length === 0 ? "echo prepared" : "echo prepared >> /data/prepared";
  const script = options.jobFails === true ? "echo the job cannot go on; exit 3" : work;
  return {
    id: "prepare",
    component: "store",
    title: "Prepare the store",
    container: container(20001, script, { mounts }),
    needs: [{ kind: "healthy", component: "store" }],
    reaches: options.onCluster === true ? ["store.data"] : [],
    trigger: "bring-up",
    deadlineSeconds: 30,
    makes: ["a line"],
    ...(options.probes === true ? { probeArguments: fixtureProbe, editedByPeople: true as const } : {}),
    ...(options.stamp === true ? { stamp: { component: "store", command: fixtureStamp } } : {}),
  };
}

/** Runs what a person types behind the login, with the store's password at hand. */
function storeConsole(): Job {
  return {
    id: "store-console",
    component: "store",
    title: "Console of store",
    container: container(20004, "", {
      entrypoint: ["/bin/sh", "-c", 'shift; exec "$@"', "console"],
      command: [],
      files: [{ path: "/etc/console/password", contents: textFile(text`${secret("store-password")}`) }],
    }),
    needs: [],
    reaches: [],
    trigger: "request",
    deadlineSeconds: 30,
    makes: [],
  };
}

function component(id: string, zone: Component["zone"], fields: Partial<Component>): Component {
  return {
    id,
    title: { en: id, zh: id },
    purpose: { en: "test", zh: "测试" },
    presence: "embedded",
    zone,
    endpoints: [],
    needs: [],
    reaches: [],
    published: [],
    volumes: [],
    databases: [],
    buckets: [],
    links: [],
    ...fields,
  };
}

function workload(of: Container, startSeconds = 20): Workload {
  const probe = { kind: "exec", command: ["/usr/bin/test", "-e", readyFile] } as const;
  return {
    container: of,
    replicas: 1,
    health: { ready: probe, live: probe, startSeconds },
    stopSeconds: 1,
    stopSignal: "SIGKILL",
    update: "recreate",
  };
}

function container(uid: number, script: string, fields: Partial<Container>): Container {
  return {
    image: { name: "gateway", reference: fixtureImage, source: "third-party" },
    entrypoint: ["/bin/sh", "-c"],
    command: [script],
    uid,
    env: [],
    files: [],
    mounts: [],
    scratch: [{ path: "/run/fixture", sizeMiB: 1 }],
    resources,
    ...fields,
  };
}
