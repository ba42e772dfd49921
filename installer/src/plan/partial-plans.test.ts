import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { infraPlan, profilePlan } from "../../test/support/infra-plan.ts";
import { renderCompose } from "../render/compose/render-compose.ts";
import { renderedFileToString } from "../render/rendered-file.ts";
import { backupsOnly, storesOnly } from "./partial-plans.ts";

const toServer = [
  ...["kind=rest", "url=https://backup.corp:8000/slipway", "user=u", "password=p"].map(
    (set) => `backup.repository.${set}`,
  ),
  ...["backup.mode=embedded", "tls.trustedCaFile=/ca.pem"],
];
const backedUp = ["backup.mode=embedded", "backup.directory=/mnt/backup"];

interface ComposeFile {
  readonly services: Readonly<Record<string, { readonly networks?: object }>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
}

describe("a plan of the stores alone", () => {
  const plan = storesOnly(infraPlan(backedUp));

  it("has what keeps data, and nobody who works with it or lets people in", () => {
    expect(plan.components.map(({ id }) => id).sort()).toEqual(["backup", "gitaly", "minio", "nats", "postgres"]);
    expect([plan.listeners, plan.routes, plan.wires]).toEqual([[], [], []]);
  });

  it("has them made as in the whole plan, so that nothing starts again when the rest follows", () => {
    const whole = new Map(renderCompose(infraPlan(backedUp)).units.map((unit) => [unit.id, unit.specHash]));
    const part = renderCompose(plan).units;

    expect(part.length).toBeGreaterThan(6);
    for (const { id, specHash } of part) expect([id, specHash]).toEqual([id, whole.get(id)]);
  });
});

describe("a plan that reads backups", () => {
  const plan = backupsOnly(infraPlan(backedUp));

  it("needs no service, and one secret", () => {
    expect(plan.components.map(({ id }) => id)).toEqual(["backup"]);
    expect(plan.secrets.map(({ name }) => name)).toEqual(["backup-repository"]);
    expect(plan.jobs.flatMap(({ reaches, needs }) => [...reaches, ...needs])).toEqual([]);
  });

  it("names no other secret in any file, and has no network", () => {
    const { files } = renderCompose(plan);
    const texts = files.map(renderedFileToString);
    const slots = texts.flatMap((text) => text.match(/\$\{secret:[^|}]+/g) ?? []);

    expect(new Set(slots)).toEqual(new Set(["${secret:backup-repository"]));
    expect(texts[0]).toContain("network_mode: none");
  });
});

describe("a plan that reads backups on a server", () => {
  const plan = backupsOnly(infraPlan(toServer));

  it("needs what the server lets it in with and whom to trust, and reaches nothing else", () => {
    expect(plan.secrets.map(({ name }) => name)).toEqual(["backup-credential", "backup-repository", "tls-trusted"]);
    expect(new Set(plan.jobs.flatMap(({ reaches }) => reaches))).toEqual(new Set(["backup.repository"]));
    expect(plan.components.flatMap(({ volumes }) => volumes.map(({ name }) => name))).toEqual(["staging"]);
  });

  it("has its jobs in a network that leads out", () => {
    const [file] = renderCompose(plan).files;

    expect(file === undefined ? "" : renderedFileToString(file)).not.toContain("network_mode: none");
  });
});

describe("a plan of a second platform for trying", () => {
  it("has one network that leads out where its backups are on a server, and only jobs that read them are in it", () => {
    const plan = profilePlan("infra", toServer, undefined, { isolated: true, restore: { backup: "0123abcd" } });
    const [file] = renderCompose(plan).files;
    const compose = parse(file === undefined ? "" : renderedFileToString(file)) as ComposeFile;
    const inIt = Object.entries(compose.services).filter(([, { networks = {} }]) => "outside" in networks);

    expect(compose.networks["outside"]?.internal).toBeUndefined();
    expect(Object.values(compose.networks).filter(({ internal }) => internal !== true)).toHaveLength(1);
    expect(inIt.map(([id]) => id).sort()).toEqual([
      ...["backup", "backup-parts", "backup-records"],
      ...["restore-git", "restore-objects", "restore-postgres", "restore-streams"],
    ]);
  });

  it("publishes nothing, and every network of it leads nowhere", () => {
    const [file] = renderCompose(profilePlan("infra", backedUp, undefined, { isolated: true })).files;
    const compose = file === undefined ? "" : renderedFileToString(file);

    expect(compose).not.toMatch(/^ +ports:/m);
    expect(compose.match(/internal: true/g)).toHaveLength(3);
  });
});

describe("a plan that brings a backup back", () => {
  const plan = profilePlan("infra", backedUp, undefined, { restore: { backup: "0123abcd" } });
  const needsOf = (id: string): readonly string[] =>
    plan.jobs
      .find((job) => job.id === id)
      ?.needs.map((need) => (need.kind === "completed" ? need.job : need.component)) ?? ["not there"];

  it("has databases there before they are initialised, and objects before repositories that point to them", () => {
    expect(needsOf("restore-postgres")).toEqual([]);
    expect(needsOf("postgres-initialise")).toEqual(["restore-postgres"]);
    expect(needsOf("restore-sequences")).toEqual(["postgres-databases"]);
    expect(needsOf("restore-objects")).toEqual(["minio-buckets", "restore-sequences"]);
    expect(needsOf("restore-git")).toEqual(["gitaly", "restore-sequences", "restore-objects"]);
    expect(needsOf("restore-streams")).toEqual(["nats", "restore-git"]);
  });

  it("works on the data directory as the server's own user", () => {
    const job = plan.jobs.find(({ id }) => id === "restore-postgres");

    expect(job?.container.uid).toBe(10001);
    expect(job?.container.mounts.map(({ component, volume }) => `${component ?? job.component}/${volume}`)).toEqual([
      "postgres/data",
      "backup/repository",
      "backup/staging",
    ]);
  });
});

