import { editionImageRule, hubRules } from "../../values/rules/csghub-server-rules.ts";
import type { Rule } from "../../values/rules/rule.ts";
import type { Growth } from "../../values/section.ts";
import type { Values } from "../../values/values.generated.ts";
import {
  absentComponent,
  type ComponentDefinition,
  container,
  copiesOf,
  type JobDraft,
  type Parts,
  type PlanContext,
  resourcesOf,
  tmp,
} from "../define.ts";
import type { Container, Image, LocalizedText, Probe } from "../model.ts";
import { textFile } from "../text.ts";
import { type FolderOfImage, type FolderParts, folderOfImage } from "./image-folder.ts";
import { type HubSettings, hubPorts, joinSettings, toTomlFile, toVariables } from "./hub-file.ts";
import { type HubUse, hubUses } from "./hub-settings.ts";

/** Sections of the values that are programs of the hub. */
export type HubSection =
  | "server"
  | "user"
  | "rproxy"
  | "accounting"
  | "repoSync"
  | "lfsSync"
  | "dataviewer"
  | "notifier"
  | "aigateway"
  | "moderation"
  | "temporalWorker";

/** One program of the hub: what is particular to it. All run from one image, each as a command of the same binary. */
export interface HubProgram {
  readonly id: string;
  readonly key: HubSection;
  readonly aliases: readonly string[];
  readonly title: LocalizedText;
  readonly purpose: LocalizedText;
  /** Least memory in MiB that it starts and serves with. */
  readonly leastMemory: number;
  readonly growth?: Growth;
  /** MiB of memory for what it keeps in passing, part of its limit; 64 unless told. */
  readonly scratchMiB?: number;
  /** Arguments of the binary. */
  readonly command: readonly string[];
  /** Where it listens, if it does. */
  readonly port?: (typeof hubPorts)[keyof typeof hubPorts];
  /** A path that it answers with 200 once it serves; without one, any answer will do. */
  readonly readyPath?: string;
  /** What tells that it serves, where it answers nobody. */
  readonly ready?: (context: PlanContext) => Probe;
  /** What it works with, beside the database and its peers. */
  readonly uses: readonly HubUse[];
  /** A folder of the image that it reads, and that only root may open there. */
  readonly folder?: Omit<FolderOfImage, "component" | "image">;
  /** What its own values have to obey. */
  readonly rules?: readonly Rule[];
  /** Part of no profile: it runs only where it is asked for. */
  readonly extra?: true;
  /** What only this program is told. */
  readonly settings?: (context: PlanContext) => HubSettings;
  /** Routes, checks and jobs of it. */
  readonly more?: (context: PlanContext) => Omit<Parts, "component">;
}

/** What every program works with. */
const common = ["platform", "database", "peers", "offline"] as const;

const program = "/starhub-bin/starhub";
const settingsPath = "/run/slipway/hub.toml";
const uid = 10_020;

/** The profiles that the hub is part of. */
export const hubProfiles: readonly string[] = ["standard", "ha"];

/** A component that is a program of the hub. */
export function hubComponent(spec: HubProgram): ComponentDefinition {
  return {
    id: spec.id,
    section: {
      key: spec.key,
      aliases: spec.aliases,
      leastMemory: spec.leastMemory,
      ...(spec.growth === undefined ? {} : { growth: spec.growth }),
      rules: [
        ...hubRules(spec.key),
        // All run from the image of one.
        ...(spec.key === "server" ? [editionImageRule(spec.key)] : []),
        ...(spec.rules ?? []),
      ],
    },
    profiles: spec.extra === true ? [] : hubProfiles,
    build: (context) => build(spec, context),
  };
}

