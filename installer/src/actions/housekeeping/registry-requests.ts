import { ApplyError } from "../../errors/installer-error.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Install } from "../../execute/state/install.ts";
import type { CopyAnswer } from "../../targets/target.ts";
import type { HoldPorts } from "../hold/hold-at-gateway.ts";

/** The kernel's table of connections, of both kinds of addresses; the second is not there where IPv6 is off. */
const readConnections = ["/bin/sh", "-c", "cat /proc/net/tcp; cat /proc/net/tcp6 2>/dev/null || true"];
/** A request that the gateway let through just before it held has reached the service by then: it connects within 5 s, or gives up. */
const settleMs = 6000;
const lookAgainMs = 1000;

/** proc_pid_net(5): somebody listens there, or it has ended and is only remembered. */
const withoutRequest: readonly string[] = ["0A", "06"];

/**
 * Waits until every request has ended that a service was at when pushes began to wait. The gateway opens a connection for each, so that one
 * that is new since cannot change anything.
 * @throws ApplyError when some go on for longer than the limit, or a copy cannot tell; InterruptedError
 */
export async function untilEarlierRequestsEnd(
  {
    component,
    port,
    limitSeconds,
  }: { readonly component: string; readonly port: number; readonly limitSeconds: number },
  install: Install,
  { target, clock, signal }: HoldPorts,
): Promise<void> {
  const look = async (): Promise<ReadonlySet<string>> =>
    connectionsTo(port, await target.askCopies(install, component, readConnections));
  await clock.sleep(settleMs, signal).catch(() => undefined);
  const begun = clock.monotonicMs();
  let open = await look();
  while (open.size > 0) {
    throwIfInterrupted(signal, "anything was removed");
    if (clock.monotonicMs() - begun > limitSeconds * 1000) {
      throw new ApplyError(
        `requests that ${component} was at before pushes waited have not ended within ${limitSeconds} s: ${open.size}; nothing was removed`,
        { hint: "run it again when fewer people push and pull, or give it longer with --minutes" },
      );
    }
    await clock.sleep(lookAgainMs, signal).catch(() => undefined);
    const now = await look();
    open = new Set([...open].filter((connection) => now.has(connection)));
  }
  throwIfInterrupted(signal, "anything was removed");
}

function connectionsTo(port: number, copies: readonly CopyAnswer[]): ReadonlySet<string> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return new Set(
    copies.flatMap(({ name, exitCode, lines }) => {
      if (exitCode !== 0) {
        throw new ApplyError(
          `${name} could not say which requests it is at (exit status ${exitCode}); nothing was removed`,
        );
      }
      return lines.flatMap((line) => {
        const [, here = "", there = "", state = ""] = line.trim().split(/\s+/);
        return here.endsWith(local) && !withoutRequest.includes(state) ? [`${name} ${there}`] : [];
      });
    }),
  );
}
