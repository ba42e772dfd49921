import { findKey, listKeysBelow } from "./describe-value.ts";
import { plainName, suggestKey } from "./suggest-key.ts";
import { valuesKeys } from "./values-keys.generated.ts";

/** What other installers, charts and compose files call a key of ours, in small letters and without signs. */
const spellings: readonly (readonly [key: string, names: readonly string[]])[] = [
  ["domain", ["hostname", "host", "fqdn", "externalurl", "url", "baseurl", "rooturl", "publicurl"]],
  ["appsDomain", ["appdomain", "publicrootdomain", "wildcarddomain", "publicdomain"]],
  ["dataDir", ["datavolume", "datapath", "datadirectory", "dataroot"]],
  ["timezone", ["tz"]],
  ["images.registry", ["imageregistry", "privateregistry", "registryurl", "imagerepository"]],
  ["images.pullPolicy", ["imagepullpolicy", "pullpolicy"]],
  ["ports.http", ["httpport"]],
  ["ports.https", ["httpsport"]],
  ["ports.ssh", ["sshport"]],
  ["certFile", ["cert", "crt", "certificate", "certificatefile", "sslcertificate"]],
  ["keyFile", ["privatekey", "privatekeyfile", "certkey", "sslkey"]],
  ["caFile", ["cacert", "cacertificate", "cabundle"]],
  ["image", ["tag", "version", "imagetag"]],
  ["replicas", ["replicacount", "instances"]],
  ["maxReplicas", ["autoscaling", "autoscaler", "hpa"]],
  ["extraEnv", ["env", "environment", "envvars", "extraenvvars"]],
  ["storage.size", ["persistence", "persistentvolume", "pvc", "volumesize", "volume", "disk", "disksize"]],
  ["size", ["capacity"]],
  ["resources.cpus", ["cpu", "cpulimit"]],
  ["resources.memory", ["mem", "memorylimit", "memlimit"]],
  ["cpus", ["cpu", "cpulimit"]],
  ["memory", ["mem", "memorylimit", "memlimit"]],
];

/** What is arranged in another way here. */
const arrangements: readonly (readonly [keys: RegExp, advice: string])[] = [
  [
    /^(https?|no|all)?proxy$/,
    "a proxy is no value: HTTP_PROXY, HTTPS_PROXY and NO_PROXY of the environment that slipway runs in are used",
  ],
  [/^(ingress|service|nodeport|loadbalancer|gatewayapi)$/, "people reach the platform by domain, ports and tls"],
  [
    /^(existingsecret|secretname|passwordsecret|imagepullsecrets?)$/,
    "secrets are made by slipway, and one of yours is given by a key that ends in File",
  ],
  [
    /^(csghub)?runner$|^knative|^argo(workflows)?$/,
    "the runner, with which spaces, inference and fine-tuning come, needs a cluster to run them in, and slipway knows none yet",
  ],
  [
    /^(xnet|llmlog|agentichub|agenticflow|csgbot|csgship|payment|fedap|trustregistry)$/,
    "it is a closed program of other editions of CSGHub, and none of them is here",
  ],
  [
    /^(superset|memmachine|loki|prometheus|tempo|logcollector|fluentd)$/,
    "it is not part of the platform yet; what is stands in docs/components.md",
  ],
  [/^global$/, "there is no such section, and its keys stand at the top: domain, images.registry"],
];

/** What a key that does not exist was probably meant to be, as it stands beside it; undefined when nothing is near. */
export function adviseOnKey(path: readonly string[]): string | undefined {
  return advise(path, (key) => key);
}

/** The same for a whole path, of which the first keys may exist: where the path as a whole is named. */
export function adviseOnPath(path: readonly string[]): string | undefined {
  const unknown = path.findIndex((_key, index) => findKey(path.slice(0, index + 1)) === undefined);
  if (unknown === -1) return undefined;
  return advise(path.slice(0, unknown + 1), (key) => [...path.slice(0, unknown), key].join("."));
}

