/** Takes a picture of a page: `node scripts/screenshot.ts URL OUT.png [--dark] [--lang zh] [--width 1280] [--full]`. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dark: { type: "boolean", default: false },
    lang: { type: "string", default: "en" },
    width: { type: "string", default: "1280" },
    height: { type: "string", default: "800" },
    full: { type: "boolean", default: false },
  },
});
const [url, out] = positionals;
if (url === undefined || out === undefined) {
  console.error("usage: screenshot.ts URL OUT.png [--dark] [--lang en|zh] [--width N] [--height N] [--full]");
  process.exit(2);
}
const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
if (executablePath === undefined) {
  console.error("chromium is not installed (Debian, Ubuntu: apt-get install chromium)");
  process.exit(7);
}
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({
    colorScheme: values.dark ? "dark" : "light",
    locale: values.lang === "zh" ? "zh-CN" : "en-US",
    viewport: { width: Number(values.width), height: Number(values.height) },
    deviceScaleFactor: 2,
    ignoreHTTPSErrors: true,
  });
  await page.goto(values.lang === "zh" ? new URL("/zh/", url).href : url, { waitUntil: "load" });
  await page.screenshot({ path: out, fullPage: values.full });
} finally {
  await browser.close();
}
