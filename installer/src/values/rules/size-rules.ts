import { describeBytes, parseQuantity } from "../quantity.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** The least memory, in MiB, with which each component starts and serves at all. */
const leastMemory = {
  postgres: 256,
  redis: 32,
  objectStore: 256,
  nats: 64,
  gitaly: 256,
  gitlabShell: 32,
  registry: 64,
  temporal: 256,
  casdoor: 128,
  gateway: 32,
  landingPage: 16,
  toolbox: 128,
} as const;

type ComponentName = keyof typeof leastMemory;
const componentNames = Object.keys(leastMemory) as ComponentName[];
const statefulNames = ["postgres", "redis", "objectStore", "nats", "gitaly"] as const;

/** Rules about memory, disk, processors and numbers of containers. */
export const sizeRules: readonly Rule[] = [
  ...componentNames.map((name) => ({
    reads: [`${name}.resources`],
    check: (values: Values) => [...checkMemory(values, name), ...checkCpus(values, name)],
  })),
  ...statefulNames.map((name) => ({
    reads: [`${name}.replicas`],
    check: (values: Values) => checkReplicas(values, name),
  })),
  ...[
    ...statefulNames.map((name) => `${name}.storage.size`),
    "postgres.sharedBuffers",
    "nats.maxMemory",
    "nats.maxFile",
  ].map((path) => ({ reads: [path], check: (values: Values) => checkSafeSize(values, path) })),
  { reads: ["postgres.sharedBuffers", "postgres.resources"], check: checkSharedBuffers },
  { reads: ["nats.maxMemory", "nats.resources"], check: checkNatsMemory },
  { reads: ["nats.maxFile", "nats.storage"], check: checkNatsFile },
  { reads: ["temporal.historyShards"], check: checkHistoryShards },
];

function checkMemory(values: Values, name: ComponentName): readonly Finding[] {
  const path = `${name}.resources.memory`;
  const { memory } = values[name].resources;
  const bytes = parseQuantity(memory);
  if (bytes === undefined) return [tooLarge(path, memory)];
  const least = leastMemory[name];
  if (bytes >= least * 2 ** 20) return [];
  return [wrongValue(path, memory, "is less memory than it needs to start", `allowed is ${least}Mi or more`)];
}

function checkCpus(values: Values, name: ComponentName): readonly Finding[] {
  const { cpus } = values[name].resources;
  if (Math.abs(cpus * 1000 - Math.round(cpus * 1000)) < 1e-9) return [];
  const allowed = "allowed are at most three digits after the point, Kubernetes knows nothing smaller";
  return [wrongValue(`${name}.resources.cpus`, cpus, "is finer than a thousandth of a processor", allowed)];
}

function checkReplicas(values: Values, name: (typeof statefulNames)[number]): readonly Finding[] {
  const { replicas } = values[name];
  if (replicas === 1) return [];
  const wrong = "would be several services with data of their own, not copies of one";
  return [wrongValue(`${name}.replicas`, replicas, wrong, "allowed is 1")];
}

function checkSafeSize(values: Values, path: string): readonly Finding[] {
  const size = path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], values);
  return typeof size === "string" && parseQuantity(size) === undefined ? [tooLarge(path, size)] : [];
}

function tooLarge(path: string, size: string): Finding {
  return wrongValue(path, size, "is more than can be counted", "allowed is less than 8191Ti");
}

function checkSharedBuffers({ postgres }: Values): readonly Finding[] {
  const buffers = parseQuantity(postgres.sharedBuffers);
  const memory = parseQuantity(postgres.resources.memory);
  if (buffers === undefined || memory === undefined) return [];
  const path = "postgres.sharedBuffers";
  if (buffers < 128 * 1024) {
    return [wrongValue(path, postgres.sharedBuffers, "is less than PostgreSQL accepts", "allowed is 128Ki or more")];
  }
  if (buffers <= memory * 0.4) return [];
  const allowed = `allowed is at most 40% of postgres.resources.memory, which is ${describeBytes(memory * 0.4)}`;
  const wrong = "leaves PostgreSQL too little memory for its work";
  return [becauseOf(wrongValue(path, postgres.sharedBuffers, wrong, allowed), "postgres.resources.memory")];
}

function checkNatsMemory({ nats }: Values): readonly Finding[] {
  const streams = parseQuantity(nats.maxMemory);
  const memory = parseQuantity(nats.resources.memory);
  if (streams === undefined || memory === undefined || streams * 2 <= memory) return [];
  const allowed = `allowed is at most half of nats.resources.memory, which is ${describeBytes(memory / 2)}`;
  const wrong = "leaves the server too little memory";
  return [becauseOf(wrongValue("nats.maxMemory", nats.maxMemory, wrong, allowed), "nats.resources.memory")];
}

function checkNatsFile({ nats }: Values): readonly Finding[] {
  const streams = parseQuantity(nats.maxFile);
  const storage = parseQuantity(nats.storage.size);
  if (streams === undefined || storage === undefined || streams <= storage) return [];
  const allowed = `allowed is at most nats.storage.size, which is ${nats.storage.size}`;
  const wrong = "is more than the disk holds";
  return [becauseOf(wrongValue("nats.maxFile", nats.maxFile, wrong, allowed), "nats.storage.size")];
}

function checkHistoryShards({ temporal }: Values): readonly Finding[] {
  const { historyShards } = temporal;
  if (Number.isInteger(Math.log2(historyShards))) return [];
  const below = 2 ** Math.floor(Math.log2(historyShards));
  const allowed = `allowed is a power of two such as ${below} or ${below * 2}`;
  return [wrongValue("temporal.historyShards", historyShards, "is not a power of two", allowed)];
}
