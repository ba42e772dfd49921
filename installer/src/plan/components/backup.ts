import type { Job as ToolboxJob } from "../../../../toolbox/src/contract.generated.ts";
import {
  absentComponent,
  completed,
  container,
  healthy,
  type ComponentDefinition,
  type JobDraft,
  type PlanContext,
  resourcesOf,
  toGiB,
} from "../define.ts";
import { backupAccessSecrets, backupKey, backupRole } from "../groups/backup-access.ts";
import { backupRepository } from "../groups/backup-repository.ts";
import { gitalyLogin } from "../groups/gitaly-client.ts";
import { natsLogin } from "../groups/nats-client.ts";
import { postgresAdministrator, postgresLogin, postgresUid } from "../groups/postgres-client.ts";
import { s3Administrator } from "../groups/s3-client.ts";
import { toolboxDocument } from "../groups/toolbox-job.ts";
import type { Container, Job, Slotted, VolumeMount } from "../model.ts";
import { endpoint, jsonFile, secret } from "../text.ts";
import { backupRules } from "../../values/rules/backup-rules.ts";

const staging = { volume: "staging", path: "/staging" } satisfies VolumeMount;
const id = "backup";
/** A first backup copies everything, and a restore brings it all back; this only ends one that hangs. */
const hangsAfterSeconds = 86_400;

/**
 * The jobs behind `slipway backup` and `restore`: one that copies and may only read, one that is handed secrets and hands them out, and one
 * that puts parts of a backup beside what is in use, with an administrator's rights.
 */
export const backupJobs = { work: id, records: "backup-records", parts: "backup-parts" } as const;

/** As the image has it, but for `-s`: where a console is run in a pod that waits for it, it is not the first process. */
const toolboxProgram = ["tini", "-s", "--", "node", "/opt/slipway/toolbox.cjs"];

/** What a run of either begins with; what is to be done stands behind it. */
export const backupWords: readonly string[] = ["backup", toolboxDocument];

/** The jobs that bring the parts of a backup back. */
export const restoreJobIds = {
  postgres: "restore-postgres",
  sequences: "restore-sequences",
  objects: "restore-objects",
  git: "restore-git",
  streams: "restore-streams",
} as const;

/** Copies of everything that cannot be made anew, encrypted, in a directory or claim of a person's own, or on a server elsewhere. */
export const backup: ComponentDefinition = {
  id,
  section: { key: "backup", leastMemory: 512, decided: ["directory", "claim"], rules: backupRules },
  // In no profile it is told of while it is off.
  profiles: [],
  build(context) {
    const { mode, storage } = context.values.backup;
    const component = {
      id,
      title: { en: "Backup", zh: "备份" },
      purpose: { en: "Copies of what cannot be made anew", zh: "保存无法重建的数据副本" },
      zone: "data" as const,
    };
    if (mode === "off") return { component: absentComponent(component) };
    const { endpoints, volumes, secrets } = backupRepository(context, id);
    return {
      component: {
        ...component,
        presence: "embedded",
        endpoints,
        volumes: [
          ...volumes,
          { name: staging.volume, sizeGiB: toGiB(storage.size), dataClass: "ephemeral", uid: postgresUid },
        ],
      },
      jobs: [
        job(context, { id: backupJobs.work, title: "Copy what cannot be made anew" }, readers),
        job(context, { id: backupJobs.parts, title: "Bring back a part of a backup" }, administrators),
        job(context, {
          id: backupJobs.records,
          title: "Take or hand out the records of the platform",
          isPrivate: true,
        }),
      ],
      secrets: [...secrets, ...backupAccessSecrets],
    };
  },
};

/** A job of backups that opens the repository, and no store. */
export function onlyReading(job: Job): Job {
  const [file] = job.container.files;
  if (file?.contents.kind !== "json") throw new RangeError(`the job ${job.id} has no document`);
  const {
    name = null,
    repository: opened = null,
    folder = null,
    keep = null,
  } = file.contents.value as Readonly<Record<string, Slotted>>;
  const value = { name, repository: opened, folder, keep };
  return {
    ...job,
    reaches: job.reaches.filter((ref) => ref.startsWith(`${id}.`)),
    container: { ...job.container, files: [{ ...file, contents: { kind: "json", value } }] },
  };
}

