"""The mails of this world as pages: a list, and one mail with its headers, its text and its HTML behind glass."""

from __future__ import annotations

from email.errors import HeaderParseError
from email.header import decode_header, make_header
from html import escape
from typing import Any
from urllib.parse import quote, urlencode

from infra.local.mail_store import MailStore
from infra.local.server import Answer

ROOT = "/_local/mailbox"
SHOWN = 500
# The page runs nothing. The mail's own HTML may style itself and show pictures that it brings along; nothing else.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.25rem } a { color: inherit }
form { margin: 0 0 1rem } input { font: inherit; padding: .35rem .6rem; width: 20rem; max-width: 100% }
ol { list-style: none; margin: 0; padding: 0 }
li { border-top: 1px solid var(--line) }
li a { display: grid; grid-template-columns: 16rem 1fr 22rem; gap: 0 1rem; padding: .55rem .4rem }
li a { text-decoration: none }
li a:hover, li a:focus { background: var(--soft) }
li a > :last-child { text-align: end }
li a > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
time, small, .became, dt { opacity: .7; font-size: .85em }
.bounced, .complained { color: #c33; opacity: 1 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem 1rem } dd { margin: 0; overflow-wrap: anywhere }
iframe { width: 100%; height: 38rem; border: 1px solid var(--line); background: #fff }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: 1rem; font-size: .9em;
  unicode-bidi: plaintext }
@media (max-width: 50rem) { li a { grid-template-columns: 1fr } li a > :last-child { text-align: start } }
"""


def page(store: MailStore, path: str, query: dict[str, str]) -> Answer | None:
    """The page at a path, or None where it is not one of ours."""
    if path.rstrip("/") == ROOT:
        return _page("Mailbox", _list(store, query.get("to", "")))
    rest = path.removeprefix(f"{ROOT}/").split("/") if path.startswith(f"{ROOT}/") else []
    mail = store.get(rest[0]) if rest else None
    if mail and len(rest) == 1:
        return _page(mail["subject"], _mail(mail))
    if mail and rest[1:] == ["html"]:
        return _html(_body(mail), _MAIL_POLICY)
    return None


def _body(mail: dict[str, Any]) -> str:
    """The mail's HTML; its links open beside it."""
    return '<base target="_blank">' + (mail["html"] or f"<pre>{escape(mail['text'])}</pre>")


def _list(store: MailStore, to: str) -> str:
    mails = store.list(to, SHOWN, part=True)
    rows = "".join(map(_row, reversed(mails))) or "<li>Nothing here yet.</li>"
    return (
        f'<p><a href="/">this world</a></p><h1>Mailbox <small>{len(mails)} of {store.count()}</small></h1>'
        '<form><input name="to" type="search" '
        f'placeholder="recipient" aria-label="recipient" value="{escape(to)}"></form><ol>{rows}</ol>'
    )


def _row(mail: dict[str, Any]) -> str:
    at, shop = mail["at"], mail["tags"].get("shop", "")
    return (
        f'<li><a href="{ROOT}/{quote(mail["id"])}"><bdi>{escape(", ".join(mail["to"]))}</bdi>'
        f'<span dir="auto">{escape(mail["subject"])}</span><span><small>{escape(shop)}</small> '
        f'<span class="became {mail["became"]}">{mail["became"]}</span> '
        f'<time datetime="{escape(at)}">{escape(at[:16].replace("T", " "))}</time></span>'
        "</a></li>"
    )


def _mail(mail: dict[str, Any]) -> str:
    to = urlencode({"to": mail["to"][0]})
    facts = {
        **mail["headers"],
        "From": _decoded(mail["from"]),
        "became": mail["became"],
        **{f"tag {k}": v for k, v in mail["tags"].items()},
    }
    terms = "".join(f'<dt>{escape(k)}</dt><dd><bdi dir="auto">{escape(v)}</bdi></dd>' for k, v in facts.items())
    return (
        f'<p><a href="{ROOT}">all mails</a> · <a href="{ROOT}?{to}">all to {escape(mail["to"][0])}</a></p>'
        f'<h1 dir="auto">{escape(mail["subject"])}</h1>'
        f'<iframe title="HTML part" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer" '
        f'src="{ROOT}/{quote(mail["id"])}/html"></iframe>'
        f'<h2>Text</h2><pre dir="auto">{escape(mail["text"])}</pre><h2>Headers</h2><dl>{terms}</dl>'
    )


def _decoded(value: str) -> str:
    """A header as a mail program shows it: RFC 2047 words read."""
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value


def _page(title: str, body: str) -> Answer:
    viewport = '<meta name="viewport" content="width=device-width">'
    head = f'<!doctype html><html lang="en"><meta charset="utf-8">{viewport}<title>{escape(title)}</title>'
    return _html(f"{head}<style>{_STYLE}</style>{body}", _PAGE_POLICY)


def shown(page: str) -> Answer:
    """A page of this world that runs nothing."""
    return _html(page, _PAGE_POLICY)


def _html(text: str, policy: str) -> Answer:
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Answer(200, text.encode(), "text/html; charset=utf-8", headers)
