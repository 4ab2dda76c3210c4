"""The frame of a report's page: one file, its style inside, light and dark, nothing fetched."""

from __future__ import annotations

from html import escape

STYLE = """
:root{--paper:#fbfbfa;--card:#fff;--ink:#1f242c;--faint:#6d7681;--grid:#e6e8eb;
--road:#dde1e6;--edge:#aab2bb;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1c2127;--ink:#e8eaed;--faint:#98a2ad;--grid:#2c333b;
--road:#39424c;--edge:#5c6773;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1080px;margin:0 auto;padding:44px 24px 80px}
h1{font-size:34px;line-height:1.15;margin:0 0 8px;letter-spacing:-.02em}
h2{font-size:22px;margin:52px 0 12px;letter-spacing:-.01em}
h3{font-size:16px;margin:0 0 2px}
p{max-width:74ch;margin:8px 0}
.lead{font-size:18px;color:var(--ink)}
.faint,figcaption,small{color:var(--faint)}
.card{background:var(--card);border:1px solid var(--grid);border-radius:12px;padding:18px 20px;margin:14px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr));gap:16px;margin-top:16px}
.cards .card{margin:0}
.cards.one{grid-template-columns:1fr}
.one .drawn{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:8px 28px;align-items:end}
@media(max-width:520px){.cards{grid-template-columns:1fr}}
svg{display:block;width:100%;height:auto;max-height:420px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:14px}
th,td{text-align:right;padding:6px 10px;border-bottom:1px solid var(--grid);white-space:nowrap}
th{font-weight:600;color:var(--faint);font-size:12.5px}
.prose th,.prose td{white-space:normal;text-align:left;vertical-align:top}
th:first-child,td:first-child{text-align:left}
tbody tr:last-child td{border-bottom:0}
td.best{font-weight:650}
td.out{color:var(--bad)}
.dot{display:inline-block;width:10px;height:10px;border-radius:50%;margin-right:7px;vertical-align:0}
.key{display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0;font-size:14px}
details{margin:10px 0}summary{cursor:pointer;color:var(--faint)}
code{font-size:.92em}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:10px 0}
dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}
""".strip()


def page(title: str, body: str) -> str:
    """A whole HTML document."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


def table(head: list[str], rows: list[list[str]], marks: dict[tuple[int, int], str] | None = None) -> str:
    """A table; cells are HTML already, `marks` are their classes by row and column."""
    marks = marks or {}
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = ""
    for r, row in enumerate(rows):
        cells = "".join(f"<td{_class(marks.get((r, c)))}>{cell}</td>" for c, cell in enumerate(row))
        body += f"<tr>{cells}</tr>"
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _class(name: str | None) -> str:
    return f" class={name}" if name else ""
