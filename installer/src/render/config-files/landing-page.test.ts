import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import type { Plan } from "../../plan/model.ts";
import { escapeTexts } from "./escape-texts.ts";
import { landingStyle, renderLandingPage } from "./landing-page.ts";

describe("renderLandingPage", () => {
  it("names every component with its purpose, in both languages", () => {
    const plan = infraPlan();
    for (const language of ["en", "zh"] as const) {
      const page = renderLandingPage(plan, language);
      for (const component of plan.components) {
        expect(page).toContain(component.title[language]);
        expect(page).toContain(component.purpose[language]);
      }
    }
  });

  it("has the language of its words and links to the other one", () => {
    const plan = infraPlan();
    expect(renderLandingPage(plan, "en")).toContain('<html lang="en">');
    expect(renderLandingPage(plan, "en")).toContain('<a href="/zh/" lang="zh-CN" hreflang="zh-CN">中文</a>');
    expect(renderLandingPage(plan, "zh")).toContain('<html lang="zh-CN">');
    expect(renderLandingPage(plan, "zh")).toContain('<a href="/" lang="en" hreflang="en">English</a>');
  });

  it("links addresses a browser opens and only shows the others", () => {
    const page = renderLandingPage(infraPlan(["domain=hub.example.com"]), "en");
    expect(page).toContain(
      '<a href="https://casdoor.hub.example.com/login/OpenCSG">https://casdoor.hub.example.com/login/OpenCSG</a>',
    );
    expect(page).toContain("<code>ssh://git@hub.example.com:2222</code>");
    expect(page).not.toContain('href="ssh:');
  });

  it("says how to read the first password, never the password", () => {
    const page = renderLandingPage(infraPlan(), "en");
    expect(page).toContain("<code>slipway secrets show casdoor-root</code>");
    expect(page).toContain("<code>root</code>");
  });

  it("says that no login component is installed when Casdoor is off, and shows it as not installed", () => {
    const page = renderLandingPage(infraPlan(["casdoor.mode=off"]), "en");
    expect(page).toContain("No login component installed.");
    expect(page).not.toContain("casdoor-root");
    expect(page).toMatch(/<li class="off"><p class="name">Casdoor <span class="badge">Not installed<\/span>/);
  });

  it("sends people to the accounts of an external login service", () => {
    const plan = infraPlan();
    const external = changed(plan, "casdoor", { presence: "external" });
    expect(renderLandingPage(external, "en")).toContain("Sign in with an account of the login service");
    expect(renderLandingPage(external, "en")).toContain('<span class="badge">External</span>');
  });

  it("mentions the platform's own authority only where its certificates are used", () => {
    expect(renderLandingPage(infraPlan(["domain=hub.example.com"]), "en")).toContain(
      "<code>slipway ca export --out slipway-ca.crt</code>",
    );
    expect(renderLandingPage(infraPlan(), "en")).not.toContain("slipway ca export");
  });

  it.each(["en", "zh"] as const)("names the install in every command (%s), where it has another name", (language) => {
    const plan = infraPlan(["domain=hub.example.com"]);
    const lab = { ...plan, install: { ...plan.install, name: "lab" } };
    const stopped = { pending: new Map([["redis", "failed" as const]]), at: new Date(0), stopped: true };

    for (const page of [renderLandingPage(lab, language), renderLandingPage(lab, language, stopped)]) {
      const commands = [...page.matchAll(/slipway (?:status|verify|logs|doctor|secrets|ca)[^<；;]*/g)].map(String);
      expect(commands.length).toBeGreaterThan(5);
      expect(commands.filter((command) => !command.includes("--name lab"))).toEqual([]);
    }
    expect(renderLandingPage(lab, language)).toContain("<code>slipway ca export --out lab-ca.crt --name lab</code>");
  });

  it("stands with nothing to reach and nothing to sign in to", () => {
    const plan = infraPlan();
    const bare: Plan = { ...plan, components: plan.components.filter((component) => component.id === "landing-page") };
    const page = renderLandingPage(bare, "en");
    expect(page).toContain("Slipway installed one service here");
    expect(page).toContain("Nothing is reached from outside yet.");
    expect(page).not.toContain("secrets show");
  });

  it("escapes what comes from the plan", () => {
    const hostile = `"><script>alert('&')</script>`;
    const plan = infraPlan();
    const page = renderLandingPage(
      changed(
        { ...plan, install: { ...plan.install, name: hostile }, settings: { ...plan.settings, domain: hostile } },
        "minio",
        {
          title: { en: hostile, zh: hostile },
          links: [{ title: { en: hostile, zh: hostile }, url: `https://a/${hostile}` }],
        },
      ),
      "en",
    );
    expect(page).not.toContain("<script");
    expect(page).toContain("&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;");
  });

  it("does not link a javascript address", () => {
    const page = renderLandingPage(
      changed(infraPlan(), "minio", { links: [{ title: { en: "x", zh: "x" }, url: "javascript:alert(1)" }] }),
      "en",
    );
    expect(page).not.toContain('href="javascript');
  });

  it("needs no inline script or style, asks nobody else for anything, and is small", () => {
    for (const language of ["en", "zh"] as const) {
      const page = renderLandingPage(infraPlan(), language);
      expect(page).not.toMatch(/<script|<style| style=| on[a-z]+=/);
      expect(
        [...page.matchAll(/(?:src|<link[^>]+href)="([^"]+)"/g)]
          .map((match) => match[1])
          .filter((url) => !url?.startsWith("data:")),
      ).toEqual(["/style.css", expect.stringMatching(/^\/(zh\/)?$/)]);
      expect(Buffer.byteLength(page + landingStyle())).toBeLessThan(20_000);
    }
    expect(landingStyle()).not.toMatch(/url\(|@import|@font-face/);
  });

  it("says what is still coming, marks its addresses, and lets the browser look again", () => {
    const plan = infraPlan(["domain=hub.example.com"]);
    const pending = new Map([
      ["casdoor", "coming"],
      ["minio", "starting"],
    ] as const);
    const progress = { pending, at: new Date("2026-11-29T10:20:30.456Z"), stopped: false };
    const [page, chinese] = [renderLandingPage(plan, "en", progress), renderLandingPage(plan, "zh", progress)];
    const all = plan.components.filter(({ presence }) => presence === "embedded").length;

    expect(page).toContain("Your platform is coming up.");
    expect(page).toContain(`${all - 2} of ${all} services serve.`);
    expect(page).toContain('<li class="coming"><p class="name">Casdoor <span class="badge">Still coming</span>');
    expect(page).toMatch(/<li class="starting"><p class="name">[^<]*MinIO[^<]*<span class="badge">Starting<\/span>/);
    expect(page).toMatch(
      /casdoor\.hub\.example\.com\/login\/OpenCSG<\/a> <span class="coming"><span class="badge">Still coming/,
    );
    expect(page).toMatch(/<li class="embedded"><p class="name">PostgreSQL <span class="badge">Installed</);
    expect(page).toContain("As of 2026-11-29 10:20:30 UTC.");
    expect(page).toContain('<meta http-equiv="refresh" content="5">');
    expect(chinese).toContain("平台正在启动。");
    expect(chinese).toContain("等待中");
    expect(renderLandingPage(plan, "en")).not.toContain("http-equiv");
  });

  it("says that a run ended before everything served, and no longer looks again", () => {
    const pending = new Map([["minio", "failed"]] as const);
    const page = renderLandingPage(infraPlan(), "en", { pending, at: new Date(0), stopped: true });

    expect(page).toContain("Your platform is not complete.");
    expect(page).toContain('<span class="badge">Failed</span>');
    expect(page).not.toContain("http-equiv");
  });

  it("claims nothing about the present state", () => {
    const page = renderLandingPage(infraPlan(), "en");
    expect(page).not.toMatch(/healthy|is running|online/i);
    expect(page).toContain("not how it fares now");
  });
});

describe("escapeTexts", () => {
  it("escapes strings wherever they are and leaves everything else", () => {
    expect(escapeTexts({ a: `"'`, b: [1, true, null, undefined, { c: "<&>" }] })).toEqual({
      a: "&quot;&#39;",
      b: [1, true, null, undefined, { c: "&lt;&amp;&gt;" }],
    });
  });
});

function changed(plan: Plan, id: string, changes: Partial<Plan["components"][number]>): Plan {
  return {
    ...plan,
    components: plan.components.map((component) => (component.id === id ? { ...component, ...changes } : component)),
  };
}
