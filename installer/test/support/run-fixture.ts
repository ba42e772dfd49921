/** Installs the fixture in a process of its own, so that tests can kill it: `node run-fixture.ts '<FixtureRequest as JSON>'`. */
import { exitStatusOf } from "../../src/errors/exit-codes.ts";
import { InstallerError } from "../../src/errors/installer-error.ts";
import { fixturePorts, type FixtureRequest, installFixture } from "./fixture-install.ts";

const interrupt = new AbortController();
process.once("SIGINT", () => {
  process.stderr.write("SIGINT\n");
  interrupt.abort();
});
const request = JSON.parse(process.argv[2] ?? "") as FixtureRequest;
const ports = fixturePorts({
  signal: interrupt.signal,
  report: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
});
try {
  process.stdout.write(JSON.stringify(await installFixture(request, ports)));
} catch (error) {
  const known = error instanceof InstallerError;
  process.stderr.write(
    `${known ? JSON.stringify({ code: error.code, message: error.message, hint: error.hint, details: error.details }) : String(error instanceof Error ? error.stack : error)}\n`,
  );
  process.exitCode = known ? exitStatusOf(error.code) : 1;
}
