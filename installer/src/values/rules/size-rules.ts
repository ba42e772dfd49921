import { hasUnit, parseQuantity } from "../quantity.ts";
import { sizeMeant } from "../meant-value.ts";
import type { Finding } from "../schema-issues.ts";
import { type Section, valuesOf } from "../section.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, valueAt, wrongValue } from "./rule.ts";

/** Rules about memory, disk, processors and numbers of containers. */
export function sizeRules(sections: readonly Section[]): readonly Rule[] {
  return sections.flatMap((section) => [
    {
      reads: [`${section.key}.resources`],
      check: (values) => [...checkMemory(values, section), ...checkCpus(values, section)],
    },
    ...(section.keepsData === true ? [countableSize(`${section.key}.storage.size`)] : []),
    { reads: [`${section.key}.replicas`, `${section.key}.maxReplicas`], check: (values) => checkMost(values, section) },
    ...(section.keepsData === true || section.single !== undefined ? [singleRule(section)] : []),
  ]);
}

function singleRule(section: Section): Rule {
  return { reads: [`${section.key}.replicas`], check: (values) => checkReplicas(values, section) };
}

/** A rule that a size is not beyond what can be counted. */
export function countableSize(path: string): Rule {
  return { reads: [path], check: (values) => checkSafeSize(values, path) };
}

function checkMemory(values: Values, { key, leastMemory }: Section): readonly Finding[] {
  const path = `${key}.resources.memory`;
  const { memory } = valuesOf(values, key).resources;
  const bytes = parseQuantity(memory);
  if (bytes === undefined) return [tooLarge(path, memory)];
  if (bytes >= leastMemory * 2 ** 20) return [];
  if (!hasUnit(memory)) return [withoutUnit(path, memory)];
  return [wrongValue(path, memory, "is less memory than it needs to start", `allowed is ${leastMemory}Mi or more`)];
}

function checkCpus(values: Values, { key }: Section): readonly Finding[] {
  const { cpus } = valuesOf(values, key).resources;
  if (Math.abs(cpus * 1000 - Math.round(cpus * 1000)) < 1e-9) return [];
  const allowed = "allowed are at most three digits after the point, Kubernetes knows nothing smaller";
  return [wrongValue(`${key}.resources.cpus`, cpus, "is finer than a thousandth of a processor", allowed)];
}

function checkReplicas(values: Values, { key, single = severalStores }: Section): readonly Finding[] {
  const { replicas } = valuesOf(values, key);
  if (replicas === 1) return [];
  return [wrongValue(`${key}.replicas`, replicas, single, "allowed is 1")];
}

function checkMost(values: Values, { key }: Section): readonly Finding[] {
  const { replicas = 1, maxReplicas = 0 } = valuesOf(values, key);
  if (maxReplicas === 0 || maxReplicas > replicas) return [];
  const allowed = `allowed is 0, or more than ${key}.replicas, which is ${replicas}`;
  return [
    becauseOf(wrongValue(`${key}.maxReplicas`, maxReplicas, "leaves no room to grow", allowed), `${key}.replicas`),
  ];
}

const severalStores = "would be several services with data of their own, not copies of one";

function checkSafeSize(values: Values, path: string): readonly Finding[] {
  const size = valueAt(values, path);
  if (typeof size !== "string") return [];
  const bytes = parseQuantity(size);
  if (bytes === undefined) return [tooLarge(path, size)];
  return !hasUnit(size) && bytes < leastBareBytes ? [withoutUnit(path, size)] : [];
}

/** A bare number counts bytes, and nobody means so few. */
const leastBareBytes = 64 * 2 ** 10;

function withoutUnit(path: string, size: string): Finding {
  return wrongValue(
    path,
    size,
    "has no unit and counts bytes",
    `did you mean ${sizeMeant(Number(size), path.split("."))}?`,
  );
}

function tooLarge(path: string, size: string): Finding {
  return wrongValue(path, size, "is more than can be counted", "allowed is less than 8191Ti");
}
