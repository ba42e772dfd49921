import type { FileGenerators } from "../addresses.ts";
import { landingStyle, renderLandingPage } from "./landing-page.ts";

/** The files of the platform's page, the same on every target. */
export const pageFiles: Pick<FileGenerators, "landing-page" | "landing-style"> = {
  "landing-page": ({ plan }, { language }) => renderLandingPage(plan, language),
  "landing-style": () => landingStyle(),
};
