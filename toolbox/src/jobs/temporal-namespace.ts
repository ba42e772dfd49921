import { setTimeout as sleep } from "node:timers/promises";
import type { TemporalNamespaceJob } from "../contract.generated.ts";
import { ServerWaitError } from "../errors.ts";
import type { GrpcChannel } from "../protocols/grpc.ts";
import { grpcCode, grpcStatus, openGrpc } from "../protocols/grpc.ts";
import { temporalDefinitions, temporalService } from "../protocols/temporal.ts";
import { waitForServer } from "../wait-for-server.ts";
import type { JobContext } from "./job.ts";

const daySeconds = 86_400;

interface Description {
  readonly config: { readonly workflowExecutionRetentionTtl: { readonly seconds: string } | null } | null;
}

/** Registers the namespace or sets its retention, and returns when the frontend knows it. */
export async function runTemporalNamespace(job: TemporalNamespaceJob, context: JobContext): Promise<void> {
  const channel = await openGrpc({ address: job.address, definitions: temporalDefinitions });
  try {
    await ensureNamespace(channel, job, context);
  } finally {
    channel.close();
  }
}

async function ensureNamespace(channel: GrpcChannel, job: TemporalNamespaceJob, context: JobContext): Promise<void> {
  const wanted = job.retentionDays * daySeconds;
  const found = await waitForServer(
    { what: `Temporal at ${job.address}`, isTransient: isStarting, log: context.log },
    () => describe(channel, job.namespace),
  );
  if (found === undefined) {
    await context.change(`register namespace ${job.namespace} with ${job.retentionDays} days of retention`, () =>
      register(channel, job),
    );
  } else if (Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) !== wanted) {
    await context.change(`set the retention of namespace ${job.namespace} to ${job.retentionDays} days`, async () => {
      const config = { workflowExecutionRetentionTtl: { seconds: wanted } };
      await channel.call(temporalService, "UpdateNamespace", { namespace: job.namespace, config });
    });
  } else {
    return;
  }
  if (!context.probe) await waitUntilVisible(channel, job.namespace);
}

async function describe(channel: GrpcChannel, namespace: string): Promise<Description | undefined> {
  try {
    return (await channel.call(temporalService, "DescribeNamespace", { namespace })) as Description;
  } catch (error) {
    if (grpcCode(error) === grpcStatus.notFound) return undefined;
    throw error;
  }
}

async function register(channel: GrpcChannel, { namespace, retentionDays }: TemporalNamespaceJob): Promise<void> {
  const workflowExecutionRetentionPeriod = { seconds: retentionDays * daySeconds };
  try {
    await channel.call(temporalService, "RegisterNamespace", { namespace, workflowExecutionRetentionPeriod });
  } catch (error) {
    // registered by an earlier run that was cut off before it heard the answer
    if (grpcCode(error) !== grpcStatus.alreadyExists) throw error;
  }
}

/**
 * Clients use a namespace through the frontend's cache, which is refreshed every few seconds; a workflow call on
 * an unknown one fails with NotFound naming the namespace.
 */
async function waitUntilVisible(channel: GrpcChannel, namespace: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (await isUsable(channel, namespace)) return;
    await sleep(200);
  }
  throw new ServerWaitError(`namespace ${namespace} is registered but not usable after 60 s`, {
    advice: "look at Temporal's log, and whether all its parts reach the database",
  });
}

async function isUsable(channel: GrpcChannel, namespace: string): Promise<boolean> {
  try {
    const execution = { workflowId: "slipway-no-such-workflow" };
    await channel.call(temporalService, "DescribeWorkflowExecution", { namespace, execution });
    return true;
  } catch (error) {
    if (grpcCode(error) === grpcStatus.notFound) return !/namespace/i.test((error as Error).message);
    if (isStarting(error)) return false;
    throw error;
  }
}

/** The frontend answers before its peers (history, matching) are there. */
function isStarting(error: unknown): boolean {
  const code = grpcCode(error);
  return code === grpcStatus.unavailable || code === grpcStatus.deadlineExceeded;
}