function build(spec: HubProgram, context: PlanContext): Parts {
  const { id, title, purpose } = spec;
  const identity = { id, title, purpose, zone: "app" as const };
  const values = context.values[spec.key];
  if (values.mode === "off") return { component: absentComponent(identity) };
  const settings = settingsOf(spec, context);
  const { secrets = [], jobs = [], ...more } = spec.more?.(context) ?? {};
  const folders = foldersOf(spec, context);
  const mounts = folders.map(({ mount }) => mount);
  const { port, scratchMiB } = spec;
  const ready = spec.ready?.(context) ?? askOverHttp(spec);
  return {
    component: {
      ...identity,
      presence: "embedded",
      endpoints: port === undefined ? [] : [{ id: "http", port, protocol: "http", tls: false }],
      reaches: settings.reaches,
      workload: {
        container: { ...hubContainer(context, { command: spec.command, settings, values, scratchMiB }), mounts },
        ...copiesOf(values),
        update: "rolling",
        stopSeconds: 30,
        health: { ready, live: port === undefined ? isRunning : { kind: "tcp", port }, startSeconds: 120 },
      },
      needs: [...settings.needs, ...folders.map(({ need }) => need)],
      volumes: folders.map(({ volume }) => volume),
    },
    ...more,
    jobs: [...folders.map(({ job }) => job), ...jobs],
    secrets: [...settings.secrets, ...secrets],
  };
}

function foldersOf({ id, folder }: HubProgram, context: PlanContext): readonly FolderParts[] {
  if (folder === undefined) return [];
  return [folderOfImage({ component: id, image: hubImage(context), ...folder })];
}

function hubImage(context: PlanContext): Image {
  return context.image("csghub-server", context.values.server.image);
}

function settingsOf({ uses, settings }: HubProgram, context: PlanContext): Required<HubSettings> {
  return joinSettings([
    ...[...common, ...uses].map((use) => hubUses[use](context)),
    ...(settings === undefined ? [] : [settings(context)]),
  ]);
}

interface HubContainer {
  readonly command: readonly string[];
  readonly settings: Required<HubSettings>;
  readonly values: Values[HubSection];
  readonly scratchMiB?: number | undefined;
}

function hubContainer(context: PlanContext, { command, settings, values, scratchMiB = 64 }: HubContainer): Container {
  return container(
    {
      image: hubImage(context),
      uid,
      entrypoint: [program],
      command: [...command, "--log-format", "json", "--config", settingsPath],
      resources: resourcesOf(values.resources),
      scratch: [tmp(scratchMiB)],
      env: toVariables(settings.env),
      files: [{ path: settingsPath, contents: textFile(toTomlFile(settings.file)) }, ...settings.files],
    },
    values,
  );
}

const isRunning: Probe = { kind: "exec", command: ["test", "-d", "/proc/1"] };

/** With the curl of the vendor's image. */
function askOverHttp({ port, readyPath }: HubProgram): Probe {
  if (port === undefined) return isRunning;
  const url = `http://127.0.0.1:${port}${readyPath ?? "/"}`;
  const strict = readyPath === undefined ? [] : ["--fail"];
  return { kind: "exec", command: ["curl", "-sS", ...strict, "-o", "/dev/null", "--max-time", "4", url] };
}

/** A job of the same binary: several of its commands, one after the other. */
export function hubJob(
  context: PlanContext,
  fields: Pick<JobDraft, "id" | "component" | "title" | "makes" | "deadlineSeconds" | "outlastsSecrets"> & {
    readonly commands: readonly (readonly string[])[];
    /** A command that fails is run once more: for those that may fail after their work is done. */
    readonly again?: true;
    readonly uses: readonly HubUse[];
    readonly needs: JobDraft["needs"];
  },
): JobDraft {
  const { commands, again, uses, needs, ...rest } = fields;
  const settings = joinSettings(uses.map((use) => hubUses[use](context)));
  const base = hubContainer(context, { command: [], settings, values: context.values.server });
  const lines = commands
    .map((words) => [program, ...words, "--config", settingsPath].join(" "))
    .map((line) => (again === true ? `${line} || ${line}` : line));
  return {
    ...rest,
    trigger: "bring-up",
    needs,
    container: { ...base, entrypoint: ["/bin/sh", "-ec"], command: [lines.join("\n")] },
  };
}
