import { notifierRules } from "../../values/rules/csghub-notifier-rules.ts";
import { hubMail } from "../groups/hub-mail.ts";
import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";

/** Messages to people. */
export const notifier = hubComponent({
  id: "csghub-notifier",
  key: "notifier",
  aliases: ["notifier"],
  title: { en: "Hub notifier", zh: "通知服务" },
  purpose: { en: "Messages to people", zh: "向用户发送消息" },
  leastMemory: 64,
  command: ["notification", "launch"],
  port: hubPorts.notifier,
  settings: hubMail,
  rules: notifierRules,
  uses: ["redis", "nats", "temporal"],
});
