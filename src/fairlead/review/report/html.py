"""A review as one HTML file: no script, nothing loaded from elsewhere, and everything from a manifest escaped."""

from collections.abc import Iterator
from html import escape

from fairlead.checks.found import Found
from fairlead.checks.state import State
from fairlead.review.report.words import about, counted, failures, place_of, summary, visible
from fairlead.review.result import ORDER, Review

_STYLE = """
:root { --ink: #1c2733; --soft: #5d6b79; --line: #dde3e9; --paper: #fff; --back: #f4f6f8;
  --blocker: #8e24aa; --error: #c62828; --warning: #b26a00; --advice: #00738a; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e9ef; --soft: #98a5b2; --line: #2c3845; --paper: #18212b;
  --back: #10161d; --blocker: #ce93d8; --error: #ef7a7a; --warning: #f0b253; --advice: #5cc4d6; --good: #81c784; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 32px 20px 80px; }
h1 { font-size: 22px; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 36px 0 8px; }
.soft { color: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin: 20px 0; }
.tile { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 28px; line-height: 1.1; font-variant-numeric: tabular-nums; }
.bar { display: flex; height: 8px; border-radius: 4px; overflow: hidden; background: var(--line); }
details { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 8px 0; }
summary { cursor: pointer; padding: 12px 16px; display: flex; gap: 12px; align-items: baseline; }
summary .id { font: 600 13px ui-monospace, monospace; min-width: 64px; }
summary .count { margin-left: auto; font-variant-numeric: tabular-nums; color: var(--soft); }
.badge { font-size: 12px; font-weight: 600; border: 1px solid; border-radius: 20px; padding: 0 9px; }
.blocker { color: var(--blocker); } .error { color: var(--error); } .warning { color: var(--warning); }
.advice { color: var(--advice); } .good { color: var(--good); }
.bar .blocker { background: var(--blocker); } .bar .error { background: var(--error); }
.bar .warning { background: var(--warning); } .bar .advice { background: var(--advice); }
.inside { padding: 0 16px 14px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
td, th { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-top: 1px solid var(--line); }
td.place, code { font: 12.5px ui-monospace, monospace; overflow-wrap: anywhere; }
.fix { border-left: 3px solid var(--good); padding: 2px 0 2px 10px; margin: 0 0 10px; }
"""


def text_of(review: Review) -> str:
    return "\n".join(_page(review)) + "\n"


def _page(review: Review) -> Iterator[str]:
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Fairlead check</title>\n<style>{_STYLE}</style>\n</head>\n<body><main>"
    first, *others = summary(review)
    yield f"<h1>Fairlead check</h1>\n<div>{_text(first)}</div>"
    yield from (f'<div class="soft">{_text(line)}</div>' for line in others)
    yield from _tiles(review)
    yield from _not_judged(review)
    groups: dict[str, list[Found]] = {}
    for found in review.findings:
        groups.setdefault(found.id, []).append(found)
    if groups:
        yield "<h2>Findings by rule</h2>"
    for group in groups.values():
        yield from _group(group)
    yield from _objects(review)
    yield from _excepted(review)
    yield "</main></body>\n</html>"


def _tiles(review: Review) -> Iterator[str]:
    yield '<div class="tiles">'
    for severity in ORDER:
        yield f'<div class="tile"><b class="{severity.value}">{review.count(severity):,}</b>{severity.value}</div>'
    clean = len(review.of_state(State.CLEAN))
    yield f'<div class="tile"><b class="good">{clean:,}</b>{"rule" if clean == 1 else "rules"} clean</div>'
    yield "</div>"
    if review.findings:
        shares = "".join(
            f'<span class="{severity.value}" style="flex: {review.count(severity)}"></span>'
            for severity in ORDER
            if review.count(severity)
        )
        yield f'<div class="bar" role="presentation">{shares}</div>'


def _group(group: list[Found]) -> Iterator[str]:
    first = group[0]
    opened = " open" if len(group) <= 20 else ""
    yield f'<details{opened}><summary><span class="id">{_text(first.id)}</span><span>{_text(first.title)}</span>'
    yield f'<span class="badge {first.severity.value}">{first.severity.value}</span>'
    yield f'<span class="count">{len(group):,}</span></summary><div class="inside">'
    yield f'<p class="fix">{_text(first.fix)}</p><table>'
    for found in group:
        yield f'<tr><td class="place">{_text(place_of(found))}</td><td>{_text(about(found))}</td>'
        yield f"<td>{_text(found.message)}</td></tr>"
    yield "</table></div></details>"


def _not_judged(review: Review) -> Iterator[str]:
    missing = review.of_state(State.INSUFFICIENT_EVIDENCE)
    rows = [
        *((f"{unread.file}:{unread.line}", f"not read: {unread.message}") for unread in review.unread),
        *((rules, f"failed: {because}") for rules, because in failures(review)),
        *((outcome.id, f"insufficient evidence: {outcome.because}") for outcome in missing),
    ]
    if not rows:
        return
    yield f"<h2>Not judged</h2><details open><summary><span>{counted(len(rows), 'reason')} why this is not the whole"
    yield ' answer</span></summary><div class="inside"><table>'
    for place, why in rows:
        yield f'<tr><td class="place">{_text(place)}</td><td>{_text(why)}</td></tr>'
    yield "</table></div></details>"


def _objects(review: Review) -> Iterator[str]:
    """The objects with most to do."""
    counts: dict[str, list[int]] = {}
    for found in review.findings:
        counts.setdefault(found.subject, [0] * len(ORDER))[ORDER.index(found.severity)] += 1
    worst = sorted(counts.items(), key=lambda pair: (*(-number for number in pair[1]), pair[0]))[:20]
    if len(counts) < 2:
        return
    yield "<h2>Objects with most to do</h2><details open><summary><span>"
    yield f'{counted(len(counts), "object")} with findings</span></summary><div class="inside"><table><tr><th></th>'
    yield "".join(f"<th>{severity.value}</th>" for severity in ORDER) + "</tr>"
    for subject, numbers in worst:
        cells = "".join(f"<td>{number or ''}</td>" for number in numbers)
        yield f"<tr><td>{_text(subject)}</td>{cells}</tr>"
    yield "</table></div></details>"


def _excepted(review: Review) -> Iterator[str]:
    if not review.excepted:
        return
    yield f"<h2>Excepted</h2><details><summary><span>{counted(len(review.excepted), 'finding')}</span></summary>"
    yield '<div class="inside"><table>'
    for excepted in review.excepted:
        found = excepted.finding
        until = f" (until {_text(excepted.until)})" if excepted.until else ""
        yield f'<tr><td class="place">{_text(found.id)}</td><td>{_text(about(found))}</td>'
        yield f"<td>{_text(excepted.reason)}{until}</td></tr>"
    yield "</table></div></details>"


def _text(text: str) -> str:
    return escape(visible(text))
