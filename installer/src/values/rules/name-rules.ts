import type { Finding } from "../schema-issues.ts";
import { isPlaceholder } from "../meant-value.ts";
import { valuesKeys } from "../values-keys.generated.ts";
import type { Values } from "../values.generated.ts";
import { type Rule, valueAt, wrongValue } from "./rule.ts";

const imagePaths = Object.keys(valuesKeys).filter((path) => /^[^.]+\.image$/.test(path));
const filePaths = Object.keys(valuesKeys).filter((path) => path === "dataDir" || path.endsWith("File"));
const textPaths = Object.entries(valuesKeys).flatMap(([path, { type }]) =>
  type === "string" && !path.endsWith("*") ? [path] : [],
);
const systemDirectories = [
  "/",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/lib",
  "/lib64",
  "/proc",
  "/root",
  "/run",
  "/sbin",
];
const moreSystemDirectories = ["/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/lib/docker"];
const wholeSystemDirectories: ReadonlySet<string> = new Set([...systemDirectories, ...moreSystemDirectories]);

/** Rules about names, paths and references that others would refuse. */
export const nameRules: readonly Rule[] = [
  { reads: ["timezone"], check: checkTimezone },
  ...filePaths.map((path) => ({ reads: [path], check: (values: Values) => checkPath(path, readText(values, path)) })),
  { reads: ["dataDir"], check: checkDataDir },
  ...imagePaths.map((path) => ({ reads: [path], check: (values: Values) => checkImage(path, readText(values, path)) })),
  { reads: ["images.registry"], check: checkImageRegistry },
  ...textPaths.map((path) => ({ reads: [path], check: (values: Values) => checkPlaceholder(path, values) })),
];

function readText(values: Values, path: string): string {
  return valueAt(values, path) as string;
}

function checkTimezone({ timezone }: Values): readonly Finding[] {
  // The default: the first use of Intl takes longer than everything else that is checked.
  if (timezone === "UTC") return [];
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return [];
  } catch {
    const allowed = "allowed is an IANA time zone such as Asia/Shanghai or UTC";
    return [wrongValue("timezone", timezone, "is not a known time zone", allowed)];
  }
}

/** What is left for a shell or a template to fill in would become the password, word for word. */
function checkPlaceholder(path: string, values: Values): readonly Finding[] {
  const value = valueAt(values, path);
  if (typeof value !== "string" || !isPlaceholder(value)) return [];
  const inFile = Object.hasOwn(valuesKeys, `${path}File`) ? `, or its file with ${path}File` : "";
  return [wrongValue(path, value, "is a placeholder, and slipway fills in none", `write the value itself${inFile}`)];
}

function checkPath(path: string, value: string): readonly Finding[] {
  if (!value.split("/").some((part) => part === ".." || part === ".")) return [];
  return [wrongValue(path, value, "goes through . or ..", "allowed is an absolute path without them")];
}

function checkDataDir({ dataDir }: Values): readonly Finding[] {
  if (dataDir === "") return [];
  const plain = dataDir.replaceAll(/\/+/g, "/").replace(/(.)\/$/, "$1");
  if (wholeSystemDirectories.has(plain)) {
    return [
      wrongValue("dataDir", dataDir, "is a directory of the system", "allowed is one of its own such as /srv/slipway"),
    ];
  }
  if (plain === dataDir) return [];
  return [wrongValue("dataDir", dataDir, "has a slash too many", `allowed is ${JSON.stringify(plain)}`)];
}

function checkImage(path: string, image: string): readonly Finding[] {
  if (!/:latest(@|$)/.test(image)) return [];
  const wrong = "has the tag latest, which means another image every day";
  return [wrongValue(path, image, wrong, "allowed is a tag with a version, or a digest")];
}

function checkImageRegistry({ images }: Values): readonly Finding[] {
  const host = images.registry.split("/")[0] ?? "";
  if (host !== "" && host !== "localhost" && !/[.:]/.test(host)) {
    // The grammar of references reads such a first part as an organisation of Docker Hub.
    const wrong = "has a host without dot and port, which engines do not take for a host";
    return [wrongValue("images.registry", images.registry, wrong, `allowed is ${host}:443 or the host's whole name`)];
  }
  const port = /^[^/]*:([0-9]+)/.exec(images.registry)?.[1];
  if (port === undefined || (Number(port) >= 1 && Number(port) <= 65535)) return [];
  return [wrongValue("images.registry", images.registry, "has a port that does not exist", "allowed is 1 to 65535")];
}
