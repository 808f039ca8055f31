"""A shop's pages and an API beside them that answers as it is told to, for the storefront script in a real browser.

`python -m tests.storefront_pages OUT` photographs every layout in light and dark, both directions, desktop and phone.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.chromium import Browser, Page
from tests.gateway import ask

NAMES = ("buy-again", "new-for-you", "goes-with", "popular", "replenish", "viewed", "messages")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2FyYQ.c2VhbA"  # nobody looks into it here
Json = dict[str, Any]
Headers = dict[str, str]

_SHAPES = {
    "mug": "M16 20h22v22a6 6 0 0 1-6 6H22a6 6 0 0 1-6-6zM38 25h4a5 5 0 0 1 0 12h-4v-4h3a2 2 0 0 0 0-4h-3z",
    "shirt": "M18 16l8-3h8l8 3 7 8-6 5-4-4v22H21V25l-4 4-6-5z",
    "lamp": "M22 12h16l7 18H15zM28 30h4v14h8v4H20v-4h8z",
    "candle": "M23 26h14v22H23zM30 12c4 5 4 8 0 11-4-3-4-6 0-11z",
    "bowl": "M10 26h40c0 12-8 20-20 20S10 38 10 26z",
    "plant": "M22 36h16l-3 13H25zM30 35c-2-8-8-11-13-11 0 7 5 11 13 11zM30 33c0-9 4-16 12-18 2 9-3 16-12 18z",
    "book": "M14 15h14a3 3 0 0 1 2 2 3 3 0 0 1 2-2h14v29H33l-3 2-3-2H14z",
    "bag": "M15 24h30l3 24H12zM22 24a8 8 0 0 1 16 0h-4a4 4 0 0 0-8 0z",
}
_ENGLISH = (
    ("Stoneware mug, speckled, 350 ml", "£12.99"),
    ("Linen shirt", "£48.00"),
    ("Table lamp with a pleated shade, brass and off-white", "£85.50"),
    ("Beeswax candles, set of three", "£17.00"),
    ("Salad bowl in olive wood", "£39.95"),
    ("Rubber plant in a glazed pot, 40 cm, delivered well wrapped to your door", "£24.00"),
    ("Notebook, dotted", "£9.50"),
    ("Weekend bag, waxed canvas", "£120.00"),
)
_PERSIAN = (
    ("ماگ سفالی لعاب‌دار، ۳۵۰ میلی‌لیتر", "۲۴۹٬۰۰۰ تومان"),
    ("پیراهن کتان", "۱٬۱۸۰٬۰۰۰ تومان"),
    ("چراغ رومیزی با کلاهک چین‌دار، برنجی و کرم", "۲٬۴۵۰٬۰۰۰ تومان"),
    ("شمع موم عسل، بستهٔ سه‌تایی", "۳۲۰٬۰۰۰ تومان"),
    ("کاسهٔ سالاد از چوب زیتون", "۸۹۰٬۰۰۰ تومان"),
    ("گلدان لعابی با گیاه فیکوس، ۴۰ سانتی‌متر، با بسته‌بندی محکم", "۵۴۰٬۰۰۰ تومان"),
    ("Moleskine نقطه‌ای", "۱۵۵٬۰۰۰ تومان"),
    ("کیف سفری برزنتی", "۲٬۹۰۰٬۰۰۰ تومان"),
)
_WORDS = {
    "en": {
        "titles": {"goes-with": "Goes well with it", "popular": "Popular now", "messages": "For you"},
        "why": ("At least 20 customers bought both", "You have bought it several times"),
        "close": "Close",
        "message": ("Your candles may be running low", "The beeswax set you like is back, £3 off until Sunday."),
    },
    "fa": {
        "titles": {"goes-with": "با این خوب جور می‌شود", "popular": "پرطرفدار این روزها", "messages": "برای شما"},
        "why": ("دست‌کم ۲۰ مشتری این را همراه آن خریدند", "چند بار خریده‌اید"),
        "close": "بستن",
        "message": (
            "شاید شمع‌هایتان رو به تمام شدن است",
            "بستهٔ موم عسلی که دوست داشتید دوباره موجود شد، تا جمعه ۱۰٪ ارزان‌تر.",
        ),
    },
}  # fmt: skip


def picture(place: int) -> str:
    """A thing, drawn."""
    shape, hue = list(_SHAPES.values())[place % len(_SHAPES)], (place * 47 + 20) % 360
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 60" width="400" height="400"><rect width="60" '
        f'height="60" fill="hsl({hue} 30% 90%)"/><path d="{shape}" fill="hsl({hue} 34% 42%)"/></svg>'
    )


@dataclass
class World:
    """The API as a page sees it, and the shop. `mode`: well, slow, 401 (to whoever has a token), 401 for everybody,
    500, 403, html, shapeless, empty, evil."""

    mode: str = "well"
    items: int = 8
    messages: int = 2
    shop: str = ""
    api: str = ""
    pages: dict[str, tuple[str, Headers]] = field(default_factory=dict)
    asked: list[tuple[dict[str, list[str]], Headers]] = field(default_factory=list)
    told: list[tuple[Json, Headers]] = field(default_factory=list)
    tokens: list[Headers] = field(default_factory=list)
    token: str | None = TOKEN
    guests_get_less: bool = False  # as from the real API: who has no token gets nothing personal
    held_up: threading.Event = field(default_factory=threading.Event)  # where the script or answers wait: until then
    late: bool = False  # whether the script waits

    def page(self, body: str, head: str = "", script: str = "", **how: Any) -> str:
        """A page of the shop; returns its address. `script`: attributes of the script tag; `how`: language, csp,
        tag (in place of the script's), before_paint (as if it were in the browser's cache)."""
        language = how.get("language", "en")
        direction = "rtl" if language == "fa" else "ltr"
        when = "" if how.get("before_paint") else "defer"
        tag = f'<script src="{self.api}/widget.js" data-key="pk_acme_1" {when} {script}></script>'
        html = (
            f'<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f'<link rel="stylesheet" href="/shop.css">{head}{how.get("tag", tag)}<body>{body}</body></html>'
        )
        path = f"/page-{len(self.pages)}"
        self.pages[path] = (html, {"Content-Security-Policy": how["csp"]} if "csp" in how else {})
        return self.shop + path

    def answer(self, query: dict[str, list[str]], personal: bool) -> tuple[int, str, str]:
        """Status, media type and body."""
        limits: dict[str, int] = {}
        for name, _, limit in (asked.partition(":") for asked in query["slots"][0].split(",")):
            limits[name] = max(limits.get(name, 0), int(limit or query["limit"][0]))
        language = "fa" if query.get("language", [""])[0].startswith("fa") else "en"
        slots = [self._slot(name, language, limit) for name, limit in limits.items()]
        if self.mode == "evil":
            slots = [_evil(name) for name in limits]
        if self.guests_get_less and not personal:
            slots = [slot if slot["name"] in ("goes-with", "popular") else slot | {"items": []} for slot in slots]
        if self.mode == "preview":
            slots = [slot | {"items": [item | {"rid": None} for item in slot["items"]]} for slot in slots]
        told = {
            "language": language,
            "direction": "rtl" if language == "fa" else "ltr",
            "personal": personal,
            "arm": "treated" if personal else None,
            "preview": self.mode == "preview",
            "learned_at": "2026-11-22T02:10:00Z",
            "slots": slots,
        }
        answers = {
            "401": (401, "application/problem+json", '{"status":401,"field":"token"}'),
            "401 for everybody": (401, "application/problem+json", '{"status":401,"field":"key"}'),
            "500": (500, "application/problem+json", '{"status":500}'),
            "403": (403, "application/problem+json", '{"status":403,"detail":"add-shop --origin"}'),
            "html": (200, "text/html", "<h1>Wi-Fi login</h1>"),
            "shapeless": (200, "application/json", '{"slots":[{"name":"popular","items":"none"},null,7]}'),
        }
        mode = "well" if self.mode == "401" and not personal else self.mode
        return answers.get(mode, (200, "application/json", json.dumps(told)))

    def _slot(self, name: str, language: str, limit: int) -> Json:
        words = _WORDS[language]
        title = words["titles"].get(name, words["titles"]["popular"])
        if name == "messages":
            count = 0 if self.mode == "empty" else min(self.messages, limit)
            items = [_message(place, self.shop, *words["message"]) for place in range(count)]
            return {"name": name, "kind": "messages", "title": title, "close": words["close"], "items": items}
        count = 0 if self.mode == "empty" else min(self.items, limit)
        return {
            "name": name,
            "kind": "products",
            "title": title,
            "items": [self._item(name, place, language) for place in range(count)],
        }

    def _item(self, name: str, place: int, language: str) -> Json:
        title, price = (_PERSIAN if language == "fa" else _ENGLISH)[place % 8]
        return {
            "product_id": str(place),
            "title": title,
            "url": f"{self.shop}/products/{place}",
            "image": None if place == 6 else f"{self.api}/pictures/{place}",
            "price": None if place == 13 else {"amount": 1299, "currency": "GBP", "exponent": 2, "text": price},
            "why": {"code": "bought_together", "params": {}, "text": _WORDS[language]["why"][place % 2]},
            "rid": f"r_{name}_{place}",
        }


def _message(place: int, shop: str, title: str, text: str) -> Json:
    return {
        "id": f"f_{place}",
        "title": title if place == 0 else f"{title} ({place + 1})",
        "text": text,
        "url": f"{shop}/sale" if place == 0 else None,
        "rid": f"r_m_{place}",
    }


def _evil(name: str) -> Json:
    """What somebody who got into a shop's catalogue would try."""
    bad = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>"
    urls = ("javascript:window.pwned=1", "JAVASCRIPT://%0awindow.pwned=1", "data:text/html,x", " \tjavascript:1", None)
    items: list[Any] = [{"product_id": "1", "title": "never", "url": url, "image": url, "rid": "r_x"} for url in urls]
    good = {"product_id": "2", "title": bad, "url": "https://shop.test/a", "image": "javascript:window.pwned=1"}
    items.append({**good, "price": {"text": bad}, "why": {"text": bad}, "rid": 'r_"><b>', "id": "__proto__"})
    return {"name": name, "kind": "products", "title": bad, "items": items}


