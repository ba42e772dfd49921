import { installCommand } from "../../plan/install-command.ts";
import type { Component, Plan, Zone } from "../../plan/model.ts";
import { landingPageStyle } from "../templates.generated.ts";
import { escapeTexts } from "./escape-texts.ts";
import { type Pending, type Words, wordsOf } from "./landing-page-words.ts";
import { fillLandingPage } from "./templates.ts";

type Language = "en" | "zh";

/** How often a browser looks again while something is coming. */
const refreshSeconds = 5;

/** How far a run has come that has not ended well yet. */
export interface Progress {
  /** Components that do not serve; none where a run ended badly all the same. */
  readonly pending: ReadonlyMap<string, Pending>;
  /** When this was so. */
  readonly at: Date;
  /** The run has ended, and nobody goes on until it is started again. */
  readonly stopped: boolean;
}

/**
 * The page at the platform's root: what is installed, where it is reached and how to sign in, in one language. With `progress` it says
 * what is still coming instead, and asks the browser to look again.
 */
export function renderLandingPage(plan: Plan, language: Language, progress?: Progress): string {
  const words = wordsOf(language);
  const installed = plan.components.filter((component) => component.presence === "embedded").length;
  return fillLandingPage(
    escapeTexts({
      tag: language === "en" ? "en" : "zh-CN",
      words,
      domain: plan.settings.domain,
      install: plan.install,
      ...head(plan, words, installed, progress),
      links: links(plan, language, progress).map((link) => ({ ...link, badge: badgeOf(words, link) })),
      ...signIn(plan, words, language),
      commands: words.commandList.map(({ words: command, meaning }) => ({ command: typed(plan, command), meaning })),
      exportAuthority:
        plan.settings.tls === "self-signed" ? typed(plan, `ca export --out ${authorityFile(plan)}`) : undefined,
      zones: zones(plan, words, language, progress),
    }),
  );
}

/** Several installs may be on one host: a command says which it means. */
function typed({ install }: Plan, words: string): string {
  return installCommand(install.name, words);
}

function authorityFile({ install }: Plan): string {
  return `${install.name}-ca.crt`;
}

function head(plan: Plan, words: Words, installed: number, progress: Progress | undefined) {
  if (progress === undefined) return { heading: words.heading, lead: words.lead(installed), note: words.staticNote };
  const { pending, at, stopped } = progress;
  const told = stopped ? words.stopped : words.coming;
  return {
    heading: told.heading,
    lead: told.lead(installed - pending.size, installed, typed(plan, "status")),
    note: words.asOf(`${at.toISOString().slice(0, 19).replace("T", " ")} UTC`),
    refreshSeconds: stopped ? undefined : refreshSeconds,
  };
}

/** The page's style sheet; both languages share it. */
export function landingStyle(): string {
  return landingPageStyle;
}

function badgeOf(words: Words, { pending }: { readonly pending: Pending | undefined }): string | undefined {
  return pending === undefined ? undefined : words.pending[pending];
}

function links(plan: Plan, language: Language, progress: Progress | undefined) {
  // The page itself is not among the addresses: who reads it is there already.
  return plan.components
    .filter((component) => component.role !== "page" && component.presence !== "off")
    .flatMap(({ id, links: addresses }) => addresses.map((link) => ({ ...link, pending: progress?.pending.get(id) })))
    .map(({ title, url, pending }) => ({ title: title[language], url, opens: /^https?:\/\//.test(url), pending }));
}

function signIn(plan: Plan, words: Words, language: Language) {
  const login = plan.components.find((component) => component.role === "sign-in");
  const others = plan.components.filter(
    (component) => component.role !== "sign-in" && component.presence === "embedded",
  );
  return {
    login: login?.presence === "embedded" ? accountOf(plan, login, language) : undefined,
    noLogin: login?.presence === "external" ? words.externalLogin : words.noLogin,
    accounts: others.flatMap((component) => accountOf(plan, component, language) ?? []),
  };
}

function accountOf(plan: Plan, { title, firstPassword }: Component, language: Language) {
  if (firstPassword === undefined) return undefined;
  const { user, secret } = firstPassword;
  return { title: title[language], user, show: typed(plan, `secrets show ${secret}`) };
}

const zoneOrder: readonly Zone[] = ["edge", "app", "data"];

function zones(plan: Plan, words: Words, language: Language, progress: Progress | undefined) {
  return zoneOrder
    .map((zone) => ({
      title: words.zones[zone],
      members: plan.components
        .filter((component) => component.zone === zone)
        .toSorted(byPresence)
        .map(({ id, presence, title, purpose }) => {
          const pending = progress?.pending.get(id);
          return {
            state: pending ?? presence,
            badge: pending === undefined ? words.presence[presence] : words.pending[pending],
            title: title[language],
            purpose: purpose[language],
          };
        }),
    }))
    .filter(({ members }) => members.length > 0);
}

const presenceOrder = { embedded: 0, external: 1, off: 2 } as const;

function byPresence(one: Component, other: Component): number {
  return presenceOrder[one.presence] - presenceOrder[other.presence];
}
