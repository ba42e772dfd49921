import type { Listener, Plan } from "../../plan/model.ts";
import { buildAddressBook } from "../addresses.ts";
import { type DoorsBehind, renderGatewayNginx } from "../config-files/gateway-nginx.ts";
import type { RenderedText } from "../rendered-file.ts";
import { objectName } from "./helm-scope.ts";
import type { HelmListener } from "./helm-values.ts";

/** First port of the doors behind a Gateway of the cluster. */
const firstDoor = 18443;

/**
 * The gateway's configuration. nginx asks the DNS by itself, without the search domains of a pod: what `$inside` is, it learns when it
 * starts.
 */
export function gatewayConfiguration(plan: Plan): RenderedText {
  const book = buildAddressBook(plan, ({ id }) => `${objectName(plan, id)}$inside`);
  return renderGatewayNginx(plan, book, doorsBehind(plan));
}

/** Where a Gateway of the cluster, at which TLS ends, hands requests on: a port without TLS for each that has it. */
export function doorsBehind(plan: Plan): DoorsBehind | undefined {
  const { gatewayClass } = plan.settings.cluster;
  if (gatewayClass.name === "") return undefined;
  const secured = [...new Set(plan.listeners.filter(({ tls }) => tls).map(({ port }) => port))];
  const taken = new Set(plan.listeners.map(({ port }) => port));
  const free = Array.from({ length: secured.length + taken.size }, (_, at) => firstDoor + at).filter(
    (port) => !taken.has(port),
  );
  return {
    ports: new Map(secured.map((port, at) => [port, free[at] ?? firstDoor])),
    trusted: gatewayClass.addresses,
  };
}

/** What a Gateway of the cluster listens on, and the port of the platform's own gateway that it leads to. */
export function helmListeners(plan: Plan): readonly HelmListener[] {
  const doors = doorsBehind(plan);
  return plan.listeners.map((listener) => ({
    id: listener.id,
    ...(isName(listener.host) ? { hostname: listener.host } : {}),
    port: listener.publicPort,
    tls: listener.tls,
    backendPort: backendPort(listener, doors),
  }));
}

function backendPort({ port, tls }: Listener, doors: DoorsBehind | undefined): number {
  return (tls ? doors?.ports.get(port) : undefined) ?? port;
}

/** Gateway API has no listener for an IP address. */
function isName(host: string): boolean {
  return !/^[\d.]+$/.test(host) && !host.includes(":") && host !== "localhost";
}

/** Public names that lead to the gateway from inside, too. No resolver knows wildcards by a list of hosts. */
export function publicNames(plan: Plan): readonly string[] {
  return [...new Set(plan.listeners.map(({ host }) => host))]
    .filter((host) => isName(host) && !host.includes("*"))
    .sort();
}
