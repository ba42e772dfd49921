import { shellWord } from "../../platform/shell-quote.ts";
import type { FoundInstallation, SourceKind, Workload } from "./found.ts";
import {
  chartDatabases,
  composeDatabases,
  databaseNames,
  programOf,
  type VendorProgram,
  vendorPrograms,
} from "./vendor-programs.ts";

/** `dump`, `objects`, `files`: a copy in a form that any version reads. `empty`: nothing is copied. `in-place`: it is elsewhere, and stays there. */
export type Means = "dump" | "objects" | "files" | "empty" | "in-place";

/** One part of the data, and how a copy of it is made that can be taken anywhere. */
export interface DataMove {
  readonly what: string;
  readonly means: Means;
  /** Where it belongs here: a database, a bucket or a component; absent where nothing here takes it. */
  readonly to?: string;
  /** Commands that make the copy in the folder $SAVE. They only read. */
  readonly commands: readonly string[];
  readonly note: string;
}

export interface MovePlan {
  /** Commands before the copies: a folder for them, and an end to writing. The last one is what stops the old installation's programs. */
  readonly before: readonly string[];
  readonly moves: readonly DataMove[];
  /** Commands that take back what `before` did: the old installation runs again. */
  readonly back: readonly string[];
}

/** What of the data is copied by which means, with the commands for it. Pure: nothing is run, and no command holds a secret. */
export function planMoves(found: FoundInstallation): MovePlan {
  const shell = shells[found.source];
  const writers = found.workloads.filter(({ image }) => isWriter(programOf(image)));
  return {
    before: [
      ...shell.begin,
      'SAVE=$HOME/csghub-saved; mkdir -m 700 "$SAVE"',
      ...(writers.length === 0 ? [] : [shell.stop(writers)]),
    ],
    moves: [...databases(found, shell), ...objects(found), ...files(found, shell), ...rest(found)],
    back: writers.length === 0 ? [] : [shell.start(writers)],
  };
}

/** The hub and its pages, sign-in and workflows; what they write to has to run, so that it can be copied. */
function isWriter(program: VendorProgram | undefined): boolean {
  return (
    program !== undefined &&
    program.move !== "files" &&
    (program.stepping !== "any" || program.component === "gitlab-shell")
  );
}

/** How programs of the old installation are run and stopped. */
interface Shell {
  readonly begin: readonly string[];
  readonly run: (workload: Workload, script: string) => string;
  readonly stop: (workloads: readonly Workload[]) => string;
  readonly start: (workloads: readonly Workload[]) => string;
}

const shells: Readonly<Record<SourceKind, Shell>> = {
  compose: {
    begin: ["# in the folder of the old installation"],
    run: ({ name }, script) => `docker compose exec -T ${shellWord(name)} sh -c ${shellWord(script)}`,
    stop: (workloads) => `docker compose stop ${namesOf(workloads)}`,
    start: (workloads) => `docker compose start ${namesOf(workloads)}`,
  },
  helm: {
    begin: ["NAMESPACE=csghub  # that of the release"],
    run: (workload, script) => `kubectl -n "$NAMESPACE" exec ${objectOf(workload)} -- sh -c ${shellWord(script)}`,
    stop: (workloads) => scale(workloads, 0),
    start: (workloads) => `${scale(workloads, 1)}  # or as many as there were`,
  },
};

function namesOf(workloads: readonly Workload[]): string {
  return [...new Set(workloads.map(({ name }) => shellWord(name)))].join(" ");
}

function scale(workloads: readonly Workload[], replicas: number): string {
  return `kubectl -n "$NAMESPACE" scale --replicas=${replicas} ${[...new Set(workloads.map(objectOf))].join(" ")}`;
}

/** `statefulset/csghub-minio`: where it is described ends with kind and name. */
function objectOf({ where }: Workload): string {
  const [name = "", kind = ""] = where.split(" ").toReversed();
  return shellWord(`${kind.toLowerCase()}/${name}`);
}

