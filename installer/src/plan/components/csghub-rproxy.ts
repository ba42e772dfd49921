import type { Parts, PlanContext } from "../define.ts";
import { hubComponent } from "../groups/hub-program.ts";
import { hubPorts } from "../groups/hub-file.ts";
import { verifyCaFile } from "../groups/public-address.ts";
import type { Route } from "../model.ts";
import { endpoint } from "../text.ts";
import { exampleName } from "../../values/host-names.ts";
import { rproxyRules } from "../../values/rules/csghub-rproxy-rules.ts";

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
  rules: rproxyRules,
  more: (context) => byName(context) ?? { routes: [byPath] },
});

/** Applications answer word by word, and some talk over WebSockets for hours. */
const toApplications = { kind: "proxy", to: "csghub-rproxy.http", timeoutSeconds: 3600, streaming: true } as const;

const byPath: Route = {
  id: "applications",
  listener: "main",
  match: { kind: "prefix", path: "/endpoint/" },
  action: toApplications,
};

/** Where applications have names of their own, these lead to the proxy and to nothing else of the platform. */
function byName(context: PlanContext): Parts | undefined {
  const { apps } = context.addressing;
  if (apps === undefined) return undefined;
  const { id, host, url } = apps;
  return {
    routes: [
      byPath,
      { id: "applications-by-name", listener: id, match: { kind: "prefix", path: "/" }, action: toApplications },
    ],
    wires: [
      {
        id: "applications-by-name",
        from: "browser",
        to: `gateway.${id}`,
        expectation: `every name of ${host} leads to the application proxy`,
        check: {
          kind: "route",
          url: `${url.replace(host, exampleName(host))}/healthz`,
          ...verifyCaFile(context),
          // Names below a wildcard are known to no DNS inside.
          resolve: endpoint(`gateway.${id}`, "hostPort"),
          expectStatus: 200,
        },
      },
    ],
  };
}
