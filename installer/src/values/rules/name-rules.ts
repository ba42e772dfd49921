import { isIpv4 } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import { valuesKeys } from "../values-keys.generated.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

const imagePaths = Object.keys(valuesKeys).filter((path) => /^[^.]+\.image$/.test(path));
const filePaths = Object.keys(valuesKeys).filter((path) => path === "dataDir" || path.endsWith("File"));
const bucketNames = ["server", "portal", "portalPublic", "registry", "runner"] as const;
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
  { reads: ["objectStore.buckets"], check: checkBuckets },
  { reads: ["postgres.external.adminUser"], check: checkAdminUser },
  { reads: ["casdoor.organization"], check: checkOrganization },
];

function readText(values: Values, path: string): string {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], values) as string;
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

function checkBuckets({ objectStore }: Values): readonly Finding[] {
  // An unknown bucket is the schema's finding and may be of any kind, so only the known ones are read.
  const entries = bucketNames.map((name) => [name, objectStore.buckets[name]] as const);
  return entries.flatMap(([name, bucket], index) => {
    const path = `objectStore.buckets.${name}`;
    const fault = findBucketFault(bucket);
    if (fault !== undefined) return [wrongValue(path, bucket, fault, "allowed is a name such as csghub-server")];
    const first = entries.slice(0, index).find(([, earlier]) => earlier === bucket);
    if (first === undefined) return [];
    const other = `objectStore.buckets.${first[0]}`;
    return [becauseOf(wrongValue(path, bucket, `is the same bucket as ${other}`, "allowed is one of its own"), other)];
  });
}

function findBucketFault(bucket: string): string | undefined {
  if (isIpv4(bucket)) return "looks like an IP address, which S3 refuses";
  if (/\.\.|\.-|-\./.test(bucket)) return "has a dot beside a dot or hyphen, which S3 refuses";
  if (/^(xn--|sthree-|amzn-s3-demo-)/.test(bucket)) return "begins with a prefix that S3 keeps for itself";
  if (/(-s3alias|--ol-s3|\.mrap|--x-s3)$/.test(bucket)) return "ends with a suffix that S3 keeps for itself";
  return undefined;
}

function checkAdminUser({ postgres }: Values): readonly Finding[] {
  const { adminUser } = postgres.external;
  if (!/^pg_/i.test(adminUser)) return [];
  const wrong = "begins with pg_, which PostgreSQL keeps for itself";
  return [wrongValue("postgres.external.adminUser", adminUser, wrong, "allowed is another role")];
}

function checkOrganization({ casdoor }: Values): readonly Finding[] {
  if (casdoor.organization !== "built-in") return [];
  const wrong = "is Casdoor's own organization, whose members administer all others";
  return [wrongValue("casdoor.organization", casdoor.organization, wrong, "allowed is another name")];
}
