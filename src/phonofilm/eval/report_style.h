// The style sheet of the evaluation page.
#pragma once

namespace phonofilm::eval {

inline constexpr const char* kReportStyle = R"css(
:root { color-scheme: light dark; --page: #fafaf8; --card: #ffffff; --ink: #1d2125; --soft: #667079; --line: #e2e4e6;
  --good: #1a7f4b; --fair: #b07a10; --bad: #c0362c; --truth: #6b7680; --codec: #2f6fb5; --made: #c2571a;
  --chance: #a9b1b8; --caption: #8a5fb0; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1c2024; --ink: #e6e8ea; --soft: #98a2ab;
  --line: #30363c; --good: #4cc38a; --fair: #e0b04a; --bad: #f0796e; --truth: #a3adb6; --codec: #6aa5e8;
  --made: #f08a4b; --chance: #626b73; --caption: #b794d9; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 40px 0 10px; }
h3 { font-size: 15px; margin: 20px 0 8px; }
p { margin: 0 0 12px; max-width: 76ch; }
.soft, caption, figcaption { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 14px 0 0; }
.facts dt { color: var(--soft); font-size: 13px; } .facts dd { margin: 0; font-weight: 600; }
.scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 7px 11px; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
tr:last-child > th, tr:last-child > td { border-bottom: 0; }
thead th { color: var(--soft); font-weight: 500; border-bottom: 1px solid var(--line); }
th:first-child, .name { text-align: left; }
tbody th { font-weight: 600; }
td small { color: var(--soft); display: block; font-size: 12px; line-height: 1.2; }
caption { text-align: left; padding: 6px 11px 8px; font-size: 14px; }
.badge { border-radius: 99px; padding: 1px 10px; font-size: 13px; font-weight: 600; border: 1px solid currentColor; }
.badge.yes { color: var(--good); } .badge.no { color: var(--bad); }
.pair { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.many { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); margin-top: 16px; }
figure { margin: 0; } figcaption { font-size: 14px; margin-bottom: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0 0 10px;
  padding: 0; list-style: none; font-size: 14px; }
.key { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 7px; vertical-align: middle;
  background: currentColor; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); }
svg .guide { stroke: var(--soft); stroke-dasharray: 3 3; opacity: .6; }
svg .curve { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
svg .bar { fill: currentColor; }
.g-ground_truth { color: var(--truth); } .g-codec_round_trip { color: var(--codec); }
.g-generated { color: var(--made); }
.g-shuffled { color: var(--chance); } .g-same_caption_other_seed { color: var(--caption); }
svg .mark { fill: var(--soft); } svg .mark.lone { fill: var(--bad); } svg .mark.wall { opacity: .65; }
svg .link { stroke-width: 2; } .good { stroke: var(--good); } .fair { stroke: var(--fair); }
.bad { stroke: var(--bad); }
.film { display: grid; grid-template-columns: 148px 1fr; gap: 6px 14px; align-items: center; }
.film.plain { grid-template-columns: 1fr; }
.film video { width: 148px; aspect-ratio: 1; border-radius: 6px; background: #000; image-rendering: auto; }
.film p { margin: 0; font-size: 14px; line-height: 1.35; } .film .soft { font-size: 13px; margin-top: 3px; }
details { margin-top: 20px; } summary { cursor: pointer; color: var(--soft); margin-bottom: 12px; }
)css";

}  // namespace phonofilm::eval
