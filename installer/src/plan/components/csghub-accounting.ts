import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** Counts what people use. */
export const accounting = hubComponent({
  id: "csghub-accounting",
  key: "accounting",
  aliases: ["accounting"],
  title: { en: "Hub accounting", zh: "计量服务" },
  purpose: { en: "Counts what people use", zh: "用量统计" },
  leastMemory: 64,
  command: ["accounting", "launch"],
  port: hubPorts.accounting,
  uses: ["redis", "nats"],
});
