/** A stand-in for the hub's binary in the tests of Slipway: the same commands, settings and tables, and the same refusals. Never part of an install. */
import { enter, live } from "./enter.ts";
import { runHub } from "./hub.ts";
import { hubCommands } from "./programs.ts";
import { reachOf } from "./reach.ts";

const environment = process.env;

void enter({
  commands: hubCommands,
  options: ["log-level", "log-format", "config"],
  words: process.argv.slice(2),
  run: (path, flags, log) => runHub(path, flags, { environment, reach: reachOf(), log }),
  write: console.log,
  complain: console.error,
}).then(live);
