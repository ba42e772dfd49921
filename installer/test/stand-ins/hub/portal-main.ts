/** A stand-in for the portal's binary in the tests of Slipway. Never part of an install. */
import { enter, live } from "./enter.ts";
import { runPortal } from "./portal.ts";
import { portalCommands } from "./programs.ts";

void enter({
  commands: portalCommands,
  options: ["log-level", "log-format"],
  words: process.argv.slice(2),
  run: (path, _, log) => runPortal(path, process.env, log),
  write: console.log,
  complain: console.error,
}).then(live);
