import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../../../../toolbox/src/errors.ts";
import { grpcCode, grpcStatus, openGrpc } from "../../../../toolbox/src/protocols/grpc.ts";
import { temporalDefinitions, temporalEnums, temporalService } from "../../../../toolbox/src/protocols/temporal.ts";
import type { Close } from "./enter.ts";
import type { Log } from "./log.ts";
import { namespace } from "./reach.ts";
import type { Settings } from "./settings.ts";

/** Asks Temporal for work from these queues over one connection that it keeps, for as long as it runs, and does none of what comes. */
export async function startWorkers(queues: readonly string[], settings: Settings, log: Log): Promise<Close> {
  const address = settings.text("OPENCSG_WORKFLOW_SERVER_ENDPOINT");
  const channel = await openGrpc({ address, definitions: temporalDefinitions, deadlineMs: 70_000 });
  const ending = new AbortController();
  log("all worker started");
  for (const queue of queues) void poll(queue);
  return () => {
    ending.abort();
    channel.close();
    return Promise.resolve();
  };

  async function poll(queue: string): Promise<void> {
    const taskQueue = { name: queue, kind: temporalEnums.taskQueueNormal };
    while (!ending.signal.aborted) {
      try {
        await channel.call(temporalService, "PollWorkflowTaskQueue", { namespace, taskQueue, identity: "stand-in" });
      } catch (error) {
        if (grpcCode(error) === grpcStatus.deadlineExceeded) continue;
        log(`polling: ${errorText(error)}`);
        await sleep(2000, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    }
  }
}
