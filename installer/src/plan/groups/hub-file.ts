import type { Need } from "../define.ts";
import type { ConfigFile, EnvVariable, SecretSpec, Text } from "../model.ts";

/**
 * What the programs of the hub are told, in groups that each program takes what it needs of. All are one binary, csghub-server 2.4: it reads
 * an optional TOML file and then the environment, which wins. Secrets stand in the file alone. The file's keys are its fields without
 * underscores and capitals (`common/config/config.go` of csghub-server).
 */
export interface HubSettings {
  /** Environment variables. */
  readonly env?: Readonly<Record<string, string | Text>>;
  /** Keys of the file, `section.key` or `key`, to what stands between their quotes. */
  readonly file?: Readonly<Record<string, Text>>;
  readonly files?: readonly ConfigFile[];
  readonly secrets?: readonly SecretSpec[];
  /** What has to be there before a program can start: without it, it ends. */
  readonly needs?: readonly Need[];
  /** Endpoints that it is told of by their public names. */
  readonly reaches?: readonly string[];
}

/** Ports of the hub's programs, as upstream has them. */
export const hubPorts = {
  server: 8080,
  user: 8088,
  rproxy: 8083,
  accounting: 8086,
  moderation: 8089,
  "repo-sync": 8091,
  "lfs-sync": 8092,
  dataviewer: 8093,
  aigateway: 8094,
  notifier: 8095,
  dataflow: 8000,
} as const;

/** Several groups as one; a variable of a later one takes the place of an earlier one's. */
export function joinSettings(groups: readonly HubSettings[]): Required<HubSettings> {
  return {
    env: Object.assign({}, ...groups.map(({ env }) => env ?? {})) as Readonly<Record<string, string | Text>>,
    file: Object.assign({}, ...groups.map(({ file }) => file ?? {})) as Readonly<Record<string, Text>>,
    files: uniqueFiles(groups.flatMap(({ files }) => files ?? [])),
    secrets: groups.flatMap(({ secrets }) => secrets ?? []),
    needs: groups.flatMap(({ needs }) => needs ?? []),
    reaches: groups.flatMap(({ reaches }) => reaches ?? []),
  };
}

function uniqueFiles(files: readonly ConfigFile[]): readonly ConfigFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}

/** Variables in the order of their names. */
export function toVariables(env: Readonly<Record<string, string | Text>>): readonly EnvVariable[] {
  return Object.keys(env)
    .sort()
    .map((name) => {
      const value = env[name] ?? "";
      return { name, value: typeof value === "string" ? [value] : value };
    });
}

/** The file of the hub's programs, TOML: keys without a section first, then one table a section. */
export function toTomlFile(entries: Readonly<Record<string, Text>>): Text {
  const tables = Map.groupBy(Object.keys(entries).sort(), (path) => (path.includes(".") ? path.split(".")[0] : ""));
  const names = [...tables.keys()].sort();
  return names.flatMap(
    (name): Text => [
      ...(name === "" ? [] : [`\n[${name ?? ""}]\n`]),
      ...(tables.get(name) ?? []).flatMap(
        (path): Text => [`${path.slice(path.indexOf(".") + 1)} = "`, ...(entries[path] ?? []), '"\n'],
      ),
    ],
  );
}
