import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { TemporalWire } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { GrpcChannel } from "../protocols/grpc.ts";
import { openGrpc } from "../protocols/grpc.ts";
import { temporalDefinitions, temporalEnums, temporalService } from "../protocols/temporal.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const temporalCheck: WireCheck<TemporalWire> = {
  address: (wire) => `${wire.address}/${wire.namespace}`,
  expectation: (wire) => `a workflow in namespace ${wire.namespace} is started, worked on and completed`,
  prove: proveTemporal,
};

const identity = "slipway-verify";

interface Run {
  readonly workflowId: string;
  readonly runId: string;
}

interface Task {
  readonly taskToken: Buffer;
  readonly workflowExecution: Run | null;
}

async function proveTemporal(wire: TemporalWire, context: WireContext): Promise<void> {
  const { address, namespace } = wire;
  const channel = await openGrpc({ address, definitions: temporalDefinitions, deadlineMs: 25_000 });
  context.atEnd(() => {
    channel.close();
  });
  const taskQueue = { name: `slipway-verify-${randomBytes(8).toString("hex")}`, kind: temporalEnums.taskQueueNormal };
  const workflowId = `slipway-verify-${randomUUID()}`;
  const started = (await channel.call(temporalService, "StartWorkflowExecution", {
    namespace,
    workflowId,
    workflowType: { name: "slipway-verify" },
    taskQueue,
    // ends by itself if this program is killed
    workflowExecutionTimeout: { seconds: 60 },
    identity,
    requestId: randomUUID(),
  })) as { readonly runId: string };
  context.note("started a workflow");
  const task = (await channel.call(temporalService, "PollWorkflowTaskQueue", {
    namespace,
    taskQueue,
    identity,
  })) as Task;
  if (task.taskToken.length === 0) throw new ToolboxError("no workflow task was handed out");
  if (task.workflowExecution?.runId !== started.runId)
    throw new ToolboxError("a task of another workflow was handed out");
  const commandType = temporalEnums.commandCompleteWorkflowExecution;
  await channel.call(temporalService, "RespondWorkflowTaskCompleted", {
    namespace,
    taskToken: task.taskToken,
    identity,
    commands: [{ commandType, completeWorkflowExecutionCommandAttributes: {} }],
  });
  context.note("took its task and completed it");
  await requireCompleted(channel, namespace, { workflowId, runId: started.runId }, context);
}

async function requireCompleted(
  channel: GrpcChannel,
  namespace: string,
  execution: Run,
  { note, signal }: WireContext,
): Promise<void> {
  for (;;) {
    const described = (await channel.call(temporalService, "DescribeWorkflowExecution", { namespace, execution })) as {
      readonly workflowExecutionInfo: { readonly status: number } | null;
    };
    const status = described.workflowExecutionInfo?.status;
    if (status === temporalEnums.workflowCompleted) break;
    if (status !== temporalEnums.workflowRunning)
      throw new ToolboxError(`the workflow ended in state ${status ?? "none"}`);
    await sleep(200, undefined, { signal });
  }
  note("the workflow is completed");
}
