import { describeBytes, hasUnit, parseQuantity } from "../quantity.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";
import { countableSize } from "./size-rules.ts";

/** What PostgreSQL and clients of one elsewhere would refuse. */
export const postgresRules: readonly Rule[] = [
  countableSize("postgres.sharedBuffers"),
  { reads: ["postgres.sharedBuffers", "postgres.resources"], check: checkSharedBuffers },
  { reads: ["postgres.external.adminUser"], check: checkAdminUser },
];

function checkSharedBuffers({ postgres }: Values): readonly Finding[] {
  const buffers = parseQuantity(postgres.sharedBuffers);
  const memory = parseQuantity(postgres.resources.memory);
  // What a size without a unit was meant to be is not known.
  if (buffers === undefined || memory === undefined || !hasUnit(postgres.resources.memory)) return [];
  const path = "postgres.sharedBuffers";
  if (buffers < 128 * 1024) {
    return [wrongValue(path, postgres.sharedBuffers, "is less than PostgreSQL accepts", "allowed is 128Ki or more")];
  }
  if (buffers <= memory * 0.4) return [];
  const allowed = `allowed is at most 40% of postgres.resources.memory, which is ${describeBytes(memory * 0.4)}`;
  const wrong = "leaves PostgreSQL too little memory for its work";
  return [becauseOf(wrongValue(path, postgres.sharedBuffers, wrong, allowed), "postgres.resources.memory")];
}

function checkAdminUser({ postgres }: Values): readonly Finding[] {
  const { adminUser } = postgres.external;
  if (!/^pg_/i.test(adminUser)) return [];
  const wrong = "begins with pg_, which PostgreSQL keeps for itself";
  return [wrongValue("postgres.external.adminUser", adminUser, wrong, "allowed is another role")];
}
