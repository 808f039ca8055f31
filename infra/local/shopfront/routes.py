"""What is at which address of a shop: requests in, replies out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from chalicelib.domain.people import clean_email
from infra.local.shopfront import pictures
from infra.local.shopfront.front import SPANS, Front, Notice
from infra.local.shopfront.pages import Pages
from infra.local.shopfront.visits import Visit
from infra.local.shopfront.wire import Unreachable

_ASSETS = Path(__file__).with_name("assets")
_KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_NO_STORE = {"Cache-Control": "no-store"}
# A picture is a document of its own when somebody opens it: it runs nothing.
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_LONGEST = 200


@dataclass(frozen=True)
class Request:
    """`form`: the fields of a posted form. `own`: it comes from a page of this shop, as far as the browser says."""

    method: str
    target: str
    form: dict[str, str] = field(default_factory=dict)
    cookie: str = ""
    accept: str = ""
    own: bool = True

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        return fields(urlsplit(self.target).query)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


View = Callable[[Request, Visit], Reply]


class Routes:
    """Answers for one shop."""

    def __init__(self, front: Front) -> None:
        self._front, self._pages = front, Pages(front)
        self._cookie = f"visit-{front.place.slug}"
        self._exact: dict[tuple[str, str], View] = {
            ("GET", "/"): lambda _, visit: _page(self._pages.home(visit)),
            ("GET", "/search"): lambda asked, visit: _page(self._pages.search(visit, asked.query.get("q", ""))),
            ("GET", "/cart"): lambda _, visit: _page(self._pages.cart(visit)),
            ("GET", "/checkout"): self._checkout,
            ("POST", "/checkout"): self._buy,
            ("POST", "/cart/add"): self._add,
            ("POST", "/cart/set"): self._set,
            ("GET", "/account"): lambda _, visit: _page(self._pages.account(visit)),
            ("POST", "/account/login"): self._log_in,
            ("POST", "/account/logout"): self._log_out,
            ("GET", "/account/ecrm-token"): self._token,
            ("POST", "/consent"): self._consent,
            ("POST", "/demo/clock"): self._move,
            ("GET", "/demo/story"): self._story,
            ("GET", "/demo/arm"): self._arm,
        }
        self._folders: dict[str, Callable[[str, Visit], Reply | None]] = {
            "product": self._product, "category": self._category, "thanks": self._thanks,
        }  # fmt: skip

    def answer(self, asked: Request) -> Reply:
        """The reply to one request. A form that another site sent is not taken."""
        if fixed := self._fixed(asked):
            return fixed
        if asked.method == "POST" and not asked.own:
            return Reply(403, b"Only from pages of this shop", "text/plain")
        visit = self._front.visits.of(_cookie(asked.cookie, self._cookie))
        reply = self._visited(asked, visit)
        kept = f"{self._cookie}={visit.key}; Path=/; HttpOnly; SameSite=Lax"
        return Reply(reply.status, reply.body, reply.kind, {**_NO_STORE, **reply.headers, "Set-Cookie": kept})

    def _visited(self, asked: Request, visit: Visit) -> Reply:
        if view := self._exact.get((asked.method, asked.path)):
            return view(asked, visit)
        folder, _, name = asked.path.removeprefix("/").partition("/")
        found = self._folders[folder](name, visit) if asked.method == "GET" and folder in self._folders else None
        return found or _page(self._pages.not_here(visit), 404)

    def _fixed(self, asked: Request) -> Reply | None:
        """What is the same for everybody: style, script, pictures."""
        path, place = asked.path, self._front.place
        if asked.method != "GET":
            return None
        if path in ("/shop.css", "/shop.js"):
            return Reply(200, (_ASSETS / path[1:]).read_bytes(), _KINDS[path.rpartition(".")[2]])
        if path == "/favicon.svg":
            return _picture(pictures.badge(place.badge, place.colour))
        product = place.catalogue.by_id.get(path.removeprefix("/pictures/").removesuffix(".svg"))
        return _picture(pictures.drawn(product)) if path.startswith("/pictures/") and product else None

    def _product(self, slug: str, visit: Visit) -> Reply | None:
        product = self._front.place.catalogue.at(slug)
        return _page(self._pages.product(visit, product)) if product else None

    def _category(self, name: str, visit: Visit) -> Reply | None:
        known = name in self._front.place.catalogue.categories
        return _page(self._pages.category(visit, name)) if known else None

    def _thanks(self, number: str, visit: Visit) -> Reply | None:
        """Only whoever bought it in this visit sees it: numbers can be guessed."""
        return _page(self._pages.thanks(visit, self._front.orders[number])) if number in visit.orders else None

    def _add(self, asked: Request, visit: Visit) -> Reply:
        id = asked.form.get("product", "")
        if id in self._front.place.catalogue.by_id:
            self._front.put(visit, id, visit.cart.get(id, 0) + 1)
        if "application/json" in asked.accept:
            said = self._front.place.speech.number(visit.pieces)
            return _json({"pieces": said, "products": list(visit.cart)})
        return _to("/cart")

    def _set(self, asked: Request, visit: Visit) -> Reply:
        id, quantity = asked.form.get("product", ""), asked.form.get("quantity", "")
        if id in visit.cart and (asked.form.get("none") or (quantity.isdecimal() and len(quantity) < 4)):
            self._front.put(visit, id, 0 if asked.form.get("none") else int(quantity))
        return _to("/cart")

    def _checkout(self, asked: Request, visit: Visit) -> Reply:
        return _page(self._pages.checkout(visit)) if visit.cart else _to("/cart")

    def _buy(self, asked: Request, visit: Visit) -> Reply:
        if not visit.cart:
            return _to("/cart")
        typed = {name: asked.form.get(name, "").strip()[:_LONGEST] for name in ("name", "email", "phone")}
        if not typed["name"] or not clean_email(typed["email"]):
            return _page(self._pages.checkout(visit, True, typed), 422)
        door, subscribes = asked.form.get("pay") == "door", asked.form.get("subscribe") == "yes"
        sold = self._front.sell(visit, Notice(**typed, at_the_door=door, subscribes=subscribes))
        return _to(f"/thanks/{sold.number}")

    def _log_in(self, asked: Request, visit: Visit) -> Reply:
        email = asked.form.get("email", "").strip()[:_LONGEST]
        if clean_email(email):
            self._front.log_in(visit, asked.form.get("name", "")[:_LONGEST], email)
        return _to("/account")

    def _log_out(self, asked: Request, visit: Visit) -> Reply:
        visit.customer = None
        return _to("/account")

    def _token(self, asked: Request, visit: Visit) -> Reply:
        """Who is logged in, for the API; nobody: null. Never kept anywhere."""
        if not asked.own:
            return Reply(403, b"{}", "application/json")
        try:
            token = self._front.token(visit)
        except Unreachable:
            return Reply(503, b"{}", "application/json", {"Cache-Control": "no-store, private"})
        return _json({"token": token})

    def _consent(self, asked: Request, visit: Visit) -> Reply:
        visit.agreed = asked.form.get("agreed") == "yes"
        return _json({"agreed": visit.agreed}) if "application/json" in asked.accept else _back(asked)

    def _move(self, asked: Request, visit: Visit) -> Reply:
        span = asked.form.get("span", "")
        try:
            if span in SPANS:
                self._front.move(span)
        except Unreachable:
            return _page(self._pages.stopped(visit), 503)
        return _back(asked)

    def _story(self, asked: Request, visit: Visit) -> Reply:
        """Her story as the shop's owner sees it, on the API's own pages."""
        try:
            return _to(self._front.story(visit))
        except Unreachable:
            return _page(self._pages.stopped(visit), 503)

    def _arm(self, asked: Request, visit: Visit) -> Reply:
        try:
            return _json({"arm": self._front.arm(visit)})
        except Unreachable:
            return _json({"arm": None})


def _page(html: str, status: int = 200) -> Reply:
    return Reply(status, html.encode())


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode(), "application/json", {"Cache-Control": "no-store, private"})


def _picture(svg: bytes) -> Reply:
    headers = {"Cache-Control": "public, max-age=3600", "Content-Security-Policy": _PICTURE_POLICY}
    return Reply(200, svg, _KINDS["svg"], headers)


def _to(address: str) -> Reply:
    return Reply(303, headers={"Location": address})


def _back(asked: Request) -> Reply:
    """To the page of this shop from which the form was sent, and nowhere else."""
    path = asked.form.get("back", "/")
    local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return _to(quote(path, safe="/?=&%+-_.~") if local else "/")


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def fields(text: str) -> dict[str, str]:
    """A query or form: the last of each name. One of more than a hundred is none of ours."""
    try:
        return {name: values[-1] for name, values in parse_qs(text, max_num_fields=100).items()}
    except ValueError:
        return {}
