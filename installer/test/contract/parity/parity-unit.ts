/** What both targets must agree on for one container, read from rendered output. */
export interface ParityUnit {
  readonly form: "service" | "job" | "init" | "request";
  readonly image: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly uid: string;
  readonly env: Readonly<Record<string, string>>;
  /** Path to contents; secrets stand as their names. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the unit takes notices. */
  readonly notices: string | undefined;
  /** Path to size and options. */
  readonly scratch: Readonly<Record<string, { readonly mebibytes: number; readonly options: string }>>;
  readonly volumes: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly mebibytes: number;
  readonly pids: number | undefined;
  readonly pullPolicy: string;
  readonly logging: string | undefined;
  readonly readOnly: boolean;
  readonly service:
    | {
        readonly ready: string;
        readonly startSeconds: number;
        readonly stopSeconds: number;
        readonly stopSignal: string | undefined;
        readonly published: readonly string[];
        readonly after: readonly string[];
      }
    | undefined;
}

export type ParityUnits = ReadonlyMap<string, ParityUnit>;

export interface Observed {
  readonly unit: string;
  readonly field: string;
  readonly compose: unknown;
  readonly helm: unknown;
}

/** Every difference between two sets of units, by unit and field. */
export function compareUnits(compose: ParityUnits, helm: ParityUnits): readonly Observed[] {
  const ids = [...new Set([...compose.keys(), ...helm.keys()])].sort();
  return ids.flatMap((unit): readonly Observed[] => {
    const left = compose.get(unit);
    const right = helm.get(unit);
    if (left === undefined || right === undefined)
      return [{ unit, field: "presence", compose: left !== undefined, helm: right !== undefined }];
    return fieldsOf(left).flatMap(({ field, value }, index) => {
      const other = fieldsOf(right)[index]?.value;
      return JSON.stringify(value) === JSON.stringify(other) ? [] : [{ unit, field, compose: value, helm: other }];
    });
  });
}

function fieldsOf(unit: ParityUnit): readonly { readonly field: string; readonly value: unknown }[] {
  const { service } = unit;
  return [
    { field: "job-form", value: unit.form },
    { field: "image", value: unit.image },
    { field: "entrypoint", value: unit.entrypoint },
    { field: "command", value: unit.command },
    { field: "uid", value: unit.uid },
    { field: "env", value: sorted(unit.env) },
    { field: "files", value: sorted(unit.files) },
    { field: "notices", value: unit.notices },
    {
      field: "scratch",
      value: Object.entries(unit.scratch)
        .map(([path, { mebibytes }]) => [path, mebibytes])
        .sort(),
    },
    {
      field: "scratch-options",
      value: Object.entries(unit.scratch)
        .map(([path, { options }]) => [path, options])
        .sort(),
    },
    { field: "volumes", value: sorted(unit.volumes) },
    { field: "cpus", value: unit.cpus },
    { field: "memory", value: unit.mebibytes },
    { field: "pids", value: unit.pids },
    { field: "pull-policy", value: unit.pullPolicy },
    { field: "logging", value: unit.logging },
    { field: "read-only", value: unit.readOnly },
    { field: "ready", value: service?.ready },
    { field: "start-seconds", value: service?.startSeconds },
    { field: "stop-seconds", value: service?.stopSeconds },
    { field: "stop-signal", value: service?.stopSignal },
    { field: "published", value: service?.published },
    { field: "dependencies", value: service?.after },
  ];
}

function sorted(record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
