/** How a page looks: one column, the reader's own fonts, light or dark as the reader has it, on paper too. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--soft:#f6f8fa;--line:#d1d9e0;--text:#1f2328;--faint:#59636e;--blue:#0969da;--green:#1a7f37;--red:#cf222e;--amber:#9a6700;--grey:#818b98}
@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--soft:#151b23;--line:#3d444d;--text:#f0f6fc;--faint:#9198a1;--blue:#4493f8;--green:#3fb950;--red:#f85149;--amber:#d29922;--grey:#7d8590}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
header,main,footer,nav{max-width:1012px;margin:0 auto;padding:0 24px}
header{padding-top:32px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;font-weight:600}
h2{font-size:17px;margin:0 0 12px;padding-bottom:6px;border-bottom:1px solid var(--line);font-weight:600}
h3{font-size:15px;margin:20px 0 6px;font-weight:600}
section{margin:32px 0}
p{margin:0 0 10px}
a{color:var(--blue)}
code,pre,td,th,.name{unicode-bidi:isolate}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:8px 0;padding:10px 12px;background:var(--soft);border:1px solid var(--line);border-radius:6px;overflow-x:auto;overflow-wrap:normal}
.lead{color:var(--faint);margin:0}
.facts{display:flex;flex-wrap:wrap;gap:12px 32px;margin:16px 0 0}
.facts div{min-width:0}
dt{color:var(--faint);font-size:13px}
dd{margin:0}
nav ul{display:flex;flex-wrap:wrap;gap:4px 18px;list-style:none;margin:20px 0 0;padding:10px 0;border-bottom:1px solid var(--line);border-top:1px solid var(--line)}
nav a{text-decoration:none}nav a:hover{text-decoration:underline}
.badge{display:inline-block;font-size:12px;line-height:18px;padding:0 7px;border:1px solid;border-radius:9px;color:var(--faint);white-space:nowrap;font-weight:500}
.badge.built{color:var(--blue)}.badge.ok,.good{color:var(--green)}.badge.failed,.badge.error,.bad{color:var(--red)}.badge.warning,.badge.stopped{color:var(--amber)}.badge.info{color:var(--blue)}
h1 .badge{font-size:13px;line-height:20px;vertical-align:4px;margin-left:6px}
.note,.place{color:var(--faint);font-size:13px}
.scroll{overflow-x:auto;margin:0 0 8px}
:focus-visible{outline:2px solid var(--blue);outline-offset:2px}
table{border-collapse:collapse;font-size:14px;min-width:100%}
th,td{text-align:left;padding:5px 16px 5px 0;border-bottom:1px solid var(--line);vertical-align:top;max-width:440px;min-width:10ch}
th:first-child,td:first-child{min-width:18ch}td.number,th.number{min-width:0}
.plain th{width:200px}.plain .number{width:1%}.plain td:not(.number){width:auto}
thead th{color:var(--faint);font-weight:500;font-size:13px;white-space:nowrap}
tbody th{font-weight:500}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr>:last-child{padding-right:0}
.plain tr>.number:last-child{width:auto;text-align:left}
.graph{display:block;margin:0 auto}
.graph text{fill:var(--text);font-size:12px}.graph .name{font-size:14px;font-weight:600}.graph .small{fill:var(--faint)}
.graph .box{fill:var(--soft);stroke:var(--line)}.graph .target .box{stroke:var(--text);stroke-width:1.5}
.graph path{fill:none;stroke:var(--grey);stroke-width:1.5}.graph .base path{stroke-width:4.5}.graph .base .inner{stroke:var(--bg);stroke-width:1.8}
.graph .arrow .head{fill:var(--grey);stroke:none}.graph .behind{fill:var(--bg)}
.strip,.bar rect{fill:var(--grey)}.built .strip,.bar .built{fill:var(--blue)}.failed .strip,.bar .failed{fill:var(--red)}.stopped .strip,.bar .stopped{fill:var(--amber)}.bar .ok{fill:var(--green)}.not-run .strip{fill:var(--line)}
.bar .step{fill:#fff;fill-opacity:0}.bar .step.odd{fill-opacity:.3}
.bar .tick{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke;fill:none}
.timeline,.sizes,.findings{list-style:none;margin:0;padding:0}
.timeline li,.sizes li{display:grid;grid-template-columns:minmax(130px,230px) 76px 1fr;gap:0 14px;align-items:center;padding:5px 0}
.timeline li{border-bottom:1px solid var(--line)}
.took{text-align:right;font-variant-numeric:tabular-nums;font-size:14px}
.bar{display:block;width:100%;height:20px;min-width:0}.sizes .bar{height:10px}
.ticks{grid-column:3;display:flex;justify-content:space-between;color:var(--faint);font-size:12px}
.timeline .note,.timeline details{grid-column:1/-1;margin:0}
.timeline .name{font-weight:600}
summary{cursor:pointer;padding:4px 0}
.timeline summary,.timeline .note{color:var(--faint);font-size:13px;padding:2px 0}
.findings li{border-left:3px solid var(--line);padding:2px 0 2px 14px;margin:0 0 18px}
.findings .error{border-color:var(--red)}.findings .warning{border-color:var(--amber)}.findings .info{border-color:var(--blue)}
.findings p{margin:0 0 4px}
.findings .badge{border-color:currentColor}
.legend{color:var(--faint);font-size:13px;margin-top:8px}
footer{color:var(--faint);font-size:13px;padding-bottom:32px;padding-top:12px}
@media (max-width:640px){header,main,footer,nav{padding-left:16px;padding-right:16px}header{padding-top:20px}.timeline li,.sizes li{grid-template-columns:1fr auto}.timeline .bar,.sizes .bar,.ticks{grid-column:1/-1}.facts{gap:10px 24px}.plain th,.plain th:first-child{width:110px;min-width:110px}.graph{margin:0}}
@media print{:root{--bg:#fff;--soft:#fff;--line:#bbb;--text:#000;--faint:#444;--blue:#0550ae;--green:#116329;--red:#a40e26;--amber:#7d4e00;--grey:#777}body{font-size:11pt}nav{display:none}header,main,footer{max-width:none;padding:0}section,li,tr,svg{break-inside:avoid}.scroll,pre{overflow:visible}pre{white-space:pre-wrap}.graph{max-width:100%;height:auto}svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`
