import {
  completed,
  container,
  givenSecret,
  healthy,
  randomSecret,
  resourcesOf,
  storedSecret,
  toGiB,
  toMiB,
  type ComponentDefinition,
  type JobDraft,
  type OutsideDocument,
  type PlanContext,
  externalComponent,
  toStore,
} from "../define.ts";
import { backupRole, isBackedUp } from "../groups/backup-access.ts";
import { toolboxConsole } from "../groups/console-job.ts";
import {
  ownerLogin,
  postgresCaFiles,
  postgresIsPrepared,
  postgresLogin,
  postgresService,
  postgresTls,
  postgresUid,
  socketDirectory,
} from "../groups/postgres-client.ts";
import { toolboxJob } from "../groups/toolbox-job.ts";
import type { Component, Container, SecretSpec } from "../model.ts";
import { endpoint, secret, text, textFile } from "../text.ts";
import { postgresRules } from "../../values/rules/postgres-rules.ts";

const dataDirectory = "/var/lib/postgresql/data";
const passwordFile = "/run/slipway/postgres-password";
const superuser = "postgres";
const volume = { volume: "data", path: dataDirectory };

/** PostgreSQL 17, one cluster for every service of the platform. */
export const postgres: ComponentDefinition = {
  id: "postgres",
  section: {
    key: "postgres",
    leastMemory: 256,
    growth: { memoryPerUser: 4, memoryPerRepository: 0.4, diskPerUser: 0.2, diskPerRepository: 0.04 },
    keepsData: true,
    external: {
      required: ["host"],
      secret: ["adminPassword", "adminPasswordFile"],
      instead: "passwordFolder",
      whereHigh: true,
    },
    asksForDisk: true,
    rules: postgresRules,
  },
  build(context) {
    const { mode, external, storage, replicas } = context.values.postgres;
    const databases = context.databases.map(toStore);
    const component = {
      id: "postgres",
      title: { en: "PostgreSQL", zh: "PostgreSQL 数据库" },
      purpose: { en: "Relational databases of every service", zh: "各服务的关系型数据库" },
      zone: "data" as const,
    };
    const { console, job } = sqlConsole(context, component, mode === "external" ? external.adminUser : superuser);
    if (mode === "external") {
      return {
        component: {
          ...externalComponent(component, {
            id: "sql",
            port: external.port,
            protocol: "postgres",
            tls: external.sslMode !== "disable",
            externalHost: external.host,
          }),
          databases,
          console,
        },
        jobs: [postgresIsPrepared(context) ? preparedJob(context) : databasesJob(context, external.adminUser), job],
        secrets: secrets(context),
        outside: [outsideDocument(context)],
      };
    }
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints: [{ id: "sql", port: 5432, protocol: "postgres", tls: false }],
        workload: {
          container: server(context),
          replicas,
          update: "recreate",
          stopSeconds: 60,
          stopSignal: "SIGINT",
          health: {
            ready: { kind: "exec", command: ["pg_isready", "-q", "-h", "127.0.0.1", "-U", superuser] },
            live: { kind: "tcp", port: 5432 },
            startSeconds: 120,
          },
        },
        needs: [completed("postgres-initialise")],
        volumes: [
          {
            name: "data",
            sizeGiB: toGiB(storage.size),
            dataClass: "backup",
            copiedAs: "databases",
            marker: "PG_VERSION",
          },
        ],
        databases,
        console,
      },
      jobs: [initialiseJob(context), databasesJob(context, superuser), job],
      secrets: secrets(context),
    };
  },
};

function server(context: PlanContext): Container {
  const { image, resources } = context.values.postgres;
  return container(
    {
      image: context.image("postgres", image),
      uid: postgresUid,
      command: ["-D", dataDirectory, "-c", "config_file=/etc/postgresql/postgresql.conf"],
      resources: { ...resourcesOf(resources), shmMiB: 256 },
      mounts: [volume],
      scratch: [
        { path: socketDirectory, sizeMiB: 1 },
        { path: "/tmp", sizeMiB: 64 },
      ],
      files: [
        { path: "/etc/postgresql/postgresql.conf", contents: textFile(settings(context)) },
        { path: "/etc/postgresql/pg_hba.conf", contents: textFile(hostBasedAuthentication) },
        { path: "/etc/postgresql/pg_ident.conf", contents: textFile(ownUser) },
      ],
    },
    context.values.postgres,
  );
}

