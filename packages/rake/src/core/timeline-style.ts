/** How a timeline looks, in light and in dark. */
export const timelineStyle = `
:root{--text:#1c2128;--faint:#5b6570;--line:#d5dae0;--page:#fff;--bar:#2f6fde;--on-bar:#fff;--wait:#b9cdf3;--beaten:#9aa3ad;--lost:#c77700;--failed:#c62f3e;--mark:#fff3bf}
@media (prefers-color-scheme:dark){:root{--text:#e4e8ee;--faint:#9aa5b1;--line:#333b45;--page:#14181d;--bar:#5a93f5;--on-bar:#08111f;--wait:#2c4470;--beaten:#5f6974;--lost:#e09a35;--failed:#ef6a76;--mark:#40391a}}
body{margin:1.5rem;background:var(--page);color:var(--text);font:14px/1.45 system-ui,sans-serif}
h1{font-size:1.25rem;margin:0 0 .5rem}
p{margin:.2rem 0;color:var(--faint)}
.outcome{font-size:.8rem;font-weight:600;padding:.1rem .5rem;border-radius:1rem;background:var(--bar);color:var(--on-bar)}
.outcome.failed,.outcome.cancelled{background:var(--failed)}
.legend{margin:.6rem 0}.legend span{margin-right:1rem;white-space:nowrap}
.key{width:14px;height:10px}
.scroll{overflow-x:auto;margin:.5rem 0 1.5rem}
.chart{display:block}
text{font:12px system-ui,sans-serif;fill:var(--text)}
.time{text-anchor:middle;fill:var(--faint);font-size:11px}
.slot{text-anchor:end;fill:var(--faint);font-size:11px}
.place{font-weight:600}
.command{font:11px ui-monospace,monospace;fill:var(--on-bar);pointer-events:none}
.tick{stroke:var(--line)}.between{stroke:var(--line)}
.set{stroke:var(--faint);stroke-dasharray:3 3}
.loss{stroke:var(--failed);stroke-width:2}
.wait{fill:var(--wait)}.won,.unfinished{fill:var(--bar)}.beaten{fill:var(--beaten)}.lost{fill:var(--lost)}.failed{fill:var(--failed)}
a:focus-visible rect,a:hover rect{stroke:var(--text);stroke-width:2}
table{border-collapse:collapse;font-size:13px}
th,td{text-align:left;padding:.25rem .7rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--faint);font-weight:600}
tr:target{background:var(--mark)}
code{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
`;
