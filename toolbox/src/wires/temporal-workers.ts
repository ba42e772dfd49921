import { setTimeout as sleep } from "node:timers/promises";
import type { TemporalWorkersWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import { type GrpcChannel, openGrpc } from "../protocols/grpc.ts";
import { temporalDefinitions, temporalEnums, temporalService } from "../protocols/temporal.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const temporalWorkersCheck: WireCheck<TemporalWorkersWire> = {
  address: (wire) => `${wire.address}/${wire.namespace}`,
  expectation: (wire) => `takes work from ${wire.taskQueues.join(", ")}`,
  prove: proveWorkers,
};

/** A worker that was just started is seen when its first request for work has come. */
const lookAgainMs = 500;
const looks = 40;

async function proveWorkers(wire: TemporalWorkersWire, context: WireContext): Promise<void> {
  const channel = await openGrpc({ address: wire.address, definitions: temporalDefinitions });
  context.atEnd(() => {
    channel.close();
  });
  for (const name of wire.taskQueues) {
    const workers = await waitForWorkers(channel, wire, name, context.signal);
    context.note(`${workers} at ${name}`);
  }
}

async function waitForWorkers(
  channel: GrpcChannel,
  { namespace }: TemporalWorkersWire,
  name: string,
  signal: AbortSignal,
): Promise<number> {
  for (let look = 0; look < looks; look += 1) {
    const { pollers } = (await channel.call(temporalService, "DescribeTaskQueue", {
      namespace,
      taskQueue: { name, kind: temporalEnums.taskQueueNormal },
      taskQueueType: temporalEnums.taskQueueOfWorkflows,
    })) as { readonly pollers: readonly unknown[] };
    if (pollers.length > 0) return pollers.length;
    await sleep(lookAgainMs, undefined, { signal });
  }
  throw new ToolboxError(`nobody takes work from ${name}`, {
    advice: "look at the log of the program that should, and whether it reaches Temporal",
  });
}
