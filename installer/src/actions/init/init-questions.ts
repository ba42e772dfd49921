import type { Ask } from "../../events/ask.ts";
import type { ImageTable } from "../../plan/define.ts";
import { type PublishedPort, addressingKind } from "../../values/addressing.ts";
import { isIpv4, isLoopbackName, findHostNameFault } from "../../values/host-names.ts";
import { parseQuantity } from "../../values/quantity.ts";
import type { Values } from "../../values/values.generated.ts";

export interface WizardBasis {
  /** Text of the schema: it holds the words of the questions. */
  readonly schema: string;
  readonly defaults: Values;
  readonly images: ImageTable;
}

interface SchemaNode {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
}

/** Components a person may leave out. */
const optionalComponents = ["casdoor", "gitlabShell", "landingPage", "temporalUi"] as const;
/** Stores whose disk a person decides about. */
const stores = ["postgres", "objectStore", "gitaly"] as const;

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
  const chosen = await chooseComponents(ask, basis);
  given.push(...optionalComponents.map((name) => `${name}.mode=${chosen.includes(name) ? "embedded" : "off"}`));
  given.push(...(await askPorts(ask, describe, defaults, portsFor(domain, chosen))));
  const dataDir = await ask.input(describe("dataDir"), {
    default: defaults.dataDir,
    check: (value) => (value === "" || value.startsWith("/") ? undefined : "must be an absolute path, or empty"),
  });
  given.push(set("dataDir", dataDir));
  for (const store of stores) {
    const size = await ask.input(describe(`${store}.storage`), {
      default: defaults[store].storage.size,
      check: (value) => (parseQuantity(value) === undefined ? "must be a size such as 50Gi" : undefined),
    });
    given.push(set(`${store}.storage.size`, size));
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
function portsFor(domain: string, chosen: readonly string[]): readonly PublishedPort[] {
  const usual: readonly PublishedPort[] = ["http", "https", "ssh"];
  if (addressingKind(domain) === "domain") return usual;
  return [...usual, ...(chosen.includes("casdoor") ? (["casdoor"] as const) : []), "s3"];
}

async function askPorts(
  ask: Ask,
  describe: Describe,
  defaults: Values,
  ports: readonly PublishedPort[],
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

async function chooseComponents(ask: Ask, { schema, defaults, images }: WizardBasis): Promise<readonly string[]> {
  const find = finder(schema);
  return ask.choose(
    "Optional components to run",
    optionalComponents.map((name) => {
      const { title, description } = find(name);
      const image = images[name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)];
      // What is not built here can be missing: said where the choice is made and not after it.
      const isPulled = image?.source === "third-party";
      const origin = isPulled
        ? `Its image ${image.reference} is not built here: the install needs it in the engine or pulls it from a registry. Leave it out where neither is possible.`
        : undefined;
      const about = [description, origin].filter((part) => part !== undefined).join(" ");
      return {
        value: name,
        name: isPulled ? `${title} (image from a registry)` : title,
        ...(about !== "" && { description: about }),
        checked: defaults[name].mode !== "off",
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
