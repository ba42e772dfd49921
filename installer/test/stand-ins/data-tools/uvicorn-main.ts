/** A stand-in for the server of dataflow in the tests of Slipway. Never part of an install. */
import { start } from "./start.ts";
import { dataflow } from "./tools.ts";

void start(dataflow);
