import { live } from "../hub/enter.ts";
import { openLog } from "../hub/log.ts";
import { StartRefusal } from "../hub/start-refusal.ts";
import { runDataTool } from "./run-data-tool.ts";
import type { DataTool } from "./tools.ts";

/** Runs the stand-in of a program with what the process was given; a refusal is one line, with exit status 1. */
export async function start(tool: DataTool): Promise<void> {
  const log = openLog("json", console.log);
  log(`this is Slipway's stand-in for ${tool.name}, made for tests`);
  try {
    live({ close: await runDataTool(tool, process.argv.slice(2), process.env, log) });
  } catch (error) {
    const text = error instanceof StartRefusal ? error.message : String((error as Error).stack);
    console.error(`Error: ${text}`);
    process.exit(1);
  }
}