describe("what is elsewhere", () => {
  const elsewhere: Readonly<Record<string, readonly string[]>> = {
    postgres: ["host=db.corp", "adminPassword=x"],
    gitaly: ["host=git.corp", "token=x"],
    nats: ["host=nats.corp", "user=u", "password=x"],
    objectStore: ["endpoint=https://s3.corp", "accessKey=k", "secretKey=s"],
  };
  const restoring = { restore: { backup: "0123abcd" } };
  const jobsOf: Readonly<Record<string, readonly string[]>> = {
    postgres: ["restore-postgres", "restore-sequences"],
    gitaly: ["restore-git"],
    nats: ["restore-streams"],
    objectStore: ["restore-objects"],
  };
  const setsOf = (key: string): readonly string[] => [
    `${key}.mode=external`,
    ...(elsewhere[key] ?? []).map((set) => `${key}.external.${set}`),
  ];

  it.each(Object.keys(elsewhere))("%s is neither copied nor brought back, and the others are", (key) => {
    const plan = profilePlan("infra", [...backedUp, ...setsOf(key)], undefined, restoring);
    const whole = profilePlan("infra", [...backedUp, ...setsOf(key)]);
    const restored = plan.jobs.map(({ id }) => id).filter((id) => id.startsWith("restore-"));
    const file = whole.jobs.find(({ id }) => id === "backup")?.container.files[0];
    const document = file?.contents.kind === "json" ? file.contents.value : {};
    const stores = { postgres: "postgres", gitaly: "git", nats: "streams", objectStore: "objects" };

    expect([...restored].sort()).toEqual(
      Object.entries(jobsOf)
        .flatMap(([store, jobs]) => (store === key ? [] : jobs))
        .sort(),
    );
    expect(
      Object.keys(document as object)
        .filter((name) => Object.values(stores).includes(name))
        .sort(),
    ).toEqual(
      Object.entries(stores)
        .flatMap(([store, name]) => (store === key ? [] : [name]))
        .sort(),
    );
  });

  it("altogether leaves nothing to copy or to bring back", () => {
    const all = Object.keys(elsewhere).flatMap(setsOf);
    const plan = profilePlan("infra", [...backedUp, ...all], undefined, restoring);

    expect(plan.jobs.filter(({ id }) => id.startsWith("restore-"))).toEqual([]);
  });
});

describe("a platform that archives its write-ahead log", () => {
  const archiving = [...backedUp, "backup.wal=true"];
  const isThere = (plan: { readonly components: readonly { readonly id: string }[] }): boolean =>
    plan.components.some(({ id }) => id === "wal-archive");

  it("has a service for it, which works beside the stores and not before all of them are back", () => {
    const whole = profilePlan("infra", archiving);

    expect(isThere(whole)).toBe(true);
    expect(isThere(infraPlan(backedUp))).toBe(false);
    expect(isThere(storesOnly(whole))).toBe(false);
    expect(isThere(backupsOnly(whole))).toBe(false);
  });

  it("has a server that does not keep what nobody receives until its disk is full, also once it archives no more", () => {
    for (const sets of [archiving, backedUp, []]) {
      expect(JSON.stringify(profilePlan("infra", sets).components)).toContain("max_slot_wal_keep_size = 4GB");
    }
  });

  it("reads nothing but the database and the repository, as who makes base backups", () => {
    const service = profilePlan("infra", [...toServer, "backup.wal=true"]).components.find(
      ({ id }) => id === "wal-archive",
    );
    const file = service?.workload?.container.files[0];

    expect(service?.reaches).toEqual(["backup.repository", "postgres.sql"]);
    expect(service?.workload?.container).toMatchObject({ uid: 10001, mounts: [{ volume: "spool" }] });
    expect(JSON.stringify(file)).toContain('"user":"slipway_backup"');
  });

  it("is brought to a moment with the rows of one backup and the files of another", () => {
    const restore = { backup: "0123abcd", files: "4567cdef", moment: "2026-11-30T12:00:00.000Z" };
    const { jobs } = profilePlan("infra", archiving, undefined, { restore });
    const documentOf = (id: string): unknown => {
      const contents = jobs.find((job) => job.id === id)?.container.files[0]?.contents;
      return contents?.kind === "json" ? contents.value : undefined;
    };

    expect(documentOf("restore-postgres")).toMatchObject({
      ...{ snapshot: "0123abcd", moment: restore.moment },
      // Whoever administers it may have had another password at the moment.
      administrator: { user: "postgres", password: { slot: "secret", name: "postgres-admin" } },
    });
    for (const id of ["restore-git", "restore-objects", "restore-streams"]) {
      expect(documentOf(id)).toMatchObject({ snapshot: "4567cdef" });
      expect(documentOf(id)).not.toHaveProperty("moment");
    }
  });
});
