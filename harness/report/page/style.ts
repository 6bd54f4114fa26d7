// The page's one style sheet. Two palettes of the same custom properties; charts use them too. Contrast of text is at
// least 4.5 to 1 on both (WCAG 2.2, 1.4.3). Paper gets the light one. Fonts are the reader's own: nothing is fetched.
import { trusted } from '../markup.ts'

const light = `
  color-scheme: light;
  --ground: #f6f7f9; --paper: #ffffff; --sunk: #f1f3f6; --ink: #1a1d21; --muted: #59616e; --line: #e3e6eb; --line-strong: #c3c9d2;
  --link: #0b57b8; --fail: #b3261e; --unknown: #845400; --pass: #14703c; --not-judged: #59616e;
  --fail-wash: #fdf1f0; --unknown-wash: #fdf6e7; --pass-wash: #eff8f2; --not-judged-wash: #f1f3f6;
  --offered: #59616e; --good: #1568b8; --good-2: #4d96da; --refused: #a86200; --refused-2: #cf8f2e; --failed: #c22b22; --failed-2: #e0655d;
  --slow: #7a3fb0; --other: #0f7c7c; --other-2: #45a8a8;
  --stress-shade: #8a63c014; --stress-edge: #8a63c0aa; --stress-block: #e9e1f5;
  --fault-shade: #d0443a1c; --fault-edge: #c22b22cc; --fault-block: #f9dcd9;
  --part-model: #b9c0cb; --part-call: #d5dae2; --part-server: #8fb4dc; --part-queue: #d99a2b; --part-postgres: #2f6fb0; --part-redis: #c2554c; --part-upstream: #7a3fb0; --part-other: #45a8a8;`

const dark = `
  color-scheme: dark;
  --ground: #111317; --paper: #191c21; --sunk: #22262d; --ink: #e7e9ed; --muted: #a3abb8; --line: #2c313a; --line-strong: #4a515d;
  --link: #84b9ff; --fail: #ff8a80; --unknown: #f0bd57; --pass: #62cc8f; --not-judged: #a3abb8;
  --fail-wash: #2c1b1b; --unknown-wash: #2a2317; --pass-wash: #17261d; --not-judged-wash: #22262d;
  --offered: #a3abb8; --good: #63adf7; --good-2: #3d7fc2; --refused: #eeb04c; --refused-2: #b5822f; --failed: #ff7d72; --failed-2: #c2554c;
  --slow: #c79bf2; --other: #4fc4c4; --other-2: #338c8c;
  --stress-shade: #a98be024; --stress-edge: #a98be0bb; --stress-block: #3a3150;
  --fault-shade: #ff7d7224; --fault-edge: #ff7d72cc; --fault-block: #52302e;
  --part-model: #4a515d; --part-call: #3a404b; --part-server: #4a78ab; --part-queue: #e0ab4e; --part-postgres: #63adf7; --part-redis: #ff8a80; --part-upstream: #c79bf2; --part-other: #4fc4c4;`