/** What is brought back: a backup, of another one all but the databases, and the moment that these are brought to. */
interface Restored {
  readonly backup: string;
  readonly files?: string;
  readonly moment?: string;
}

/**
 * The jobs that bring a backup back, in the order of its parts: what is referred to is there before what refers to it can be read. They
 * belong to the bring-up of an install that has no data yet.
 */
export function restoreJobs(context: PlanContext, restored: Restored): readonly JobDraft[] {
  const { postgres, gitaly, objectStore, nats } = context.values;
  const { backup: snapshot, files = snapshot, moment } = restored;
  const repository = repositoryDocument(context);
  const then = moment === undefined ? {} : { moment, administrator: { ...postgresAdministrator } };
  const rows = { repository, snapshot, ...then };
  const from = { repository, snapshot: files };
  const jobs: readonly (JobDraft | undefined)[] = [
    postgres.mode === "embedded" ? restorePostgresJob(context, rows) : undefined,
    postgres.mode === "embedded" ? sequencesJob(context) : undefined,
    objectStore.mode === "embedded"
      ? restoreJob(context, {
          id: restoreJobIds.objects,
          title: "Bring back objects",
          needs: [completed("minio-buckets"), afterRows],
          document: {
            ...from,
            kind: "restore-objects",
            objects: { ...objectsDocument(context), ...s3Administrator },
            ...rowsDocument(context),
            folder: staging.path,
          },
        })
      : undefined,
    gitaly.mode === "embedded"
      ? restoreJob(context, {
          id: restoreJobIds.git,
          title: "Bring back repositories",
          needs: [healthy("gitaly"), afterRows, completed(restoreJobIds.objects, { ifPresent: true })],
          document: {
            ...from,
            kind: "restore-git",
            git: gitDocument(context),
            ...rowsDocument(context),
            folder: staging.path,
          },
        })
      : undefined,
    nats.mode === "embedded"
      ? restoreJob(context, {
          id: restoreJobIds.streams,
          title: "Bring back streams",
          needs: [healthy("nats"), completed(restoreJobIds.git, { ifPresent: true })],
          document: { ...from, kind: "restore-streams", streams: streamsDocument(context), folder: staging.path },
        })
      : undefined,
  ];
  return jobs.filter((row) => row !== undefined);
}

/** What no row knows of goes apart from the rest. */
const afterRows = completed(restoreJobIds.sequences, { ifPresent: true });

/** Databases that are elsewhere are not those of the backup. */
function rowsDocument(context: PlanContext): Readonly<Record<string, Slotted>> {
  return context.values.postgres.mode === "embedded" ? { rows: restoredRows(context) } : {};
}

function restoredRows(context: PlanContext) {
  return {
    admin: { ...postgresLogin(context, "", "", "postgres"), ...postgresAdministrator },
    databases: context.databases.map(({ name }) => name),
  };
}

/** Works on the data of PostgreSQL as PostgreSQL's user, before its server is started for the first time. */
function restorePostgresJob(context: PlanContext, from: Readonly<Record<string, Slotted>>): JobDraft {
  const data = "/var/lib/postgresql/data";
  return restoreJob(context, {
    id: restoreJobIds.postgres,
    component: "postgres",
    title: "Bring back databases",
    needs: [],
    mounts: [
      { volume: "data", path: data },
      ...repositoryMounts(context).map((mount) => ({ ...mount, component: id })),
      { ...staging, component: id },
    ],
    document: { ...from, kind: "restore-postgres", data, folder: staging.path },
  });
}

/** Before anybody works with them. */
function sequencesJob(context: PlanContext): JobDraft {
  return restoreJob(context, {
    id: restoreJobIds.sequences,
    title: "Let numbers leap ahead that may be in use",
    needs: [completed("postgres-databases")],
    mounts: [],
    document: { kind: "restore-sequences", ...restoredRows(context) },
  });
}

interface RestoreJobFields extends Pick<JobDraft, "id" | "title" | "needs"> {
  readonly component?: string;
  readonly mounts?: readonly VolumeMount[];
  readonly document: { readonly kind: ToolboxJob["kind"] } & Readonly<Record<string, Slotted>>;
}

