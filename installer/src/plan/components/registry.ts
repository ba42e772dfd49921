import {
  completed,
  container,
  copiesOf,
  givenSecret,
  healthy,
  randomSecret,
  resourcesOf,
  type ComponentDefinition,
  type JobDraft,
  type PlanContext,
  externalComponent,
  endpointOfUrl,
} from "../define.ts";
import { outsideAuthorities, outsideCaFile, routeWire, trustFiles, trustVariables } from "../groups/public-address.ts";
import { s3AccessKey, s3Addressing, s3SecretName } from "../groups/s3-client.ts";
import type { Route, Slotted, Wire } from "../model.ts";
import { endpoint, jsonFile, secret, textFile } from "../text.ts";

const configPath = "/etc/distribution/config.yml";
const htpasswdPath = "/etc/distribution/htpasswd";
const id = "registry";

/** The job that removes what no image names, and what notices at the gateway are called by that hold pushes meanwhile. */
export const registryCleaning = { component: id, job: "registry-cleaning", notice: "push-" } as const;

/** Container images of the platform's users, kept in the object store. */
export const registry: ComponentDefinition = {
  id,
  section: {
    key: "registry",
    leastMemory: 64,
    external: { required: ["url", "user"], secret: ["password", "passwordFile"] },
  },
  buckets: (values) =>
    values.registry.mode === "embedded"
      ? [{ name: values.objectStore.buckets.registry, access: "private", key: "registry", usedBy: ["registry"] }]
      : [],
  build(context) {
    const values = context.values.registry;
    const component = {
      id,
      title: { en: "Container registry", zh: "容器镜像仓库" },
      purpose: { en: "Images that users build and run", zh: "用户构建与运行的镜像" },
      zone: "app" as const,
    };
    if (values.mode === "external") {
      return {
        component: externalComponent(component, endpointOfUrl("http", "http", values.external.url)),
        secrets: [
          givenSecret(
            "registry-external",
            "password of the external registry",
            "registry.external.password",
            values.external.passwordFile,
          ),
        ],
        wires: [wire(values.external.user, "registry-external", outsideCaFile(context))],
        outside: [
          {
            kind: "registry",
            service: "registry",
            url: values.external.url,
            user: values.external.user,
            password: secret("registry-external"),
            ...outsideAuthorities(context),
          },
        ],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "http", port: 5000, protocol: "http", tls: false }],
        workload: {
          container: server(context),
          ...copiesOf(values),
          update: "rolling",
          stopSeconds: 30,
          health: {
            ready: { kind: "http", port: 5001, path: "/debug/health" },
            live: { kind: "http", port: 5000, path: "/" },
            startSeconds: 60,
          },
        },
        needs: [healthy("minio", { ifPresent: true }), completed("minio-buckets", { ifPresent: true })],
        links: [{ title: { en: "Image registry", zh: "镜像仓库" }, url: `${context.addressing.mainUrl}/v2/` }],
        firstPassword: { user: values.user, secret: "registry" },
      },
      secrets: [
        randomSecret("registry", `password of ${values.user} on the registry`),
        randomSecret("registry-http", "key that signs the registry's upload sessions"),
        {
          name: "registry-htpasswd",
          description: "hash of the registry password",
          generator: { kind: "bcrypt", of: "registry", htpasswdUser: values.user },
        },
      ],
      jobs: [cleaningJob(context)],
      routes,
      wires: [wire(values.user, "registry"), publicWire(context)],
    };
  },
};

/** Deleting is for clean-up inside the platform; from outside it is refused until tokens can tell who may. */
const routes: readonly Route[] = [
  {
    id: "registry",
    listener: "main",
    match: { kind: "prefix", path: "/v2/" },
    action: {
      kind: "proxy",
      to: "registry.http",
      timeoutSeconds: 1800,
      streaming: true,
      denyMethods: ["DELETE"],
      writesHeldBy: registryCleaning.notice,
    },
  },
];

function server(context: PlanContext) {
  const values = context.values.registry;
  const isOutside = context.values.objectStore.mode === "external";
  return container(
    {
      image: context.image("registry", values.image),
      uid: 10007,
      resources: resourcesOf(values.resources),
      // Tracing is on by default and would look for a collector on this host.
      env: [{ name: "OTEL_TRACES_EXPORTER", value: ["none"] }, ...(isOutside ? trustVariables(context) : [])],
      files: [
        { path: configPath, contents: jsonFile(settings(context)) },
        { path: htpasswdPath, contents: textFile([secret("registry-htpasswd")]) },
        ...(isOutside ? trustFiles(context) : []),
      ],
    },
    values,
  );
}

/** It ends by itself before; this only ends one that cannot. */
const hangsAfterSeconds = 8000;

/** Its clock may be behind that of the machine which holds pushes by so much. */
const behindSeconds = 60;

/**
 * Arguments: the time that pushes are held from, the time that it has to have ended by, both in seconds since 1970, and the registry's own.
 * Whoever started it may be dead by then, so that it keeps the time itself.
 */
const cleaningProgram = `from=$1 until=$2
shift 2
now=$(date +%s)
[ "$now" -ge "$((from - ${behindSeconds}))" ] || { echo "the clock is $((from - now)) s behind that of the machine this was started on" >&2; exit 1; }
[ "$now" -lt "$until" ] || exit 124
exec timeout -k 5 "$((until - now))" registry garbage-collect "$@" ${configPath}`;

/** Reads the registry's own configuration, and works on the same storage beside it. */
function cleaningJob(context: PlanContext): JobDraft {
  const { files, ...rest } = server(context);
  return {
    id: registryCleaning.job,
    component: id,
    title: "Remove what no image names",
    makes: [],
    needs: [healthy(id)],
    trigger: "request",
    deadlineSeconds: hangsAfterSeconds,
    container: {
      ...rest,
      files: files.filter(({ path }) => path !== htpasswdPath),
      entrypoint: ["/bin/sh", "-c", cleaningProgram, "cleaning"],
      command: [],
    },
  };
}

function settings(context: PlanContext): Slotted {
  const { region, buckets, mode, external } = context.values.objectStore;
  return {
    version: 0.1,
    log: { level: "info", formatter: "json" },
    storage: {
      s3: {
        region,
        regionendpoint: endpoint("minio.s3", "url"),
        forcepathstyle: s3Addressing(context) === "path",
        secure: mode === "external" && external.endpoint.startsWith("https:"),
        bucket: buckets.registry,
        accesskey: s3AccessKey(context, "registry"),
        secretkey: secret(s3SecretName(context, "registry")),
      },
      delete: { enabled: true },
      redirect: { disable: true },
    },
    auth: { htpasswd: { realm: "slipway", path: htpasswdPath } },
    http: {
      addr: ":5000",
      secret: secret("registry-http"),
      relativeurls: true,
      debug: { addr: ":5001" },
    },
    health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
  };
}

function wire(user: string, password: string, trust: { readonly caFile?: string } = {}): Wire {
  return {
    id: "registry",
    from: "csghub-runner",
    to: "registry.http",
    expectation: "a small image is pushed and pulled by digest; without a login it answers 401",
    check: { kind: "registry", url: endpoint("registry.http", "url"), user, password: secret(password), ...trust },
  };
}

function publicWire(context: PlanContext): Wire {
  return routeWire(context, "registry", {
    path: "/v2/",
    expectation: "the registry answers and asks for a login",
    expect: { expectStatus: 401, expectHeader: { "docker-distribution-api-version": "registry/2.0" } },
  });
}
