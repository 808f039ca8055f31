"""Who a WooCommerce shop says it is, and what its owner should know before relying on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from chalicelib.domain.events import Unreadable
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shop_api import Denied, Facts, Finding, Link, Trouble
from chalicelib.platforms.woocommerce import rest
from chalicelib.platforms.woocommerce.hooks import may_write
from chalicelib.platforms.woocommerce.refusals import refusal
from chalicelib.safe_http import Answer, Unreachable

OLDEST = (5, 8)  # the first that can say what was changed since a moment
_CLOCK = timedelta(minutes=2)
_ROOT = "name,url,home,gmt_offset,timezone_string,namespaces"
_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})[\w.+-]{0,30}")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Said:
    """What the shop says in three places; `machine` has no members where the key may not see it."""

    root: Node
    settings: dict[str, Node]
    machine: Node
    behind: timedelta  # how far the shop's clock is behind ours


def facts(link: Link) -> Facts:
    """Raises as `rest.get`."""
    return _facts(_asked(link))


def check(link: Link) -> list[Finding]:
    """What was looked at, the worst last. Raises Trouble, Refused, Unreachable."""
    found = [_scheme(link.url)]
    try:
        said = _asked(link)
        found += [_address(link.url, said.root), _version(said.machine), *_cron(said.machine), *_clock(said.behind)]
        found.append(_reads(link))
        may_write(link)
        found.append(Finding("ok", "the key may make webhooks"))
    except Denied as denied:
        found.append(Finding("fail", f"the shop refuses us ({denied.code})", denied.remedy))
    return found


def _asked(link: Link) -> _Said:
    reply = rest.root(link, _fields=_ROOT)
    root = reply.one()
    if "wc/v3" not in [name.value for name in root.at("namespaces").items(_MOST)]:
        raise refusal(Answer(404, {}, b""), link.url)
    told = rest.get(link, "settings/general", _fields="id,value").many()
    settings = {str(one.at("id").value): one.at("value") for one in told}
    return _Said(root, settings, _machine(link), link.now() - reply.asked_at)


def _machine(link: Link) -> Node:
    """WooCommerce's page about its own state: good to know, and not worth failing for."""
    try:
        return rest.get(link, "system_status", _fields="environment").one().at("environment")
    except (Denied, Trouble, Unreachable, Unreadable):
        return Node(None)


def _facts(said: _Said) -> Facts:
    home = texts.web_address(said.root.at("home").text() or said.root.at("url").text()) or ""
    place = said.settings.get("woocommerce_default_country", Node(None)).text()
    return Facts(
        address=home.rstrip("/"),
        name=texts.plain_html(said.root.at("name").text()),
        currency=_currency(said.settings.get("woocommerce_currency", Node(None))),
        timezone=_timezone(said.root),
        country=texts.country(place.partition(":")[0]) or "",
        locale=texts.locale(said.machine.at("language").text()) or "",
        version=_version_of(said.machine),
    )


def _currency(said: Node) -> str:
    try:
        return said.currency()
    except Unreadable:
        return ""


def _timezone(root: Node) -> str:
    """IANA's name, or one for whole hours; "" for +03:30 and the like, which have none."""
    name, offset = root.at("timezone_string").text(), root.at("gmt_offset").text() or "0"
    if name or not re.fullmatch(r"-?\d{1,2}(\.0+)?", offset):
        return name
    hours = int(float(offset))
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def _version_of(machine: Node) -> str:
    found = _VERSION.fullmatch(machine.at("version").text())
    return found[0] if found else ""


def _scheme(url: str) -> Finding:
    if url.startswith("https://"):
        return Finding("ok", "the shop is reached over https")
    remedy = "give the shop a certificate and connect it under https"
    return Finding("warn", "the shop is reached over plain http: orders and people's data travel in the clear", remedy)


def _address(url: str, root: Node) -> Finding:
    said = root.at("home").text().rstrip("/")
    if _place(said) == _place(url):
        return Finding("ok", f"the shop knows itself as {url}")
    shown = texts.web_address(said) or "something else"
    return Finding(
        "warn", f"the shop knows itself as {shown}", f"connect it as {shown}: its webhooks name that address"
    )


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower(), parts.path.rstrip("/")


def _version(machine: Node) -> Finding:
    version = _version_of(machine)
    if not version:
        return Finding("warn", "the shop does not say which WooCommerce it runs", "it has to be 5.8 or later")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < OLDEST:
        return Finding("fail", f"WooCommerce {version} cannot say what was changed lately", "update it to 5.8 or later")
    return Finding("ok", f"WooCommerce {version}")


def _cron(machine: Node) -> list[Finding]:
    if machine.at("wp_cron").value is not False:
        return []
    what = "WordPress's own timer is switched off (DISABLE_WP_CRON): webhooks go out only when something else runs it"
    return [Finding("warn", what, "see that the server calls wp-cron.php every minute")]


def _clock(behind: timedelta) -> list[Finding]:
    if abs(behind) < _CLOCK:
        return []
    minutes = abs(behind).total_seconds() / 60
    side = "behind" if behind > timedelta(0) else "ahead"
    return [Finding("warn", f"the shop's clock is {minutes:.0f} minutes {side}", "set the server's clock by NTP")]


def _reads(link: Link) -> Finding:
    there = rest.get(link, "orders", per_page=1, status="any", _fields="id").total or 0
    return Finding("ok", f"the key may read orders ({there} there)")
