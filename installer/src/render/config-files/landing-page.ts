import type { Component, Plan, Zone } from "../../plan/model.ts";
import { landingPageStyle } from "../templates.generated.ts";
import { escapeTexts } from "./escape-texts.ts";
import { type Words, wordsOf } from "./landing-page-words.ts";
import { fillLandingPage } from "./templates.ts";

type Language = "en" | "zh";

/** The page at the platform's root: what is installed, where it is reached and how to sign in, in one language. */
export function renderLandingPage(plan: Plan, language: Language): string {
  const words = wordsOf(language);
  return fillLandingPage(
    escapeTexts({
      tag: language === "en" ? "en" : "zh-CN",
      words,
      domain: plan.settings.domain,
      install: plan.install,
      lead: words.lead(plan.components.filter((component) => component.presence === "embedded").length),
      links: links(plan, language),
      ...signIn(plan, words, language),
      ownAuthority: plan.settings.tls === "self-signed",
      zones: zones(plan, words, language),
    }),
  );
}

/** The page's style sheet; both languages share it. */
export function landingStyle(): string {
  return landingPageStyle;
}

function links(plan: Plan, language: Language) {
  // The page itself is not among the addresses: who reads it is there already.
  return plan.components
    .filter((component) => component.role !== "page" && component.presence !== "off")
    .flatMap((component) => component.links)
    .map(({ title, url }) => ({ title: title[language], url, opens: /^https?:\/\//.test(url) }));
}

function signIn(plan: Plan, words: Words, language: Language) {
  const login = plan.components.find((component) => component.role === "sign-in");
  const others = plan.components.filter(
    (component) => component.role !== "sign-in" && component.presence === "embedded",
  );
  return {
    login: login?.presence === "embedded" ? login.firstPassword : undefined,
    noLogin: login?.presence === "external" ? words.externalLogin : words.noLogin,
    accounts: others.flatMap(({ title, firstPassword }) =>
      firstPassword === undefined ? [] : [{ title: title[language], ...firstPassword }],
    ),
  };
}

const zoneOrder: readonly Zone[] = ["edge", "app", "data"];

function zones(plan: Plan, words: Words, language: Language) {
  return zoneOrder
    .map((zone) => ({
      title: words.zones[zone],
      members: plan.components
        .filter((component) => component.zone === zone)
        .toSorted(byPresence)
        .map(({ presence, title, purpose }) => ({
          presence,
          badge: words.presence[presence],
          title: title[language],
          purpose: purpose[language],
        })),
    }))
    .filter(({ members }) => members.length > 0);
}

const presenceOrder = { embedded: 0, external: 1, off: 2 } as const;

function byPresence(one: Component, other: Component): number {
  return presenceOrder[one.presence] - presenceOrder[other.presence];
}
