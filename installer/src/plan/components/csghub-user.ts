import { hubComponent } from "../groups/hub-program.ts";
import { workersWire } from "../groups/hub-workers.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** People, their tokens and sign-in. */
export const user = hubComponent({
  id: "csghub-user",
  key: "user",
  aliases: ["user"],
  title: { en: "Hub users", zh: "用户服务" },
  purpose: { en: "People, their tokens and sign-in", zh: "用户、令牌与登录" },
  leastMemory: 64,
  growth: { memoryPerUser: 1 },
  command: ["user", "launch"],
  port: hubPorts.user,
  uses: ["redis", "temporal", "gitaly", "signIn"],
  more: (context) => ({ wires: [workersWire(context, "csghub-user", ["workflow_user_deletion_queue"])] }),
});
