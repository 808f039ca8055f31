"""The first page of this world: what there is to look at, what time it is, and how to move the clock."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

from chalicelib.domain.times import stamp

ROOT = "/_local/"
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881 }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem 1rem 4rem; font: 16px/1.6 system-ui, sans-serif }
h1 { font-size: 1.4rem } h2 { font-size: 1rem; margin: 1.6rem 0 .3rem } a { color: inherit }
pre { background: var(--soft); border-radius: .5rem; padding: .6rem .8rem; white-space: pre-wrap;
  overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid var(--line); padding: .35rem .6rem .35rem 0 }
small { opacity: .7 }
"""


def page(url: str, now: datetime, mails: int, shops: list[dict[str, Any]], log: str) -> str:
    """The page as HTML. `shops`: as `webhooks.shops.listed` says them, and where their pages are; `log`: where the
    functions' log lies."""
    rows = "".join(map(_row, shops)) or "<tr><td>None yet: register one with <code>add-shop</code>."
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>The local world</title><style>{_STYLE}</style><h1>The local world</h1>"
        f'<p><a href="/_local/mailbox">Mailbox</a> <small>{mails} {"mail" if mails == 1 else "mails"}</small></p>'
        f"<h2>Shops and their customers</h2><table>{rows}</table>"
        f"<h2>The clock says {escape(f'{now:%a %d %b %Y, %H:%M}')} UTC</h2><p>Mails go out when their time comes. Move "
        f"it on, and everything up to then happens:</p><pre>{escape(_clock(url, now))}</pre>"
        "<p>Webhooks are signed with this time, not with the time on your wall: "
        '<a href="/_local/clock">/_local/clock</a>.</p>'
        f'<h2>More</h2><p><a href="/openapi.json">The partner API</a> · <a href="/_local/mail">mails as JSON</a> · '
        f"what the functions log: <code>{escape(log)}</code></p>"
    )


def _row(shop: dict[str, Any]) -> str:
    slug = escape(shop["shop"])
    state = "" if shop["state"] == "on" else f" · {escape(shop['state'])}"
    sender = escape(shop["sender"]) if shop["sender"] else "<b>no sender: no mail goes out</b>"
    pages = f' · <a href="{escape(shop["pages"])}">its pages</a>' if shop.get("pages") else ""
    return (
        f'<tr><td><a href="/_local/customers/{slug}">{slug}</a>{pages}<td>{escape(shop["platform"])}{state}'
        f"<td>{escape(shop['currency'])}<td><bdi>{sender}</bdi>"
    )


def _clock(url: str, now: datetime) -> str:
    return "\n".join(
        f"curl -d '{body}' {url}/_local/clock"
        for body in ('{"advance":"2h"}', f'{{"to":"{stamp(now)[:10]}T23:00:00Z"}}')
    )
