import { hubComponent } from "../groups/hub-program.ts";

/** Does the hub's long-running work. */
export const temporalWorker = hubComponent({
  id: "csghub-temporal-worker",
  key: "temporalWorker",
  aliases: ["temporal-worker"],
  title: { en: "Workflow worker", zh: "工作流执行器" },
  purpose: { en: "Does the hub's long-running work", zh: "执行长时间任务" },
  leastMemory: 64,
  command: ["temporal-worker", "launch"],
  uses: ["redis", "nats", "temporal", "gitaly", "objects", "signIn"],
});
