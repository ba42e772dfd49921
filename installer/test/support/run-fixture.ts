/**
 * Installs the fixture in a process of its own, so that tests can kill it: `node run-fixture.ts '<FixtureRequest as JSON>'`. A request with `act` takes it
 * to another version, or back.
 */
import type { ActionPorts } from "../../src/actions/context.ts";
import { exitStatusOf } from "../../src/errors/exit-codes.ts";
import { InstallerError } from "../../src/errors/installer-error.ts";
import { undoUpgrade } from "../../src/actions/upgrade/undo-upgrade.ts";
import { fixturePorts, type FixtureRequest, installFixture, upgradeFixture } from "./fixture-install.ts";

const interrupt = new AbortController();
process.once("SIGINT", () => {
  process.stderr.write("SIGINT\n");
  interrupt.abort();
});
const request = JSON.parse(process.argv[2] ?? "") as FixtureRequest;

function act(ports: ActionPorts): Promise<unknown> {
  const { version = "" } = request;
  if (request.act === "upgrade") return upgradeFixture({ ...request, version }, ports);
  return request.act === "undo" ? undoUpgrade(request, ports) : installFixture(request, ports);
}

const ports = fixturePorts({
  signal: interrupt.signal,
  report: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});
try {
  process.stdout.write(JSON.stringify(await act(ports)));
} catch (error) {
  const known = error instanceof InstallerError;
  process.stderr.write(
    `${known ? JSON.stringify({ code: error.code, message: error.message, hint: error.hint, details: error.details }) : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = known ? exitStatusOf(error.code) : 1;
}
