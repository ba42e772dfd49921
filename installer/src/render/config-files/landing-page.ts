import type { Component, Link, Plan, Zone } from "../../plan/model.ts";
import { templates } from "../templates.generated.ts";
import { html, type SafeHtml } from "./landing-page-html.ts";
import { type Words, wordsOf } from "./landing-page-words.ts";

type Language = "en" | "zh";

/** The platform's own page is not listed among its addresses: who reads it is there already. */
const ownComponent = "landing-page";

/** The component people sign in with. */
const loginComponent = "casdoor";

/** The page at the platform's root: what is installed, where it is reached and how to sign in, in one language. */
export function renderLandingPage(plan: Plan, language: Language): string {
  const words = wordsOf(language);
  return `${
    html`<!doctype html>
<html lang="${language === "en" ? "en" : "zh-CN"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<meta name="description" content="${words.description}">
<title>${titleOf(plan, words)}</title>
<link rel="icon" href="data:image/svg+xml,${iconUrl}">
<link rel="stylesheet" href="/style.css">
<link rel="alternate" hreflang="${words.otherLanguage.tag}" href="${words.otherLanguage.path}">
</head>
<body>
<a class="skip" href="#main">${words.skip}</a>
<header class="top">
<p class="brand">${mark}<span>Slipway</span></p>
<nav><a href="${words.otherLanguage.path}" lang="${words.otherLanguage.tag}" hreflang="${words.otherLanguage.tag}">${words.otherLanguage.name}</a></nav>
</header>
<main id="main">
<div class="hero">
<h1>${words.heading}</h1>
<p class="lead">${words.lead(plan.components.filter((component) => component.presence === "embedded").length)}</p>
</div>
<div class="pair">
${addresses(plan, words, language)}
${firstSignIn(plan, words, language)}
</div>
${components(plan, words, language)}
${commands(words)}
</main>
<footer>
<p>Slipway ${plan.install.version} · ${words.profile} ${plan.install.profile} · ${words.install} ${plan.install.name}</p>
<p>${words.staticNote}</p>
</footer>
</body>
</html>`.html
  }\n`;
}

/** The page's style sheet; both languages share it. */
export function landingStyle(): string {
  return templates.landingPageStyle;
}

function titleOf(plan: Plan, words: Words): string {
  return `${words.title} · ${plan.settings.domain}`;
}

function addresses(plan: Plan, words: Words, language: Language): SafeHtml {
  const links = plan.components
    .filter((component) => component.id !== ownComponent && component.presence !== "off")
    .flatMap((component) => component.links);
  const rows = links.map(
    (link) => html`<div><dt>${link.title[language]}</dt><dd>${address(link)}</dd></div>
`,
  );
  return html`<section aria-labelledby="addresses">
<h2 id="addresses">${words.addresses}</h2>
${
  rows.length === 0
    ? html`<p>${words.noAddresses}</p>`
    : html`<p>${words.addressesNote}</p>
<dl class="addresses">
${rows}</dl>`
}
</section>`;
}

/** Only what a browser can open is a link; an SSH address is there to be copied. */
function address(link: Link): SafeHtml {
  return /^https?:\/\//.test(link.url) ? html`<a href="${link.url}">${link.url}</a>` : html`<code>${link.url}</code>`;
}

function firstSignIn(plan: Plan, words: Words, language: Language): SafeHtml {
  const others = plan.components.filter(
    (component) => component.id !== loginComponent && component.presence === "embedded",
  );
  return html`<section aria-labelledby="first-sign-in">
<h2 id="first-sign-in">${words.firstSignIn}</h2>
${login(plan, words)}
${others.flatMap((component) =>
  component.firstPassword === undefined
    ? []
    : html`<h3>${component.title[language]}</h3>
${account(component.firstPassword, words)}
`,
)}${
  plan.settings.tls === "self-signed"
    ? html`<p class="note">${words.authority} <code>slipway ca export</code></p>
`
    : html``
}</section>`;
}

function login(plan: Plan, words: Words): SafeHtml {
  const component = plan.components.find((candidate) => candidate.id === loginComponent);
  if (component?.presence === "external") return html`<p>${words.externalLogin}</p>`;
  if (component?.presence !== "embedded" || component.firstPassword === undefined) return html`<p>${words.noLogin}</p>`;
  return html`${account(component.firstPassword, words)}
<p class="note">${words.whereToRun}</p>`;
}

function account(first: NonNullable<Component["firstPassword"]>, words: Words): SafeHtml {
  return html`<dl class="account">
<div><dt>${words.user}</dt><dd><code>${first.user}</code></dd></div>
<div><dt>${words.passwordBy}</dt><dd><code>slipway secrets show ${first.secret}</code></dd></div>
</dl>`;
}

const zones: readonly Zone[] = ["edge", "app", "data"];

function components(plan: Plan, words: Words, language: Language): SafeHtml {
  const groups = zones
    .map((zone) => ({
      zone,
      members: plan.components.filter((component) => component.zone === zone).toSorted(byPresence),
    }))
    .filter(({ members }) => members.length > 0);
  return html`<section aria-labelledby="components">
<h2 id="components">${words.components}</h2>
<div class="zones">
${groups.map(
  ({ zone, members }) => html`<div class="zone">
<h3>${words.zones[zone]}</h3>
<ul>
${members.map((component) => entry(component, words, language))}</ul>
</div>
`,
)}</div>
</section>`;
}

const order = { embedded: 0, external: 1, off: 2 } as const;

function byPresence(one: Component, other: Component): number {
  return order[one.presence] - order[other.presence];
}

function entry(component: Component, words: Words, language: Language): SafeHtml {
  return html`<li class="${component.presence}"><p class="name">${component.title[language]} <span class="badge">${words.presence[component.presence]}</span></p><p>${component.purpose[language]}</p></li>
`;
}

function commands(words: Words): SafeHtml {
  return html`<section aria-labelledby="commands">
<h2 id="commands">${words.commands}</h2>
<dl class="commands">
${words.commandList.map(
  ({ command, meaning }) => html`<div><dt><code>${command}</code></dt><dd>${meaning}</dd></div>
`,
)}</dl>
<p class="note">${words.docs}</p>
</section>`;
}

/** A hull on its way down a slip. */
const mark = html`<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false"><path class="hull" d="M5 9.5 26.5 15c-.9 4.6-4.6 7-9.2 5.9l-6.6-1.7C7 18.2 4.7 14.3 5 9.5z"/><path class="slip" d="M3 20.5 29 27.2"/></svg>`;

const iconUrl = encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b5d66"/><path fill="#fff" d="M6 9.500 26 14.600c-.9 4.200-4.300 6.300-8.500 5.200l-6.200-1.600C7.900 17.300 5.700 13.900 6 9.500z"/><path stroke="#fff" stroke-width="2" stroke-linecap="round" d="M5 20.600 27 26.300"/></svg>',
);
