import { describeBytes, hasUnit, parseQuantity } from "../quantity.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";
import { countableSize } from "./size-rules.ts";

/** What NATS has of memory and disk for its streams. */
export const natsRules: readonly Rule[] = [
  countableSize("nats.maxMemory"),
  countableSize("nats.maxFile"),
  { reads: ["nats.maxMemory", "nats.resources"], check: checkNatsMemory },
  { reads: ["nats.maxFile", "nats.storage"], check: checkNatsFile },
];

function checkNatsMemory({ nats }: Values): readonly Finding[] {
  const streams = parseQuantity(nats.maxMemory);
  const memory = parseQuantity(nats.resources.memory);
  // What a size without a unit was meant to be is not known.
  if (streams === undefined || memory === undefined || !hasUnit(nats.resources.memory)) return [];
  if (streams * 2 <= memory) return [];
  const allowed = `allowed is at most half of nats.resources.memory, which is ${describeBytes(memory / 2)}`;
  const wrong = "leaves the server too little memory";
  return [becauseOf(wrongValue("nats.maxMemory", nats.maxMemory, wrong, allowed), "nats.resources.memory")];
}

function checkNatsFile({ nats }: Values): readonly Finding[] {
  const streams = parseQuantity(nats.maxFile);
  const storage = parseQuantity(nats.storage.size);
  if (streams === undefined || storage === undefined || !hasUnit(nats.storage.size)) return [];
  if (streams <= storage) return [];
  const allowed = `allowed is at most nats.storage.size, which is ${nats.storage.size}`;
  const wrong = "is more than the disk holds";
  return [becauseOf(wrongValue("nats.maxFile", nats.maxFile, wrong, allowed), "nats.storage.size")];
}
