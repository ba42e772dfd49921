import { parseDocument } from "yaml";
import { type RenderedFile, renderedFileToString } from "../rendered-file.ts";
import type { ConfigText } from "./config-rules.ts";

/** The parts of a Compose file that rules look at; anything may be absent, because a broken file must be readable. */
export interface ComposeService {
  readonly [key: string]: unknown;
  readonly image?: string;
  readonly user?: string;
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly security_opt?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly ports?: readonly (
    | string
    | { readonly host_ip?: string; readonly target?: number; readonly published?: string }
  )[];
  readonly volumes?: readonly (string | ComposeMount)[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly logging?: { readonly driver?: string; readonly options?: Readonly<Record<string, string>> };
}

export interface ComposeMount {
  readonly type?: string;
  readonly source?: string;
  readonly target?: string;
  readonly read_only?: boolean;
  readonly bind?: { readonly create_host_path?: boolean };
}

export interface ComposeSubject {
  readonly text: string;
  readonly problems: readonly string[];
  readonly name: string | undefined;
  readonly services: readonly { readonly id: string; readonly service: ComposeService; readonly isJob: boolean }[];
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, { readonly external?: boolean; readonly name?: string } | null>>;
  readonly files: ReadonlyMap<string, RenderedFile>;
  readonly configs: readonly ConfigText[];
}

/** Reads rendered files as the Compose program would, with every problem of the YAML itself. */
export function readComposeSubject(files: readonly RenderedFile[]): ComposeSubject {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const compose = byPath.get("compose.yaml");
  const text = compose === undefined ? "" : renderedFileToString(compose);
  const document = parseDocument(text, { uniqueKeys: true });
  const content = (document.errors.length > 0 ? {} : (document.toJS() ?? {})) as {
    readonly name?: string;
    readonly services?: Readonly<Record<string, ComposeService>>;
    readonly networks?: ComposeSubject["networks"];
    readonly volumes?: ComposeSubject["volumes"];
  };
  return {
    text,
    problems: document.errors.map((error) => error.message.split("\n")[0] ?? ""),
    name: content.name,
    services: Object.entries(content.services ?? {}).map(([id, service]) => ({
      id,
      service,
      isJob: service.profiles?.includes("jobs") === true,
    })),
    networks: content.networks ?? {},
    volumes: content.volumes ?? {},
    files: byPath,
    configs: files.filter((file) => file !== compose).map(configText),
  };
}

function configText(file: RenderedFile): ConfigText {
  const [, unit = "", path = ""] = /^files\/([^/]+)(\/.*)$/.exec(file.path) ?? [];
  return { where: `${unit}:${path}`, path, text: renderedFileToString(file) };
}
