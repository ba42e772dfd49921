import { renderCommandsPage } from "../../installer/src/cli/docs/commands-page.ts";
import { describeProgram } from "../../installer/src/cli/docs/describe-program.ts";
import { renderErrorCodesPage } from "../../installer/src/cli/docs/error-codes-page.ts";
import type { Generator } from "./generated-file.ts";

/** The pages about commands and exit codes, made from the program itself. */
export const generateCliDocs: Generator = async () => [
  { path: "docs/commands.md", contents: renderCommandsPage(await describeProgram()) },
  { path: "docs/error-codes.md", contents: renderErrorCodesPage() },
];
