import type { PlanContext } from "../define.ts";
import { hubComponent } from "../groups/hub-program.ts";
import { workersWire } from "../groups/hub-workers.ts";
import type { Probe } from "../model.ts";

/** Does the hub's long-running work. */
export const temporalWorker = hubComponent({
  id: "csghub-temporal-worker",
  key: "temporalWorker",
  aliases: ["temporal-worker"],
  title: { en: "Workflow worker", zh: "工作流执行器" },
  purpose: { en: "Does the hub's long-running work", zh: "执行长时间任务" },
  leastMemory: 64,
  command: ["temporal-worker", "launch"],
  ready: isConnected,
  uses: ["redis", "nats", "temporal", "gitaly", "objects", "signIn"],
  more: (context) => ({
    wires: [workersWire(context, "csghub-temporal-worker", ["workflow_handle_push_queue", "workflow_cron_queue"])],
  }),
});

/** It listens nowhere. That it works is seen by a connection to Temporal that stands (`01` in the kernel's table, ports in hexadecimal digits). */
function isConnected({ values }: PlanContext): Probe {
  const { mode, external } = values.temporal;
  const port = (mode === "external" ? external.port : 7233).toString(16).toUpperCase().padStart(4, "0");
  return { kind: "exec", command: ["grep", "-q", `:${port} 01 `, "/proc/net/tcp"] };
}