export const style = trusted(`
:root {${light}
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "Segoe UI Mono", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
  --radius: 8px;
}
@media screen and (prefers-color-scheme: dark) { :root {${dark} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 400 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif;
}
main, .masthead, footer { max-width: 1060px; margin: 0 auto; padding: 0 24px; }
h1, h2, h3, h4, h5, p, ul, dl, dd, figure, table, pre { margin: 0; padding: 0; }
h2 { font-size: 20px; font-weight: 650; letter-spacing: -0.01em; line-height: 1.3; }
h5, .part { font-size: 13px; font-weight: 650; margin: 22px 0 8px; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; border-radius: 3px; }
code, pre, .mono { font-family: var(--mono); font-size: 0.88em; unicode-bidi: isolate; }
pre { background: var(--sunk); border-radius: 6px; padding: 10px 12px; white-space: pre-wrap; line-height: 1.5; }
.muted { color: var(--muted); }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.skip { position: absolute; left: -999px; top: 0; background: var(--paper); padding: 10px 16px; z-index: 2; }
.skip:focus { left: 8px; top: 8px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.masthead { display: flex; flex-wrap: wrap; gap: 4px 20px; align-items: baseline; padding-top: 22px; padding-bottom: 18px; }
.masthead strong { font-weight: 700; letter-spacing: -0.01em; }
.masthead nav { margin-left: auto; display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 14px; }
.masthead nav a { color: var(--muted); text-decoration: none; }
.masthead nav a:hover { color: var(--ink); text-decoration: underline; }

section { background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); padding: 26px 28px 28px; margin-bottom: 20px; }
section > p.about { color: var(--muted); margin: 2px 0 18px; max-width: 46em; }

.verdict { border-top: 4px solid var(--tone); }
.verdict .eyebrow { color: var(--muted); font-size: 14px; }
.verdict h1 { display: flex; align-items: center; gap: 12px; font-size: 30px; line-height: 1.2; font-weight: 700; letter-spacing: -0.02em; color: var(--tone); margin: 6px 0 10px; }
.verdict .spoken { font-size: 19px; line-height: 1.45; max-width: 40em; text-wrap: pretty; }
.verdict .headline { color: var(--muted); margin-top: 6px; }
.badge { display: inline-grid; place-items: center; flex: none; width: 1.5em; height: 1.5em; border-radius: 50%; background: var(--tone); color: var(--paper); font-weight: 700; font-size: 13px; line-height: 1; }
h1 .badge { font-size: 20px; }
.fail { --tone: var(--fail); --wash: var(--fail-wash); } .unknown { --tone: var(--unknown); --wash: var(--unknown-wash); }
.pass { --tone: var(--pass); --wash: var(--pass-wash); } .not-judged { --tone: var(--not-judged); --wash: var(--not-judged-wash); }
.counts { list-style: none; display: flex; flex-wrap: wrap; gap: 8px 26px; margin-top: 20px; }
.counts a { display: flex; align-items: center; gap: 8px; color: inherit; text-decoration: none; }
.counts a:hover span:last-child { text-decoration: underline; }
.counts b { font-size: 17px; font-variant-numeric: tabular-nums; }
.counts .none { color: var(--muted); --tone: var(--muted); } .counts .none b { font-weight: 500; }
.facts { display: flex; flex-wrap: wrap; gap: 14px 40px; margin-top: 24px; padding-top: 20px; border-top: 1px solid var(--line); }
.facts dt { color: var(--muted); font-size: 13px; } .facts dd { font-variant-numeric: tabular-nums; }
.notice { margin-top: 18px; padding: 10px 14px; border-left: 3px solid var(--unknown); background: var(--unknown-wash); border-radius: 0 6px 6px 0; }
.notice + .notice { margin-top: 8px; }

figure { margin-top: 22px; }
figcaption b { font-weight: 650; } figcaption { font-size: 13.5px; color: var(--muted); max-width: 60em; } figcaption b { color: var(--ink); display: block; font-size: 14.5px; }
figure svg { display: block; width: 100%; height: auto; margin-top: 4px; overflow: visible; }
.narrow { display: none; }
.unshown { margin-top: 18px; font-size: 14px; color: var(--muted); }

details > summary { cursor: pointer; }
.more { margin-top: 16px; } .more > summary { color: var(--link); font-size: 14px; width: fit-content; }
.scroll { overflow-x: auto; position: relative; margin: 8px 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; line-height: 1.45; }
caption { text-align: left; color: var(--muted); padding-bottom: 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); font-size: 12.5px; white-space: nowrap; } tbody th { color: var(--ink); font-size: inherit; }
th.num, td.num { padding-left: 14px; } th:last-child, td:last-child { padding-right: 2px; }
td { overflow-wrap: normal; } td.words { overflow-wrap: anywhere; min-width: 14em; } .zero { color: var(--muted); }
tr.loud > * { color: var(--fail); font-weight: 600; }

.group { display: flex; align-items: center; gap: 10px; font-size: 15px; font-weight: 650; margin: 26px 0 10px; color: var(--tone); }
.card { border: 1px solid var(--line); border-left: 4px solid var(--tone); border-radius: 6px; margin-top: 10px; background: var(--paper); }
.card > summary { display: grid; grid-template-columns: auto 1fr auto; gap: 2px 14px; align-items: center; padding: 12px 16px; list-style: none; border-radius: 6px; }
.card > summary::-webkit-details-marker { display: none; }
.card > summary:hover { background: var(--sunk); }
.card h4 { font-size: 15px; font-weight: 600; line-height: 1.4; }
.card h4 .code { color: var(--muted); font-weight: 500; margin-right: 6px; font-variant-numeric: tabular-nums; }
.card .tags { font-size: 13px; color: var(--muted); font-weight: 400; }
.card .figures { text-align: right; font-variant-numeric: tabular-nums; line-height: 1.35; }
.card .figures b { font-size: 16px; font-weight: 650; color: var(--tone); } .card .figures span { display: block; font-size: 13px; color: var(--muted); }
.card > div { padding: 4px 20px 20px 20px; border-top: 1px solid var(--line); }
.statement { font-size: 16px; margin-top: 14px; max-width: 46em; }
.because { margin-top: 12px; padding: 10px 14px; background: var(--wash); border-left: 3px solid var(--tone); border-radius: 0 6px 6px 0; max-width: 54em; }
.because pre { background: var(--paper); margin-top: 8px; }
.gauge { display: block; width: 100%; max-width: 560px; height: auto; margin-top: 14px; }
.advice td { overflow-wrap: anywhere; }
.gauge text { font-size: 11.5px; fill: var(--muted); } .gauge .value { fill: var(--tone); font-weight: 600; }
.measures { display: flex; flex-wrap: wrap; gap: 10px 34px; margin-top: 16px; } .measures dt { font-size: 13px; color: var(--muted); } .measures dd { font-variant-numeric: tabular-nums; }
.advice { max-width: 54em; } .advice table { width: auto; margin-top: 8px; } .advice p + p { margin-top: 4px; }
.apart { margin-top: 16px; } .prose { max-width: 46em; } .small { font-size: 13.5px; }
.witnesses, .attempts, .plainly { list-style: none; }
.witnesses { padding: 0; border-top: 1px solid var(--line); } .witnesses > li { border-bottom: 1px solid var(--line); position: relative; }
.exchange > summary, .told > a, .told > div, .slow > li > a { display: grid; grid-template-columns: 5.6em minmax(8em, 1.2fr) minmax(9em, 1.4fr) minmax(13em, 2fr) 5em; gap: 2px 14px; align-items: baseline; padding: 7px 4px 7px 22px; font-size: 13.5px; color: var(--ink); text-decoration: none; position: relative; list-style: none; }
.exchange > summary::-webkit-details-marker { display: none; }
.exchange > summary::before { content: ""; position: absolute; left: 6px; top: 14px; border: solid var(--muted); border-width: 0 1.5px 1.5px 0; padding: 2.5px; rotate: -45deg; }
.exchange[open] > summary::before { rotate: 45deg; top: 12px; }
.exchange > summary:hover, .told > a:hover, .slow > li > a:hover { background: var(--sunk); }
.told > a::before, .slow > li > a::before { content: "↑"; position: absolute; left: 5px; color: var(--muted); }
.when, .took { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; } .who { font-weight: 550; }
.came { white-space: normal; } .came.good > span:first-child { color: var(--good); } .came.late > span:first-child { color: var(--slow); } .came.refused > span:first-child { color: var(--refused); } .came.failed > span:first-child { color: var(--failed); }
.inside { padding: 4px 4px 20px 22px; } .inside h6 { font-size: 12.5px; font-weight: 650; margin: 16px 0 6px; color: var(--muted); }
.inside:target, .card:target, tr:target { outline: 2px solid var(--link); outline-offset: 4px; border-radius: 4px; }
.about { display: flex; flex-wrap: wrap; gap: 4px 22px; font-size: 13px; } p.about { display: block; font-size: inherit; } .about div { display: flex; gap: 6px; } .about dt { color: var(--muted); } .about dd { font-family: var(--mono); font-size: 0.92em; line-height: 1.6; }
.wire { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 18px; } .block { font-size: 12px; } .wire .small, .inside .small { font-size: 12.5px; margin-top: 4px; }
.attempts { font-size: 13.5px; padding-left: 2em; list-style: decimal; } .attempts li { padding: 2px 0; } .attempts .this { font-weight: 600; }
.trace { font-size: 12.5px; } .trace th, .trace td { padding: 3px 12px 3px 0; border-bottom: 0; white-space: nowrap; } .trace tbody th { font-weight: 500; } .trace thead th { border-bottom: 1px solid var(--line); } .trace .bars { width: 55%; padding-right: 0; vertical-align: middle; }
.depth-1 { padding-left: 14px !important; } .depth-2 { padding-left: 28px !important; } .depth-3 { padding-left: 42px !important; } .depth-4 { padding-left: 56px !important; }
.track { display: block; position: relative; height: 10px; background: var(--sunk); border-radius: 2px; overflow: hidden; }
.bar { position: absolute; top: 0; bottom: 0; background: var(--tint); border-radius: 2px; } .bar.cut { border-left: 3px double var(--paper); }
.slow > li > .track { position: absolute; left: 22px; right: 4px; bottom: 3px; height: 4px; z-index: 1; } .slow .exchange > summary, .slow > li > a { padding-bottom: 14px; } .slow > li:has(.exchange[open]) > .track { display: none; }
.key { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 13px; margin-bottom: 10px; } .key .bar { position: static; display: inline-block; width: 18px; height: 9px; margin-right: 6px; }
.part-model { --tint: var(--part-model); } .part-late { --tint: var(--failed); } .part-call { --tint: var(--part-call); } .part-server { --tint: var(--part-server); } .part-queue { --tint: var(--part-queue); } .part-postgres { --tint: var(--part-postgres); } .part-redis { --tint: var(--part-redis); } .part-upstream { --tint: var(--part-upstream); } .part-other { --tint: var(--part-other); }
.tall { max-height: 30em; overflow: auto; border: 1px solid var(--line); border-radius: 6px; } .tall thead th { position: sticky; top: 0; background: var(--paper); z-index: 2; box-shadow: 0 1px 0 var(--line); } .list { font-size: 12.5px; } .list th, .list td { padding: 5px 12px; white-space: nowrap; } .list td:last-child code { font-size: 0.92em; }
.layer th { padding-top: 16px; color: var(--ink); font-size: 13.5px; } .layer th .muted { font-weight: 400; margin-left: 6px; } .layer td { padding-top: 16px; font-weight: 600; } .taxonomy tbody th { font-weight: 500; }
.bad { color: var(--fail); } .plainly { padding: 0; } .plainly li { padding: 3px 0; } .clients > summary { color: var(--ink); } .clients td, .clients th { white-space: nowrap; }
.fails { list-style: none; padding: 0; margin-top: 18px; } .fails a { display: grid; grid-template-columns: auto 1fr auto; gap: 4px 12px; align-items: baseline; padding: 7px 0; border-top: 1px solid var(--line); color: inherit; text-decoration: none; } .fails a:hover b { text-decoration: underline; } .fails .figures { font-variant-numeric: tabular-nums; color: var(--tone); font-weight: 600; white-space: nowrap; }
.filters { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; } .filters:empty { display: none; } .filters:not(:empty) { margin: 14px 0 4px; } .filters input { font: inherit; font-size: 14px; padding: 6px 10px; border: 1px solid var(--line-strong); border-radius: 6px; background: var(--paper); color: inherit; min-width: min(26em, 100%); }
button { font: inherit; font-size: 13px; color: inherit; background: var(--paper); border: 1px solid var(--line-strong); border-radius: 6px; padding: 4px 10px; cursor: pointer; } button:hover { background: var(--sunk); } button[aria-pressed="true"] { background: var(--ink); color: var(--paper); border-color: var(--ink); }
.zoom { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; position: sticky; top: 0; background: var(--paper); z-index: 3; } .zoom:has(button) { padding: 8px 0; margin-top: -8px; } .zoom .muted { font-size: 13px; }
.copied { position: relative; } .copy { position: absolute; top: 6px; right: 6px; padding: 2px 8px; font-size: 12px; opacity: 0; } .copied:hover .copy, .copy:focus-visible { opacity: 1; }
.plot { position: relative; } .told-at { position: absolute; top: 0; z-index: 4; pointer-events: none; background: var(--paper); border: 1px solid var(--line-strong); border-radius: 6px; padding: 5px 9px; font-size: 12.5px; line-height: 1.5; font-variant-numeric: tabular-nums; white-space: nowrap; box-shadow: 0 2px 8px #0003; } .told-at i { display: inline-block; width: 10px; height: 3px; margin-right: 6px; vertical-align: middle; } .told-at b { float: right; margin-left: 14px; font-weight: 600; }
[hidden] { display: none !important; } .zoomed path { vector-effect: non-scaling-stroke; } .wide.plot { cursor: crosshair; touch-action: pan-y; user-select: none; }
.hair { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--muted); pointer-events: none; } .swept { position: absolute; top: 0; bottom: 0; background: var(--link); opacity: 0.14; pointer-events: none; }
.exhibits { padding-left: 18px; } .exhibits li { margin-top: 2px; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 12px 28px; }
.pairs dt { font-size: 13px; color: var(--muted); } .pairs dd { font-variant-numeric: tabular-nums; }
.files { list-style: none; columns: 260px; margin-top: 4px; } .files li { padding: 2px 0; break-inside: avoid; }
footer { color: var(--muted); font-size: 13px; padding-top: 4px; padding-bottom: 40px; }

@media (max-width: 640px) {
  main, .masthead, footer { padding-left: 12px; padding-right: 12px; }
  .masthead nav { margin-left: 0; width: 100%; }
  section { padding: 18px 16px 20px; }
  .verdict h1 { font-size: 25px; } .verdict .spoken { font-size: 17px; }
  .wide, .wide-only { display: none; } .narrow { display: block; }
  .card > summary { grid-template-columns: auto 1fr; padding: 11px 12px; align-items: start; }
  .card .figures { grid-column: 2; text-align: left; } .card .figures b { font-size: 15px; } .card .figures span { display: inline; margin-left: 6px; }
  .card > div { padding: 2px 14px 16px; }
  .exchange > summary, .told > a, .told > div, .slow > li > a { grid-template-columns: 1fr auto; } .when { text-align: left; } .who { text-align: right; } .came { grid-column: 1; } .took { grid-column: 2; }
  .fails a { grid-template-columns: auto 1fr; } .fails .figures { grid-column: 2; white-space: normal; } .wire { grid-template-columns: minmax(0, 1fr); } .inside { padding-left: 4px; } .zoom { position: static; } .trace .bars { width: 40%; min-width: 90px; }
  .gauge text { display: none; } .advice th, .advice td { padding-right: 6px; white-space: normal; }
  figure { margin-left: -6px; margin-right: -6px; } figcaption { padding: 0 6px; }
}
@media print {
  body { background: #fff; font-size: 10.5pt; } main, .masthead, footer { max-width: none; padding-left: 0; padding-right: 0; }
  section { border: 0; padding: 0 0 14pt; } .verdict { border-top: 4px solid var(--tone); padding-top: 10pt; } .masthead nav, .skip { display: none; }
  .card, figure, tr, .because { break-inside: avoid; } .card[open] { break-inside: auto; } h2, h5, .part, .group { break-after: avoid; }
  .scroll { overflow: visible; } table { font-size: 8.5pt; } th, td, th.num { white-space: normal; padding-right: 7px; } td.words { min-width: 0; } .tall, .block { max-height: none; border: 0; overflow: visible; }
  .filters, .zoom, .copy, #calls .tall { display: none !important; } .exchange, .attempts li { break-inside: avoid; } .exchange > summary { font-size: 8.5pt; }
  .badge { border: 1px solid var(--tone); } * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  details.timetable { display: none; }
}
`)
