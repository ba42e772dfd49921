import {
  container,
  givenSecret,
  healthy,
  randomSecret,
  resourcesOf,
  toGiB,
  type ComponentDefinition,
  type JobDraft,
  type OutsideDocument,
  type PlanContext,
  externalComponent,
  endpointOfUrl,
  toStore,
} from "../define.ts";
import {
  isCloud,
  s3AccessKey,
  s3Addressing,
  s3Administrator,
  s3Keys,
  s3Outside,
  s3SecretName,
  s3Secrets,
  s3Wire,
} from "../groups/s3-client.ts";
import { backupKey, isBackedUp } from "../groups/backup-access.ts";
import { toolboxConsole } from "../groups/console-job.ts";
import { outsideAuthorities, trustFiles } from "../groups/public-address.ts";
import { toolboxDocument, toolboxJob, toolboxProgram } from "../groups/toolbox-job.ts";
import type { Component, ConfigFile, Route, SecretSlot } from "../model.ts";
import { endpoint, jsonFile, secret, textFile } from "../text.ts";
import { objectStoreRules } from "../../values/rules/object-store-rules.ts";
import { servedUrl } from "../../values/addressing.ts";

const rootUser = s3Administrator.accessKey;
const rootUserFile = "/run/slipway/root-user";
const rootPasswordFile = "/run/slipway/root-password";

/** Object store: MinIO, or any S3 service outside. */
export const minio: ComponentDefinition = {
  id: "minio",
  section: {
    key: "objectStore",
    leastMemory: 256,
    growth: { memoryPerUser: 4, diskPerUser: 0.6, diskPerRepository: 0.9 },
    keepsData: true,
    external: { required: ["endpoint", "accessKey"], secret: ["secretKey", "secretKeyFile"], whereHigh: true },
    listener: { id: "s3", prefix: "s3", port: "s3" },
    asksForDisk: true,
    rules: objectStoreRules,
  },
  build(context) {
    const values = context.values.objectStore;
    const component = {
      id: "minio",
      title: { en: "MinIO object store", zh: "MinIO 对象存储" },
      purpose: { en: "Large files, uploads and registry layers over S3", zh: "通过 S3 存放大文件、上传内容与镜像层" },
      zone: "app" as const,
    };
    const buckets = context.buckets.map(toStore);
    const wires = context.buckets.map((bucket) => s3Wire(context, bucket.name));
    const { console, job } = objectConsole(context, component);
    if (values.mode === "external") {
      return {
        component: {
          ...externalComponent(component, endpointOfUrl("s3", "s3", values.external.endpoint)),
          buckets,
          console,
        },
        jobs: [...(values.external.createBuckets ? [bucketsJob(context)] : []), job],
        secrets: [
          givenSecret(
            "s3-external",
            "secret key of the external object store",
            "objectStore.external.secretKey",
            values.external.secretKeyFile,
          ),
        ],
        wires,
        outside: [outsideDocument(context)],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "s3", port: 9000, protocol: "s3", tls: false }],
        workload: {
          container: server(context),
          replicas: values.replicas,
          update: "recreate",
          stopSeconds: 30,
          health: {
            ready: { kind: "http", port: 9000, path: "/minio/health/ready" },
            live: { kind: "http", port: 9000, path: "/minio/health/live" },
            startSeconds: 90,
          },
        },
        volumes: [
          {
            name: "data",
            sizeGiB: toGiB(values.storage.size),
            dataClass: "backup",
            copiedAs: "objects",
            marker: ".minio.sys/format.json",
          },
        ],
        buckets,
        console,
        links: [{ title: { en: "S3 endpoint", zh: "S3 接口" }, url: servedUrl(context.addressing, "s3") }],
      },
      jobs: [bucketsJob(context), job],
      secrets: [
        randomSecret("minio-root", `password of ${rootUser}, the object store's administrator`),
        ...s3Secrets(context),
      ],
      routes,
      wires,
    };
  },
};

/** Objects pass; MinIO's administration, metrics and console do not leave the platform. */
const routes: readonly Route[] = [
  {
    id: "s3-administration",
    listener: "s3",
    match: { kind: "prefix", path: "/minio/" },
    action: { kind: "deny", status: 404 },
  },
  {
    id: "s3",
    listener: "s3",
    match: { kind: "prefix", path: "/" },
    action: { kind: "proxy", to: "minio.s3", timeoutSeconds: 7200, streaming: true },
  },
];

