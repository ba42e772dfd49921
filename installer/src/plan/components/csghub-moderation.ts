import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** Checks what people publish; it asks services outside, so it is off unless asked for. */
export const moderation = hubComponent({
  id: "csghub-moderation",
  key: "moderation",
  aliases: ["moderation"],
  title: { en: "Moderation", zh: "内容审核" },
  purpose: { en: "Checks what people publish", zh: "审核发布内容" },
  leastMemory: 128,
  extra: true,
  command: ["moderation", "launch"],
  port: hubPorts.moderation,
  readyPath: "/healthz",
  uses: ["redis", "temporal", "gitaly", "objects"],
  // It ends at once where this is false, as it is for all others.
  settings: () => ({ env: { STARHUB_SERVER_SENSITIVE_CHECK_ENABLE: "true" } }),
});
