/** The style of the landing page: no request leaves the platform for it, so it uses the fonts that are there. */
export const stylesheet = `:root {
  color-scheme: light dark;
  --paper: #faf9f6;
  --sheet: #fff;
  --ink: #17222b;
  --soft: #51606c;
  --line: #e2e2dc;
  --accent: #0b5d66;
  --wash: #e5f0ef;
  --outside: #6b4a08;
  --outside-wash: #f7edd6;
  --quiet-wash: #ecece7;
  font: 16px/1.6 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0e1418;
    --sheet: #151d22;
    --ink: #e7ebee;
    --soft: #a3b0ba;
    --line: #27323a;
    --accent: #79cdc9;
    --wash: #173234;
    --outside: #e8c883;
    --outside-wash: #352b14;
    --quiet-wash: #222b31;
  }
}
* { box-sizing: border-box; margin: 0; }
html { -webkit-text-size-adjust: 100%; }
body { background: var(--paper); color: var(--ink); min-height: 100vh; overflow-wrap: anywhere; }
.top, main, footer { max-width: 68rem; margin-inline: auto; padding-inline: clamp(1.125rem, 4vw, 2.5rem); }
a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .2em; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--sheet); padding: .5rem 1rem; }
.skip:focus { top: 1rem; }
.top { display: flex; align-items: center; justify-content: space-between; padding-block: 1.5rem; }
.top nav a { display: inline-block; padding: .375rem .25rem; }
.brand { display: flex; align-items: center; gap: .625rem; font-weight: 650; letter-spacing: .01em; }
.hull { fill: var(--accent); }
.slip { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linecap: round; }
.hero { padding-block: clamp(1.75rem, 5vw, 3.25rem) clamp(2rem, 5vw, 3rem); max-width: 44rem; }
h1 { font-size: clamp(1.9rem, 5.2vw, 3rem); line-height: 1.15; font-weight: 650; letter-spacing: -.02em; text-wrap: balance; }
:lang(zh) h1 { letter-spacing: 0; line-height: 1.3; }
.lead { margin-top: 1.125rem; font-size: 1.125rem; color: var(--soft); text-wrap: pretty; }
.pair { display: grid; align-items: start; gap: 1.25rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.pair section { background: var(--sheet); border: 1px solid var(--line); border-radius: 14px; padding: clamp(1.25rem, 3vw, 1.875rem); }
section > h2 { font-size: 1.1875rem; line-height: 1.3; font-weight: 650; }
section > h2 + p { margin-top: .375rem; color: var(--soft); }
main > section { margin-top: clamp(2.75rem, 7vw, 4.25rem); }
code { font: .875em/1.5 ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
dl div { display: flex; flex-wrap: wrap; gap: .125rem 1.25rem; padding-block: .6875rem; border-top: 1px solid var(--line); }
dl { margin-top: 1.125rem; }
dt { flex: 0 0 8rem; color: var(--soft); }
dd { flex: 1 1 12rem; min-width: 0; }
.addresses a { font: .875em/1.7 ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.account code, .note code { background: var(--wash); border-radius: 5px; padding: .1em .4em; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.account dt { flex-basis: 5rem; }
.pair h3 { margin-top: 1.5rem; padding: 0; color: var(--ink); }
.pair h3 + dl { margin-top: .5rem; }
.note { margin-top: 1rem; color: var(--soft); font-size: .9375rem; text-wrap: pretty; }
.zones { display: grid; gap: 2rem 2.5rem; margin-top: 1.375rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17.5rem), 1fr)); }
h3 { font-size: .875rem; font-weight: 600; color: var(--soft); padding-bottom: .5rem; }
ul { list-style: none; padding: 0; }
li { border-top: 1px solid var(--line); padding-block: .8125rem; font-size: .9375rem; color: var(--soft); }
.name { display: flex; justify-content: space-between; align-items: baseline; gap: .75rem; font-size: 1rem; font-weight: 600; color: var(--ink); }
.badge { flex: none; font-size: .8125rem; line-height: 1.5; font-weight: 500; border-radius: 99px; padding-inline: .625rem; background: var(--wash); color: var(--accent); }
.external .badge { background: var(--outside-wash); color: var(--outside); }
.off .badge { background: var(--quiet-wash); color: var(--soft); }
.off .name { font-weight: 450; color: var(--soft); }
.commands { display: grid; column-gap: 2.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.commands dt { flex-basis: 13rem; color: var(--ink); }
.commands dd { color: var(--soft); flex-basis: 11rem; }
footer { margin-top: clamp(3rem, 8vw, 5rem); padding-block: 1.5rem 2.5rem; color: var(--soft); font-size: .875rem; display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 2rem; }
footer::before { content: ""; flex: 0 0 100%; border-top: 1px solid var(--line); margin-bottom: 1rem; }
@media (prefers-reduced-motion: no-preference) {
  .skip { transition: top .15s; }
}
@media print {
  .skip, nav { display: none; }
}
`;