function settings(context: PlanContext) {
  const { maxConnections, sharedBuffers } = context.values.postgres;
  return text`listen_addresses = '*'
port = 5432
unix_socket_directories = '${socketDirectory}'
hba_file = '/etc/postgresql/pg_hba.conf'
ident_file = '/etc/postgresql/pg_ident.conf'
max_connections = ${maxConnections}
shared_buffers = ${toMiB(sharedBuffers)}MB
dynamic_shared_memory_type = posix
shared_preload_libraries = 'timescaledb'
timescaledb.telemetry_level = off
password_encryption = scram-sha-256
wal_level = replica
max_slot_wal_keep_size = 4GB
max_wal_size = 1GB
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = '${context.values.timezone}'
timezone = '${context.values.timezone}'
`;
}

/** Passwords over the network, no trust anywhere; the socket is for the container's own user, as the superuser or with less rights. */
const hostBasedAuthentication = text`# TYPE  DATABASE     USER      ADDRESS  METHOD
local   all          all                peer map=own
host    all          all       all      scram-sha-256
host    replication  all       all      scram-sha-256
`;

const ownUser = text`# MAP  OWN USER  ROLE
own    postgres  all
`;

function initialiseJob(context: PlanContext): JobDraft {
  const { image, resources } = context.values.postgres;
  return {
    id: "postgres-initialise",
    component: "postgres",
    title: "Initialise the PostgreSQL data directory",
    makes: ["database cluster with checksums and scram passwords"],
    // What a backup brings back is initialised.
    needs: [completed("restore-postgres", { ifPresent: true })],
    trigger: "bring-up",
    outlastsSecrets: true,
    deadlineSeconds: 180,
    container: container({
      image: context.image("postgres", image),
      uid: postgresUid,
      entrypoint: ["postgres-initialise"],
      command: [passwordFile],
      resources: resourcesOf(resources),
      mounts: [volume],
      scratch: [
        { path: socketDirectory, sizeMiB: 1 },
        { path: "/tmp", sizeMiB: 16 },
      ],
      files: [{ path: passwordFile, contents: textFile([secret("postgres-admin")]) }],
    }),
  };
}

function databasesJob(context: PlanContext, admin: string): JobDraft {
  return toolboxJob(context, {
    id: "postgres-databases",
    component: "postgres",
    title: "Make one role and database per service",
    makes: context.databases.map((row) => `database ${row.name} owned by ${row.owner}`),
    needs: [healthy("postgres")],
    waits: true,
    files: postgresCaFiles(context),
    document: {
      kind: "postgres-databases",
      admin: postgresLogin(context, admin, adminSecret(context), "postgres"),
      ...(context.values.postgres.mode === "embedded"
        ? { formerPassword: secret(adminSecret(context), { part: "former" }) }
        : {}),
      databases: context.databases.map((row) => ({
        name: row.name,
        owner: row.owner,
        password: secret(row.secret),
        extensions: row.extensions.map((extension) => ({ ...extension })),
      })),
      ...(isBackedUp(context) && context.values.postgres.mode === "embedded" ? { replicator: backupRole } : {}),
    },
  });
}

/** Each database with its owner's password, where that is given; an administrator sets the others at the install. */
function outsideDocument(context: PlanContext): OutsideDocument {
  const { external } = context.values.postgres;
  const isPrepared = postgresIsPrepared(context);
  const admin = { user: external.adminUser, password: secret(adminSecret(context)) };
  return {
    kind: "postgres",
    service: "postgres",
    host: endpoint("postgres.sql", "host"),
    port: endpoint("postgres.sql", "port"),
    tls: postgresTls(context),
    ...(external.caFile === "" ? {} : { ca: secret("postgres-ca") }),
    ...(isPrepared ? {} : { admin }),
    connections: connectionsOf(context),
    databases: context.databases.map(({ name, owner, secret: password, extensions }) => ({
      name,
      owner,
      ...(isPrepared ? { password: secret(password) } : {}),
      extensions: extensions.map((extension) => ({ ...extension })),
    })),
  };
}