def _handler(world: World, is_api: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_OPTIONS(self) -> None:
            allowed = {"Access-Control-Allow-Headers": "authorization,content-type"}
            self._say(204, "text/plain", b"", allowed)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            world.told.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self._say(202, "application/json", b'{"accepted":1}')

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if is_api:
                self._api(url.path, parse_qs(url.query))
            elif url.path == "/token":
                world.tokens.append({name.lower(): value for name, value in self.headers.items()})
                self._say(200 if world.token else 401, "application/json", json.dumps({"token": world.token}).encode())
            elif url.path == "/shop.css":
                self._say(200, "text/css", (Path(__file__).parent / "storefront_shop.css").read_bytes())
            elif url.path in world.pages:
                html, headers = world.pages[url.path]
                self._say(200, "text/html; charset=utf-8", html.encode(), headers)
            else:
                self._say(200, "text/html", b"<!doctype html><title>elsewhere</title>")

        def _api(self, path: str, query: dict[str, list[str]]) -> None:
            if path == "/v1/slots":
                world.asked.append((query, {name.lower(): value for name, value in self.headers.items()}))
                if world.mode == "slow":
                    world.held_up.wait()
                status, kind, body = world.answer(query, "authorization" in self.headers)
                self._say(status, kind, body.encode())
            elif path.startswith("/pictures/"):
                self._say(200, "image/svg+xml", picture(int(path.rsplit("/", 1)[1])).encode())
            else:
                if world.late:
                    world.held_up.wait()
                answered = ask("GET", path)
                kept = {
                    name: value for name, value in answered.headers.items() if name != "access-control-allow-origin"
                }
                self._say(answered.status, kept.pop("content-type"), answered.text.encode(), kept)

        def _say(self, status: int, kind: str, body: bytes, headers: Headers | None = None) -> None:
            try:
                self.send_response(status)
                told = {"Content-Type": kind, "Content-Length": str(len(body)), "Access-Control-Allow-Origin": "*"}
                for name, value in {**told, **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # the page did not wait for it
                self.close_connection = True

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that is closed drops its connections."""


class Open:
    """Both servers while the block lasts; `with Open() as world`."""

    def __enter__(self) -> World:
        self._world = world = World()
        self._servers = [_Server(("127.0.0.1", 0), _handler(world, is_api)) for is_api in (True, False)]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        world.api, world.shop = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)
        return world

    def __exit__(self, *_: object) -> None:
        self._world.held_up.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()


def showcase(world: World, layout: str, language: str) -> str:
    """A believable product page with one slot; its address."""
    name = "messages" if layout == "message" else "goes-with"
    attributes = f'name="{name}" layout="{layout}" page="product" product="123" limit="{_LIMITS[layout]}"'
    slot = f"<ecrm-slot {attributes}></ecrm-slot>"
    words = _SHOP[language]
    body = f"<header><b>{words[0]}</b><nav>{words[1]}</nav></header><main>{slot}<p>{words[2]}</p></main>"
    return world.page(body, f"<style>{_KEPT}</style>", language=language, before_paint=True)


_LIMITS = {"list": 8, "strip": 8, "message": 2}
# For two messages on a phone: the script keeps none for them, which may not come.
_KEPT = "ecrm-slot[name=messages] { min-height: 17em }"
_SHOP = {
    "en": (
        "Linden & Sons",
        "<a href='#'>New</a> <a href='#'>Home</a> <a href='#'>Kitchen</a>",
        "Made in small runs, sent within two days, and taken back for sixty.",
    ),
    "fa": (
        "خانهٔ زیزفون",
        "<a href='#'>تازه‌ها</a> <a href='#'>خانه</a> <a href='#'>آشپزخانه</a>",
        "کم‌تیراژ ساخته می‌شود، دو روزه می‌رسد و تا شصت روز پس گرفته می‌شود.",
    ),
}


def photographed(world: World, browser: Browser, out: Path) -> Iterable[Path]:
    """Every layout × language × scheme × width."""
    for layout in _LIMITS:
        for language in _SHOP:
            for scheme in ("light", "dark"):
                for width, height in ((1200, 900), (390, 844)):
                    page = browser.page(width, height, prefers_color_scheme=scheme)
                    page.open(showcase(world, layout, language))
                    shown(page)
                    file = out / f"{layout}-{language}-{scheme}-{width}.png"
                    page.picture(file)
                    page.close()
                    yield file


def shown(page: Page) -> None:
    """Until the slot has its items and their pictures."""
    page.until("document.querySelector('ecrm-slot').shadowRoot?.querySelector('section:not([inert])') != null")
    page.until(
        "[...document.querySelector('ecrm-slot').shadowRoot.querySelectorAll('img')].every("
        "one => one.complete || one.getBoundingClientRect().left > innerWidth || one.getBoundingClientRect().left < 0"
        " || one.getBoundingClientRect().top > innerHeight)"
    )


def main(out: Path) -> None:
    """Fills `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with Open() as world, Browser() as browser:
        for file in photographed(world, browser, out):
            print(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
