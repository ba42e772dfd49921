import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";
import type { Route } from "../model.ts";

/** The way to people's applications. */
export const rproxy = hubComponent({
  id: "csghub-rproxy",
  key: "rproxy",
  aliases: ["rproxy"],
  title: { en: "Application proxy", zh: "应用代理" },
  purpose: { en: "The way to people's applications", zh: "访问用户应用" },
  leastMemory: 64,
  command: ["start", "rproxy"],
  port: hubPorts.rproxy,
  readyPath: "/healthz",
  uses: ["redis", "nats", "gitaly", "session"],
  more: () => ({ routes }),
});

/** Applications answer word by word, and some talk over WebSockets for hours. */
const routes: readonly Route[] = [
  {
    id: "applications",
    listener: "main",
    match: { kind: "prefix", path: "/endpoint/" },
    action: { kind: "proxy", to: "csghub-rproxy.http", timeoutSeconds: 3600, streaming: true },
  },
];