/** About 15 for the programs on each database; Temporal keeps those that it is allowed. */
function connectionsOf({ databases, values }: PlanContext): number {
  return 15 * databases.length + (values.temporal.mode === "embedded" ? 30 : 0);
}

/** Where others made roles and databases, what is left to do inside them is done as their owners. */
function preparedJob(context: PlanContext): JobDraft {
  return toolboxJob(context, {
    id: "postgres-databases",
    component: "postgres",
    title: "Look at the databases that are there, and make their extensions",
    makes: context.databases.flatMap(({ name, extensions }) =>
      extensions.map((extension) => `extension ${extension.name} in ${name}`),
    ),
    needs: [healthy("postgres")],
    files: postgresCaFiles(context),
    document: {
      kind: "postgres-prepared",
      databases: context.databases.map(({ name, extensions }) => ({
        login: ownerLogin(context, name),
        extensions: extensions.map((extension) => ({ ...extension })),
      })),
    },
  });
}

/** psql as the administrator, or as the owner of one of the databases: libpq finds each under a service of its name. */
function sqlConsole(context: PlanContext, component: Pick<Component, "id" | "title">, admin: string) {
  const serviceFile = "/run/slipway/pg_service.conf";
  const owners = context.databases.filter(
    ({ owner }, index, all) => all.findIndex((row) => row.owner === owner) === index,
  );
  const logins = [
    ...(postgresIsPrepared(context) ? [] : [{ user: admin, secret: adminSecret(context), database: "postgres" }]),
    ...owners.map((row) => ({ user: row.owner, secret: row.secret, database: row.name })),
  ];
  const [first, ...more] = logins;
  if (first === undefined) throw new RangeError("no database is declared");
  return toolboxConsole(context, {
    kind: "sql",
    logins: [first.user, ...more.map(({ user }) => user)],
    component,
    server: endpoint("postgres.sql", "hostPort"),
    // The login is the service; what is left are arguments of psql.
    program: ["sh", "-c", 'PGSERVICE=$1; export PGSERVICE; shift; exec psql "$@"', "psql"],
    env: [{ name: "PGSERVICEFILE", value: [serviceFile] }],
    files: [
      { path: serviceFile, contents: textFile(logins.flatMap((login) => postgresService(context, login))) },
      ...postgresCaFiles(context),
    ],
  });
}

/** An external server's password never takes the place of the one that our own data was made with. */
function adminSecret(context: PlanContext): string {
  return context.values.postgres.mode === "external" ? "postgres-external" : "postgres-admin";
}

function secrets(context: PlanContext): readonly SecretSpec[] {
  const { mode, external } = context.values.postgres;
  const roles = new Map(context.databases.map((row) => [row.secret, row.owner]));
  const isPrepared = postgresIsPrepared(context);
  return [
    ...(mode === "embedded"
      ? [storedSecret("postgres-admin", "password of the PostgreSQL superuser")]
      : isPrepared
        ? []
        : [
            givenSecret(
              adminSecret(context),
              `password of ${external.adminUser}`,
              "postgres.external.adminPassword",
              external.adminPasswordFile,
            ),
          ]),
    ...(mode === "external" && external.caFile !== ""
      ? [
          {
            name: "postgres-ca",
            description: "authority of the external PostgreSQL",
            generator: { kind: "given-file", path: external.caFile },
          } as const,
        ]
      : []),
    ...[...roles].map(([name, owner]): SecretSpec => {
      const description = `password of the database role ${owner}`;
      if (!isPrepared) return randomSecret(name, description);
      return {
        name,
        description,
        generator: { kind: "given-file", path: `${external.passwordFolder.replace(/\/$/, "")}/${owner}` },
      };
    }),
  ];
}