function isElsewhere({ outside }: FoundInstallation, section: string): boolean {
  return outside.some((one) => one.section === section);
}

function workloadOf({ workloads }: FoundInstallation, component: string): Workload | undefined {
  return workloads.find(({ image }) => programOf(image)?.component === component);
}

function databases(found: FoundInstallation, shell: Shell): readonly DataMove[] {
  if (isElsewhere(found, "postgres")) return [inPlace("databases")];
  const server = workloadOf(found, "postgres");
  if (server === undefined) return [];
  return databasesOf(found, server).map((name): DataMove => {
    const to = databaseNames[name];
    const dump = shell.run(server, `pg_dump -U "$POSTGRES_USER" --format=custom ${name}`);
    return {
      ...{ what: `database ${name}`, means: "dump", commands: [`${dump} > "$SAVE/${name}.dump"`] },
      ...(to === undefined ? {} : { to: `database ${to}` }),
      note: to === undefined ? "nothing here reads it" : "read in by the versions here, after the steps above",
    };
  });
}

const connection = /^postgres(?:ql)?:\/\/[^/]*\/([a-z_]+)(?:\?|$)/;

/** Databases that the server is told to make, and those that programs are told to use. Workflows begin empty, and so do theirs. */
function databasesOf({ source, workloads }: FoundInstallation, server: Workload): readonly string[] {
  const made = (server.variables["POSTGRES_MULTIPLE_DATABASES"] ?? "").split(",").map((name) => name.trim());
  const told = workloads.flatMap(({ variables }) =>
    Object.values(variables).flatMap((value) => connection.exec(value)?.[1] ?? []),
  );
  const usual = source === "compose" ? composeDatabases : chartDatabases;
  const names = new Set([...made, ...told, ...(made.length > 1 ? [] : usual)]);
  return [...names].filter((name) => name !== "" && !name.includes("temporal")).sort();
}

function objects(found: FoundInstallation): readonly DataMove[] {
  if (isElsewhere(found, "objectStore")) return [inPlace("objects")];
  if (workloadOf(found, "minio") === undefined) return [];
  return [
    {
      ...{ what: "objects", means: "objects", to: "buckets of the object store" },
      commands: [
        'mc alias set old "$OLD_STORE"  # its address; asks for the keys',
        'mc mirror --preserve old "$SAVE/objects"',
      ],
      note: `takes as much room as the store; buckets are called otherwise here: ${bucketPairs}`,
    },
  ];
}

const bucketPairs =
  "opencsg-server-lfs is csghub-server, opencsg-portal-storage csghub-portal-public, opencsg-registry-storage csghub-registry";

function files(found: FoundInstallation, shell: Shell): readonly DataMove[] {
  return vendorPrograms.flatMap((program): readonly DataMove[] => {
    const { title, component, data, move } = program;
    if (data === undefined || move !== "files") return [];
    if (isElsewhere(found, component)) return [inPlace(data.holds)];
    const workload = workloadOf(found, component);
    const mount = workload?.mounts.find(({ target }) => data.target.test(target));
    if (workload === undefined || mount === undefined) return [];
    const pack = shell.run(workload, `tar -C ${shellWord(mount.target)} -cf - .`);
    return [
      {
        ...{ what: `${data.holds} of ${title}`, means: "files", to: `component ${component}` },
        ...{ commands: [`${pack} > "$SAVE/${component}.tar"`], note: "while nothing writes to it" },
      },
    ];
  });
}

function rest(found: FoundInstallation): readonly DataMove[] {
  return vendorPrograms.flatMap(({ component, title, data, move }): readonly DataMove[] => {
    if (move !== "empty" || workloadOf(found, component) === undefined) return [];
    const what = `${data?.holds ?? "work under way"} of ${title}`;
    return [{ what, means: "empty", commands: [], note: "begins empty here" }];
  });
}

function inPlace(what: string): DataMove {
  return {
    what,
    means: "in-place",
    commands: [],
    note: "elsewhere: back it up by its own means before anything is installed",
  };
}