function server(context: PlanContext) {
  const values = context.values.objectStore;
  return container(
    {
      image: context.image("minio", values.image),
      uid: 10003,
      command: ["server", "/data", "--address", ":9000"],
      resources: resourcesOf(values.resources),
      mounts: [{ volume: "data", path: "/data" }],
      scratch: [{ path: "/tmp", sizeMiB: 64 }],
      env: [
        { name: "HOME", value: ["/tmp"] },
        { name: "MINIO_BROWSER", value: ["off"] },
        { name: "MINIO_REGION", value: [values.region] },
        { name: "MINIO_UPDATE", value: ["off"] },
        { name: "MINIO_ROOT_USER_FILE", value: [rootUserFile] },
        { name: "MINIO_ROOT_PASSWORD_FILE", value: [rootPasswordFile] },
      ],
      files: [
        { path: rootUserFile, contents: textFile([rootUser]) },
        { path: rootPasswordFile, contents: textFile([secret("minio-root")]) },
      ],
    },
    values,
  );
}

function serviceUsers(context: PlanContext) {
  return s3Keys(context).map((key) => ({
    accessKey: s3AccessKey(context, key),
    secretKey: secret(s3SecretName(context, key)),
    buckets: context.buckets.filter((row) => row.key === key).map((row) => row.name),
  }));
}

function readers(context: PlanContext) {
  if (!isBackedUp(context)) return [];
  return [{ ...backupKey, buckets: context.buckets.map((row) => row.name), readOnly: true }];
}

/** The administrator first; an external store has one key for everything. */
function accessKeys(context: PlanContext): readonly [AccessKey, ...AccessKey[]] {
  const { mode, external } = context.values.objectStore;
  if (mode === "external") return [{ accessKey: external.accessKey, secretKey: secret("s3-external") }];
  const keys = s3Keys(context).map((key) => ({
    accessKey: s3AccessKey(context, key),
    secretKey: secret(s3SecretName(context, key)),
  }));
  return [s3Administrator, ...keys];
}

interface AccessKey {
  readonly accessKey: string;
  readonly secretKey: SecretSlot;
}

function objectConsole(context: PlanContext, component: Pick<Component, "id" | "title">) {
  const [first, ...others] = accessKeys(context);
  const document = {
    endpoint: endpoint("minio.s3", "url"),
    region: context.values.objectStore.region,
    keys: [first, ...others].map((key) => ({ ...key })),
    ...s3Outside(context),
  };
  return toolboxConsole(context, {
    kind: "objects",
    logins: [first.accessKey, ...others.map(({ accessKey }) => accessKey)],
    component,
    server: endpoint("minio.s3", "hostPort"),
    program: [...toolboxProgram, "s3", toolboxDocument],
    files: [{ path: toolboxDocument, contents: jsonFile(document) }, ...outsideTrust(context)],
  });
}

function outsideDocument(context: PlanContext): OutsideDocument {
  const { external, region } = context.values.objectStore;
  const virtualHost = s3Addressing(context) === "virtual-host";
  return {
    kind: "s3",
    service: "minio",
    endpoint: external.endpoint,
    region,
    accessKey: external.accessKey,
    secretKey: secret("s3-external"),
    virtualHost,
    alsoByPath: virtualHost && !isCloud(external.endpoint),
    inSql: context.values.dataviewer.mode === "embedded",
    makesBuckets: external.createBuckets,
    buckets: context.buckets.map(({ name, access }) => ({ name, publicRead: access === "public-read" })),
    ...outsideAuthorities(context),
  };
}

/** Whom to trust of a store elsewhere; our own speaks no TLS inside. */
function outsideTrust(context: PlanContext): readonly ConfigFile[] {
  return context.values.objectStore.mode === "external" ? trustFiles(context) : [];
}

function bucketsJob(context: PlanContext): JobDraft {
  const { mode, region, noncurrentDays } = context.values.objectStore;
  const embedded = mode === "embedded";
  return toolboxJob(context, {
    id: "minio-buckets",
    component: "minio",
    title: "Make buckets, policies and one access key per service",
    makes: [
      ...context.buckets.map((row) => `bucket ${row.name} (${row.access})`),
      ...(embedded ? s3Keys(context).map((key) => `access key ${key}`) : []),
    ],
    needs: [healthy("minio")],
    files: outsideTrust(context),
    waits: true,
    document: {
      kind: "s3-buckets",
      endpoint: endpoint("minio.s3", "url"),
      region,
      flavour: embedded ? "minio" : "generic",
      ...s3Outside(context),
      admin: { ...accessKeys(context)[0] },
      buckets: context.buckets.map((row) => ({ name: row.name, versioning: true, access: row.access, noncurrentDays })),
      users: embedded ? [...serviceUsers(context), ...readers(context)] : [],
    },
  });
}
