import type { FileContents, SecretSlot } from "../../../../src/plan/model.ts";
import { buildAddressBook, resolveEndpoints } from "../../../../src/render/addresses.ts";
import { resolveText } from "../../../../src/execute/secrets/encode.ts";
import { slottedToText } from "../../../../src/plan/text.ts";
import { infraPlan } from "../../../support/infra-plan.ts";
import { hash, pair } from "./running-stand-in.ts";

/** What the platform gives Casdoor, as a target writes it. */
export interface PlatformConfiguration {
  readonly appConf: string;
  readonly initData: string;
  /** The job that closes and sets what Casdoor makes at its first start. */
  readonly bootstrap: Readonly<Record<string, unknown>>;
  /** The check of `verify` for sign-in. */
  readonly wire: Readonly<Record<string, unknown>>;
  /** The check of `verify` for the company's provider; undefined without one. */
  readonly provider?: Readonly<Record<string, unknown>>;
}

/** Password of the Redis that `platformConfiguration` names, with all that a file could stumble over. */
export const redisPassword = 'redis-external, "quoted"';

const redisHost = "redis.corp.example";

/** Renders the infra profile with `--set` arguments, with secrets that tests know and a Redis on a port of this machine. */
export function platformConfiguration(redisPort: number, sets: readonly string[] = []): PlatformConfiguration {
  const redis = [
    "mode=external",
    `external.host=${redisHost}`,
    `external.port=${redisPort}`,
    "external.password=given",
  ];
  const plan = infraPlan([...redis.map((set) => `redis.${set}`), ...sets]);
  const book = buildAddressBook(plan, (component) => component.id);
  const text = (contents: FileContents | undefined): string => {
    if (contents?.kind !== "text" && contents?.kind !== "json") throw new Error("no such file");
    const slotted = contents.kind === "text" ? contents.text : slottedToText(contents.value);
    return resolveText(resolveEndpoints(slotted, book, "a test"), readSecret);
  };
  const fileOf = (id: string, path: string): string => {
    const units = [...plan.components.map((row) => ({ ...row, container: row.workload?.container })), ...plan.jobs];
    const unit = units.find((row) => row.id === id);
    return text(unit?.container?.files.find((file) => file.path === path)?.contents);
  };
  const document = (id: string): unknown => JSON.parse(fileOf(id, "/run/slipway/document.json"));
  const { wires } = document("verify") as { readonly wires: readonly Readonly<Record<string, unknown>>[] };
  const wire = wires.find(({ kind }) => kind === "oidc");
  if (wire === undefined) throw new Error("no check of sign-in");
  const provider = wires.find(({ kind }) => kind === "openid-provider");
  return {
    // The values take no address of this machine, which inside a container would be another.
    appConf: fileOf("casdoor", "/conf/app.conf").replace(`${redisHost}:`, "127.0.0.1:"),
    initData: fileOf("casdoor", "/conf/init_data.json"),
    bootstrap: document("casdoor-bootstrap") as Readonly<Record<string, unknown>>,
    wire,
    ...(provider === undefined ? {} : { provider }),
  };
}

function readSecret({ name, part }: SecretSlot): string {
  if (name === "casdoor-root-hash" || name === "casdoor-built-in-admin-hash") return hash;
  if (name === "casdoor-signing") return part === "privateKey" ? pair.privateKey : pair.certificate;
  return `${name}, "quoted"`;
}
