import type { Plan } from "../../plan/model.ts";
import type { FileGenerators } from "../addresses.ts";
import { landingStyle, type Progress, renderLandingPage } from "./landing-page.ts";

/** The files of the platform's page, the same on every target. */
export const pageFiles: Pick<FileGenerators, "landing-page" | "landing-style"> = {
  "landing-page": ({ plan }, { language }) => renderLandingPage(plan, language),
  "landing-style": () => landingStyle(),
};

/** The page as notices, by the names that its server looks for. */
export function pageNotices(plan: Plan, progress: Progress): ReadonlyMap<string, string> {
  return new Map(
    (["en", "zh"] as const).map((language) => [`${language}.html`, renderLandingPage(plan, language, progress)]),
  );
}