function restoreJob(context: PlanContext, { document: content, ...fields }: RestoreJobFields): JobDraft {
  const { component = id, mounts = [...repositoryMounts(context), staging], ...head } = fields;
  return {
    ...head,
    component,
    makes: [],
    trigger: "bring-up",
    deadlineSeconds: hangsAfterSeconds,
    container: {
      ...backupContainer(context),
      mounts,
      command: ["run", toolboxDocument],
      files: [{ path: toolboxDocument, contents: jsonFile(content) }],
    },
  };
}

/** With which rights the stores are worked on; without any the repository alone is opened. */
interface Rights {
  readonly postgres: Readonly<Record<string, Slotted>>;
  readonly objects: Readonly<Record<string, Slotted>>;
}

const readers: Rights = { postgres: backupRole, objects: backupKey };
const administrators: Rights = { postgres: postgresAdministrator, objects: s3Administrator };

function job(context: PlanContext, fields: Pick<JobDraft, "id" | "title" | "isPrivate">, rights?: Rights): JobDraft {
  return {
    ...fields,
    component: id,
    makes: [],
    needs: [],
    trigger: "request",
    deadlineSeconds: hangsAfterSeconds,
    container:
      fields.isPrivate === true ? asConsole(backupContainer(context, rights)) : backupContainer(context, rights),
  };
}

/** The program with the words that every run begins with, so that whoever runs it puts its own behind them. */
function asConsole({ command = [], ...rest }: Container): Container {
  return { ...rest, entrypoint: [...toolboxProgram, ...command] };
}

function backupContainer(context: PlanContext, rights?: Rights): Container {
  const { toolbox, backup: values } = context.values;
  return container({
    image: context.image("toolbox", toolbox.image),
    // Who brings the data of PostgreSQL back has to be its user, and reads the repository, too.
    uid: postgresUid,
    command: backupWords,
    resources: { ...resourcesOf(values.resources), yields: true },
    mounts: [...repositoryMounts(context), staging],
    // Packs of the repository are made there, several at once.
    scratch: [{ path: "/tmp", sizeMiB: 256 }],
    env: [{ name: "HOME", value: ["/tmp"] }],
    files: [{ path: toolboxDocument, contents: jsonFile(document(context, rights)) }],
  });
}

function repositoryMounts(context: PlanContext): readonly VolumeMount[] {
  return backupRepository(context, id).mounts;
}

function repositoryDocument(context: PlanContext): Readonly<Record<string, Slotted>> {
  return backupRepository(context, id).document;
}

/** What is somewhere else is backed up there. */
function document(context: PlanContext, rights: Rights | undefined): Readonly<Record<string, Slotted>> {
  const {
    postgres,
    gitaly,
    objectStore,
    nats,
    backup: { keep },
  } = context.values;
  const base = { name: context.name, repository: repositoryDocument(context), folder: staging.path, keep: { ...keep } };
  if (rights === undefined) return base;
  return {
    ...base,
    ...(postgres.mode === "embedded"
      ? { postgres: { ...postgresLogin(context, "", "", "postgres"), ...rights.postgres } }
      : {}),
    ...(gitaly.mode === "embedded" ? { git: gitDocument(context) } : {}),
    ...(objectStore.mode === "embedded" ? { objects: { ...objectsDocument(context), ...rights.objects } } : {}),
    ...(nats.mode === "embedded" ? { streams: streamsDocument(context) } : {}),
  };
}

function gitDocument(context: PlanContext): Readonly<Record<string, Slotted>> {
  const { storage, secret: token } = gitalyLogin(context);
  return { address: endpoint("gitaly.grpc", "hostPort"), token: secret(token), storage };
}

function objectsDocument(context: PlanContext): Readonly<Record<string, Slotted>> {
  return {
    endpoint: endpoint("minio.s3", "url"),
    region: context.values.objectStore.region,
    buckets: context.buckets.map(({ name }) => name),
  };
}

function streamsDocument(context: PlanContext): Readonly<Record<string, Slotted>> {
  const { user, secret: password } = natsLogin(context);
  return { url: endpoint("nats.client", "url"), user, password: secret(password) };
}