type Naming = (key: string) => string;

function advise(path: readonly string[], named: Naming): string | undefined {
  const parent = path.slice(0, -1);
  const key = path.at(-1) ?? "";
  const name = plainName(key);
  return (
    adviseOnDots(parent, key) ??
    adviseOnSwitch(parent, name) ??
    adviseOnLimits(parent, name) ??
    arrangements.find(([keys]) => keys.test(name))?.[1] ??
    suggestions([...spellingsOf(parent, name), ...nearest(parent, key)].slice(0, 1).map(named)) ??
    adviseOnDepth(parent, key, named)
  );
}

function suggestions(keys: readonly string[]): string | undefined {
  return keys.length === 0 ? undefined : `did you mean ${joinWithOr(keys)}?`;
}

/** "a, b or c". */
export function joinWithOr(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

/** `postgres.mode: external` is one key to YAML. */
function adviseOnDots(parent: readonly string[], key: string): string | undefined {
  const parts = key.split(".");
  if (parts.length === 1 || findKey([...parent, ...parts]) === undefined) return undefined;
  const nested = parts.reduceRight((value, part) => (value === "…" ? `${part}: …` : `${part}: { ${value} }`), "…");
  return `a key with dots is one key, write ${nested}`;
}

function adviseOnSwitch(parent: readonly string[], name: string): string | undefined {
  if (!/^(enabled?|disabled?|deploy|install|create)$/.test(name)) return undefined;
  const mode = findKey([...parent, "mode"]);
  if (mode === undefined) return undefined;
  return mode.choices?.includes("off") === true
    ? "use mode: off leaves the component out, embedded runs it"
    : `use mode, which is ${joinWithOr(mode.choices ?? [])}`;
}

/** Kubernetes has limits and requests; here one number is both. */
function adviseOnLimits(parent: readonly string[], name: string): string | undefined {
  if (!/^(limits?|requests?|reservations?)$/.test(name)) return undefined;
  const below = parent.at(-1) === "resources" ? parent : [...parent, "resources"];
  if (findKey(below) === undefined) return undefined;
  return `cpus and memory stand directly below ${below.slice(-1).join("")}: ${below.join(".")}.memory`;
}

/** Where the name is one of another product, and what it stands for exists below the same section or at the top. */
function spellingsOf(parent: readonly string[], name: string): readonly string[] {
  return spellings
    .filter(([key, names]) => names.includes(name) && findKey([...parent, ...key.split(".")]) !== undefined)
    .map(([key]) => key);
}

function nearest(parent: readonly string[], key: string): readonly string[] {
  return [suggestKey(key, listKeysBelow(parent))].filter((near) => near !== undefined);
}

const fewest = 3;
const mostSuggested = 3;

/** The same name deeper down: `postgres.host` is `postgres.external.host`, `http` is `ports.http`. */
function adviseOnDepth(parent: readonly string[], key: string, named: Naming): string | undefined {
  if (key.length < fewest) return undefined;
  const prefix = parent.length === 0 ? "" : `${parent.join(".")}.`;
  const below = Object.keys(valuesKeys).filter((path) => path.startsWith(prefix) && !path.endsWith("*"));
  const last = (path: string): string => path.split(".").at(-1) ?? "";
  const near = suggestKey(key, [...new Set(below.map(last))]);
  const name = plainName(key);
  const found = below.filter((path) => last(path) === near || plainName(last(path)).endsWith(name));
  if (found.length === 0 || found.length > mostSuggested) return undefined;
  const made = found.filter((path) => valuesKeys[path]?.secret === true);
  const keys = (made.length === 0 ? found : made).map((path) => named(path.slice(prefix.length)));
  if (made.length === 0) return suggestions(keys);
  return `that of a service elsewhere is ${joinWithOr(keys)}; the one here is made by slipway`;
}
