import type { Ask } from "../../events/ask.ts";
import type { ComponentDefinition, ImageTable } from "../../plan/define.ts";
import { compareText } from "../../language/compare-text.ts";
import { componentDefinitions } from "../../plan/components/all.ts";
import { addressingKind, portsInUse } from "../../values/addressing.ts";
import { isIpv4, isLoopbackName, findHostNameFault } from "../../values/host-names.ts";
import { mayBeOff } from "../../values/may-be-off.ts";
import { parseQuantity } from "../../values/quantity.ts";
import { type PortName, type Section, valuesOf } from "../../values/section.ts";
import type { Values } from "../../values/values.generated.ts";

export interface WizardBasis {
  /** Text of the schema: it holds the words of the questions. */
  readonly schema: string;
  readonly defaults: Values;
  readonly images: ImageTable;
  readonly profile: string;
  /** What the components say about their sections; those of the program when left out. */
  readonly definitions?: readonly ComponentDefinition[];
}

interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** The sections of what belongs to a profile. */
function sectionsOf({ profile, definitions = componentDefinitions }: WizardBasis): readonly Section[] {
  return definitions.flatMap(({ section, profiles }) =>
    section === undefined || profiles?.includes(profile) === false ? [] : [section],
  );
}

/**
 * Asks what has to be decided; gives `--set` arguments for what differs from the defaults.
 * @throws AbortError when a question was not answered
 */
export async function askForValues(ask: Ask, basis: WizardBasis): Promise<readonly string[]> {
  const describe = describer(basis.schema);
  const { defaults } = basis;
  const domain = await ask.input(describe("domain"), {
    default: defaults.domain,
    check: (value) => (isIpv4(value) ? undefined : lowerFirst(findHostNameFault(value))),
  });
  const given = [set("domain", domain)];
  given.push(...(await askTls(ask, describe, domain)));
  const sections = sectionsOf(basis);
  // By key: a stable order, whatever the order of the definitions.
  const optional = sections.filter(mayBeOff).toSorted((a, b) => compareText(a.key, b.key));
  const chosen = await chooseComponents(ask, basis, optional);
  given.push(...optional.map(({ key }) => `${key}.mode=${chosen.includes(key) ? "embedded" : "off"}`));
  const present = sections.filter((section) => !optional.includes(section) || chosen.includes(section.key));
  given.push(...(await askPorts(ask, describe, defaults, portsFor(domain, defaults, present))));
  const dataDir = await ask.input(describe("dataDir"), {
    default: defaults.dataDir,
    check: (value) => (value === "" || value.startsWith("/") ? undefined : "must be an absolute path, or empty"),
  });
  given.push(set("dataDir", dataDir));
  for (const { key, asksForDisk } of present) {
    const { storage } = valuesOf(defaults, key);
    if (asksForDisk !== true || storage === undefined) continue;
    const size = await ask.input(describe(`${key}.storage`), {
      default: storage.size,
      check: (value) => (parseQuantity(value) === undefined ? "must be a size such as 50Gi" : undefined),
    });
    given.push(set(`${key}.storage.size`, size));
  }
  return given;
}

type Describe = (path: string) => string;

async function askTls(ask: Ask, describe: Describe, domain: string): Promise<readonly string[]> {
  const mode = await ask.select(
    describe("tls.mode"),
    ["auto", "self-signed", "files", "off"].map((value) => ({
      value,
      name: value === "auto" ? `auto (${isLoopbackName(domain) ? "off" : "self-signed"} here)` : value,
    })),
    "auto",
  );
  if (mode !== "files") return [set("tls.mode", mode)];
  const absolute = (value: string): string | undefined =>
    value.startsWith("/") ? undefined : "must be an absolute path";
  const certFile = await ask.input(describe("tls.certFile"), { check: absolute });
  const keyFile = await ask.input(describe("tls.keyFile"), { check: absolute });
  return [set("tls.mode", mode), set("tls.certFile", certFile), set("tls.keyFile", keyFile)];
}

/** Where there are no sub-domains, what the gateway serves beside the main site has ports of its own. */
function portsFor(domain: string, { ports }: Values, present: readonly Section[]): readonly PortName[] {
  return portsInUse(ports, { kind: addressingKind(domain), tls: true, present });
}

async function askPorts(
  ask: Ask,
  describe: Describe,
  defaults: Values,
  ports: readonly PortName[],
): Promise<readonly string[]> {
  const given = new Map<string, string>();
  for (const port of ports) {
    const answer = await ask.input(describe(`ports.${port}`), {
      default: String(defaults.ports[port]),
      check: (value) => {
        if (!/^[1-9][0-9]{0,4}$/.test(value) || Number(value) > 65_535) return "must be a port from 1 to 65535";
        const other = [...given].find(([, taken]) => taken === value)?.[0];
        return other === undefined ? undefined : `must be another port than that of ${other}`;
      },
    });
    given.set(port, answer);
  }
  return [...given].map(([port, answer]) => `ports.${port}=${answer}`);
}

async function chooseComponents(
  ask: Ask,
  { schema, defaults, images }: WizardBasis,
  optional: readonly Section[],
): Promise<readonly string[]> {
  const find = finder(schema);
  return ask.choose(
    "Optional components to run",
    optional.map(({ key, image: imageName = "" }) => {
      const { title, description } = find(key);
      const image = images[imageName];
      // What is not built here can be missing: said where the choice is made and not after it.
      const isPulled = image?.source === "third-party";
      const origin = isPulled
        ? `Its image ${image.reference} is not built here: the install needs it in the engine or pulls it from a registry. Leave it out where neither is possible.`
        : undefined;
      const about = [description, origin].filter((part) => part !== undefined).join(" ");
      return {
        value: key,
        name: isPulled ? `${title} (image from a registry)` : title,
        ...(about !== "" && { description: about }),
        checked: valuesOf(defaults, key).mode !== "off",
      };
    }),
  );
}

/** The words of a question: its title, and below it what the schema says about the key. */
function describer(schemaText: string): Describe {
  const find = finder(schemaText);
  return (path) => {
    const { title, description } = find(path);
    return description === undefined ? title : `${title}\n${description}`;
  };
}

interface Words {
  readonly title: string;
  readonly description: string | undefined;
}

function finder(schemaText: string): (path: string) => Words {
  const schema = JSON.parse(schemaText) as SchemaNode;
  return (path) => {
    let parent: SchemaNode | undefined;
    let node: SchemaNode | undefined = schema;
    for (const key of path.split(".")) [parent, node] = [node, node?.properties?.[key]];
    return { title: titleOf(parent, node) ?? path, description: node?.description };
  };
}

/** Titles that many keys have say whose they are: "TLS mode". */
function titleOf(parent: SchemaNode | undefined, node: SchemaNode | undefined): string | undefined {
  if (node?.title !== "Mode" && node?.title !== "Storage") return node?.title;
  return parent?.title === undefined ? node.title : `${parent.title} ${node.title.toLowerCase()}`;
}

/** As a JSON string, so that the answer is text whatever it looks like. */
function set(path: string, value: string): string {
  return `${path}=${JSON.stringify(value)}`;
}

function lowerFirst(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `it ${text}`;
}
