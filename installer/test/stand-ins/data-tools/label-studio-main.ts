/** A stand-in for Label Studio in the tests of Slipway. Never part of an install. */
import { start } from "./start.ts";
import { labelStudio } from "./tools.ts";

void start(labelStudio);
