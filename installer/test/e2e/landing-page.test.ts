/** The landing page in a real browser, served as the platform serves it: same files, same content security policy. */
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { landingStyle, renderLandingPage } from "../../src/render/config-files/landing-page.ts";
import { infraPlan } from "../support/infra-plan.ts";

const policy =
  "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let server: Server;
let origin: string;
let browser: Browser;

beforeAll(async () => {
  const plan = infraPlan();
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    "/": ["text/html", renderLandingPage(plan, "en")],
    "/zh/": ["text/html", renderLandingPage(plan, "zh")],
    "/style.css": ["text/css", landingStyle()],
  };
  server = createServer((request, response) => {
    const file = files[request.url ?? ""];
    response.writeHead(file === undefined ? 404 : 200, {
      "content-type": `${file?.[0] ?? "text/plain"}; charset=utf-8`,
      "content-security-policy": policy,
    });
    response.end(file?.[1] ?? "not found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  origin = `http://127.0.0.1:${address.port}`;
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error("chromium is not installed (Debian, Ubuntu: apt-get install chromium)");
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Look {
  readonly path?: string;
  readonly colorScheme?: "light" | "dark";
  readonly width?: number;
}

/** Opens the page, hands it over, and then insists that nothing left the origin and nothing was complained about. */
async function withPage(look: Look, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({
    colorScheme: look.colorScheme ?? "light",
    viewport: { width: look.width ?? 1280, height: 800 },
  });
  const foreign: string[] = [];
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) foreign.push(url);
    });
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    await page.goto(origin + (look.path ?? "/"), { waitUntil: "load" });
    await use(page);
  } finally {
    await context.close();
  }
  expect(foreign).toEqual([]);
  expect(complaints).toEqual([]);
}

interface Contrast {
  readonly text: string;
  readonly ratio: number;
  readonly wanted: number;
}

/** Contrast of every visible text with what lies behind it, by the formula of WCAG 2. */
async function contrasts(page: Page): Promise<readonly Contrast[]> {
  // A string, because it runs in the page: the types of a browser are not those of this program.
  return page.evaluate<readonly Contrast[]>(`(() => {
    const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
    const luminance = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map((v) => { const c = v / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = (element) => {
      for (let node = element; node !== null; node = node.parentElement) {
        const color = parse(getComputedStyle(node).backgroundColor);
        if (color.length === 3 || color[3] === 1) return color;
        if (color[3] !== 0) throw new Error("half transparent background");
      }
      return [255, 255, 255];
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      if (node.textContent.trim() === "") continue;
      const style = getComputedStyle(node.parentElement);
      const [one, other] = [luminance(parse(style.color)), luminance(behind(node.parentElement))];
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      found.push({ text: node.textContent.trim(), ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), wanted: large ? 3 : 4.5 });
    }
    return found;
  })()`);
}

describe("the landing page", () => {
  it("has a title and one heading, and switches between English and Chinese and back", async () => {
    await withPage({}, async (page) => {
      expect(await page.title()).toBe("Slipway · localhost");
      expect(await page.locator("h1").allTextContents()).toEqual(["The groundwork of your platform is in place."]);
      expect(await page.locator("html").getAttribute("lang")).toBe("en");
      await page.getByRole("link", { name: "中文" }).click();
      expect(new URL(page.url()).pathname).toBe("/zh/");
      expect(await page.locator("html").getAttribute("lang")).toBe("zh-CN");
      expect(await page.locator("h1").allTextContents()).toEqual(["平台的基础设施已就位。"]);
      await page.getByRole("link", { name: "English" }).click();
      expect(new URL(page.url()).pathname).toBe("/");
    });
  });

  it("is styled by its style sheet in spite of the content security policy, light and dark", async () => {
    const background = async (colorScheme: "light" | "dark"): Promise<string> => {
      let color = "";
      await withPage({ colorScheme }, async (page) => {
        color = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
      });
      return color;
    };
    expect(await background("light")).toBe("rgb(250, 249, 246)");
    expect(await background("dark")).toBe("rgb(14, 20, 24)");
  });

  it.each([
    ["/", "light"],
    ["/", "dark"],
    ["/zh/", "light"],
    ["/zh/", "dark"],
  ] as const)("has enough contrast everywhere: %s %s", async (path, colorScheme) => {
    await withPage({ path, colorScheme }, async (page) => {
      const all = await contrasts(page);
      expect(all.length).toBeGreaterThan(40);
      expect(all.filter(({ ratio, wanted }) => ratio < wanted)).toEqual([]);
    });
  });

  it.each([320, 360, 768, 1920])("needs no scrolling sideways at %i pixels", async (width) => {
    for (const path of ["/", "/zh/"])
      await withPage({ path, width }, async (page) => {
        expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      });
  });

  it("has landmarks, headings in order, and names for what can be followed", async () => {
    await withPage({}, async (page) => {
      for (const role of ["banner", "main", "navigation", "contentinfo"] as const)
        expect(await page.getByRole(role).count(), role).toBe(1);
      const levels = await page.evaluate<number[]>(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))",
      );
      expect(levels[0]).toBe(1);
      levels.forEach((level, index) => expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1));
      for (const link of await page.getByRole("link").all()) expect((await link.textContent())?.trim()).not.toBe("");
      const ids = await page.evaluate<string[]>("[...document.querySelectorAll('[id]')].map((element) => element.id)");
      expect(new Set(ids).size).toBe(ids.length);
      expect(await page.getByRole("region").count()).toBe(4);
    });
  });

  it("is walked through by keyboard, each stop visibly marked, beginning with a way past the header", async () => {
    await withPage({}, async (page) => {
      await page.keyboard.press("Tab");
      expect(await page.evaluate<string>("document.activeElement.textContent")).toBe("Skip to content");
      const links = await page.getByRole("link").count();
      for (let stop = 1; stop < links; stop++) {
        await page.keyboard.press("Tab");
        const outline = await page.evaluate<string>(
          "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName",
        );
        expect(outline).toBe("solidA");
      }
    });
  });
});
