// The report's style sheet. Colours are checked for contrast in both themes (WCAG 2.2, 1.4.3): at least 4.5.

const LIGHT = `--page: #ffffff; --text: #1c2024; --dim: #59626c; --line: #c9d0d8; --raised: #f2f4f7;
  --link: #0b57d0; --runtime: #c4dbf5; --libraries: #bfe3e0; --bootstrap: #dcdce2; --packages: #dccdf2; --modules: #c8e6c9;
  --assets: #f6dfb3; --cache: #f3cddd; --frozen: #cfd6f7; --rest: #e3e5e8;`
const DARK = `--page: #14161a; --text: #e6e8eb; --dim: #a8afb8; --line: #3a4048; --raised: #1e2228; --link: #8ab8ff;
  --runtime: #274b73; --libraries: #1d5a5a; --bootstrap: #4b4b52; --packages: #5b3f7a; --modules: #2f6037;
  --assets: #76531c; --cache: #6b3550; --frozen: #3f4a86; --rest: #45484d;`

export const STYLE = `
:root { color-scheme: light; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; ${DARK} } }
:root[data-theme="light"] { color-scheme: light; ${LIGHT} }
:root[data-theme="dark"] { color-scheme: dark; ${DARK} }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.5rem 4rem; max-width: 90rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
header { position: relative; }
header p { margin: .2rem 0 .8rem; color: var(--dim); overflow-wrap: anywhere; }
header nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
a { color: var(--link); }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--page); padding: .3rem .6rem; z-index: 1; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px; }
button, input { font: inherit; color: inherit; }
button { background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .7rem; cursor: pointer; }
#theme { position: absolute; right: 0; top: 0; }
#theme[aria-pressed="true"] { border-color: var(--link); }
input[type="search"] { width: min(30rem, 100%); padding: .35rem .6rem; background: var(--page); border: 1px solid var(--dim);
  border-radius: .4rem; }
.hint, [role="status"], caption { color: var(--dim); }
.hint label { margin-left: 1rem; color: var(--text); white-space: nowrap; }
.trail { display: flex; flex-wrap: wrap; gap: .3rem; margin-bottom: .4rem; }
.trail [aria-current] { font-weight: 600; }
#map { position: relative; height: min(60vh, 34rem); min-height: 18rem; background: var(--raised); overflow: hidden; }
.tile { position: absolute; display: flex; flex-direction: column; align-items: flex-start; gap: 0 .5rem; overflow: hidden;
  padding: .2rem .4rem; border: 1px solid var(--page); border-radius: 0; text-align: left; line-height: 1.25; font-size: .85rem; }
.tile:focus-visible { outline-offset: -4px; z-index: 1; }
.tile span { max-width: 100%; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.tile .size { color: inherit; font-variant-numeric: tabular-nums; }
.tile[data-kind="runtime"] { background: var(--runtime); }
.tile[data-kind="libraries"] { background: var(--libraries); }
.tile[data-kind="bootstrap"] { background: var(--bootstrap); }
.tile[data-kind="packages"] { background: var(--packages); }
.tile[data-kind="modules"] { background: var(--modules); }
.tile[data-kind="assets"] { background: var(--assets); }
.tile[data-kind="cache"] { background: var(--cache); }
.tile[data-kind="frozen"] { background: var(--frozen); }
.tile[data-kind="rest"] { background: var(--rest); }
.scrolling { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .9rem; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top;
  overflow-wrap: anywhere; min-width: 5.5rem; }
tbody th { font-weight: 400; font-family: ui-monospace, monospace; }
thead button { padding: 0 .2rem; border: 0; background: none; font-weight: 600; }
[aria-sort] button::after { content: " ↑"; }
[aria-sort="descending"] button::after { content: " ↓"; }
.numeric { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; font-size: .8rem; background: var(--raised); padding: .8rem; max-height: 30rem; overflow: auto; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } #theme { position: static; } }
`
