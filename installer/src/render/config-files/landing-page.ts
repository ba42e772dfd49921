import type { Plan } from "../../plan/model.ts";

/** The page at the platform's root: what runs here and where. */
export function renderLandingPage(plan: Plan, language: "en" | "zh"): string {
  const rows = plan.components
    .filter((component) => component.presence !== "off")
    .map((component) => `<li>${component.title[language]}: ${component.purpose[language]}</li>`);
  return `<!doctype html>\n<html lang="${language}">\n<head><meta charset="utf-8"><title>Slipway</title></head>\n<body><h1>Slipway</h1><ul>\n${rows.join("\n")}\n</ul></body>\n</html>\n`;
}

/** The page's style sheet. */
export function landingStyle(): string {
  return "body { font-family: sans-serif; }\n";
}
