"""What messages in tests are about: two shops, an order, picks, a coupon, and data that means harm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from chalicelib import languages
from chalicelib.domain.coupon import Coupon
from chalicelib.domain.events import Product
from chalicelib.domain.money import Money
from chalicelib.domain.order import Buyer, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import Text
from chalicelib.work.about import About, Pick
from chalicelib.work.render import Mail, render_mail

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
LINKS = {
    "shop": "https://toranj.test/",
    "order": "https://toranj.test/orders/16",
    "rating": "https://api.test/r/f_1",
    "preferences": "https://api.test/m/abc",
    "unsubscribe": "https://api.test/u/abc",
    "review": "https://reviews.test/toranj",
    "cart": "https://toranj.test/cart/7",
    "access": "https://api.test/m/fresh",
}
TORANJ = Shop(
    slug="toranj",
    platform="woocommerce",
    connected_at="2026-01-01T00:00:00Z",
    locale="fa-IR",
    currency="IRT",
    timezone="Asia/Tehran",
    country="IR",
    sender="پوشاک ترنج <shop@toranj.test>",
    postal_address="تهران، خیابان ولی‌عصر، پلاک ۱۲",
    name="پوشاک ترنج",
)
LINDEN = replace(
    TORANJ, slug="linden", locale="en-US", currency="USD", country="US", name="Linden Home", postal_address="12 Elm St"
)


def line(title: str, quantity: int = 1, total: int = 2_990_000, product: str | None = None) -> Line:
    """One line of an order."""
    return Line(product, None, None, title, quantity, total, total)


ORDER = Order(
    id="16",
    number="16",
    status="placed",
    payment="none",
    fulfilment="none",
    currency="IRR",
    currency_original="IRT",
    total=6_330_000,
    subtotal=5_980_000,
    discount=0,
    tax=0,
    shipping=350_000,
    placed_at="2026-11-21T21:02:00Z",
    updated_at="2026-11-21T21:02:00Z",
    cash_on_delivery=True,
    buyer=Buyer(email="sara@example.test", name="سارا محمدی", locale="fa-IR"),
    lines=(line("پیراهن مردانه نخی", product="10"), line("شلوار کتان Slim Fit")),
)
SHIRT = Product("10", "پیراهن", "2026-11-01T00:00:00Z", "https://toranj.test/p/10", "https://toranj.test/p/10.jpg")
PICKS = (
    Pick(
        "20",
        "جوراب نخی ساده",
        "https://toranj.test/p/20",
        "https://toranj.test/p/20.jpg",
        Money(800_000, "IRR"),
        "IRT",
        "why_goes_with",
        {"title": "پیراهن مردانه نخی"},
    ),
    Pick("21", "کمربند چرم", "https://toranj.test/p/21", why="why_bought", params={"date": "2026-10-02T08:00:00Z"}),
)
COUPON = Coupon(
    "TORANJ-7K3MQ9", "welcome-back", "2027-01-01T00:00:00Z", percent=20, least=Money(5_000_000, "IRR"), provider_id="9"
)
DOLLARS = replace(
    ORDER,
    currency="USD",
    currency_original="USD",
    total=14_880,
    shipping=600,
    buyer=Buyer(name="Sara O'Neil"),
    lines=(line("Linen sheet & pillow", total=14_280),),
)


def about(language: str = "fa", purpose: str = "marketing", **changes: Any) -> About:
    """Everything a message can be about, with `changes`."""
    plain = About(
        shop=TORANJ,
        language=language,
        purpose=purpose,
        now=NOW,
        name="سارا محمدی",
        locale="fa-IR",
        links=LINKS,
        order=ORDER,
        products={"10": SHIRT},
        picks=PICKS,
        coupon=COUPON,
    )
    return replace(plain, **changes)


def shipped(name: str, language: str) -> Text:
    """A text that ships."""
    text = languages.text(language, name)
    assert text is not None, f"{language}/{name}"
    return text


def mail(text: str = "thank-you", language: str = "fa", **changes: Any) -> Mail:
    """A shipped text's mail."""
    return render_mail(shipped(text, language), about(language, **changes))


class Page(HTMLParser):
    """What a reader and a client see of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.attributes: list[str] = []
        self.said = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "tags close in the order in which they opened"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.said += data


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ shop.name }}{% if %}'
_EVIL_PICK = Pick(EVIL, EVIL, EVIL, EVIL, Money(1, "USD"), "", "why_goes_with", {"title": EVIL, "date": EVIL})
NASTY: dict[str, dict[str, Any]] = {
    "as it should be": {},
    "no name": {"name": "", "order": replace(ORDER, buyer=Buyer(email="a@b.test"))},
    "no lines": {"order": replace(ORDER, lines=())},
    "no pictures, no products": {"products": {}},
    "no links but those it must have": {"links": {"unsubscribe": LINKS["unsubscribe"]}},
    "no postal address": {"shop": replace(TORANJ, postal_address="")},
    "no shop name": {"shop": replace(TORANJ, name="", sender="")},
    "no picks": {"picks": ()},
    "picks of nothing but a title": {"picks": (Pick("1", "شال"), Pick("2", ""))},
    "reasons that no language knows": {
        "picks": (replace(PICKS[0], why="why_magic"), replace(PICKS[1], params={}), replace(PICKS[0], why="font"))
    },
    "thirty picks": {"picks": PICKS * 15},
    "no coupon": {"coupon": None},
    "a coupon of an amount, with a long code": {
        "coupon": replace(COUPON, code="Q" * 300, percent=None, amount=Money(500_000, "IRR"), least=None)
    },
    "a coupon worth nobody knows what": {"coupon": replace(COUPON, percent=None, least=None)},
    "a name of 200 letters": {"name": "س" * 200},
    "a name of 200 words": {"name": "سارا " * 200},
    "HTML and Liquid everywhere": {
        "name": EVIL,
        "locale": EVIL,
        "order": replace(ORDER, number=EVIL, buyer=Buyer(name=EVIL), lines=(line(EVIL, product="10"),)),
        "shop": replace(TORANJ, name=EVIL, postal_address=EVIL),
        "products": {"10": replace(SHIRT, title=EVIL, url=EVIL, image=EVIL)},
        "picks": (_EVIL_PICK, replace(_EVIL_PICK, url="javascript:alert(1)")),
        "coupon": replace(COUPON, code=EVIL, rule=EVIL),
        "links": {**LINKS, "shop": EVIL, "order": "javascript:alert(1)", "review": EVIL, "cart": "data:text/html,x"},
    },
    "emoji and joined letters": {
        "name": "سارا 👩🏽‍🚀",
        "order": replace(ORDER, lines=(line("🎁 ست ۳ تایی"), line("👨‍👩‍👧"))),
    },
    "line breaks, NUL and bidi overrides": {
        "name": "سا\u202eرا\0\r\nX: y",
        "order": replace(ORDER, number="16\r\nBcc: a@b.test", lines=(line("a\u2066b\nc"),)),
        "shop": replace(TORANJ, name="ترنج\r\nBcc: a@b.test\u202e"),
        "picks": (replace(PICKS[0], title="x\r\nBcc: a@b.test\u202e"),),
        "coupon": replace(COUPON, code="A\r\nBcc: a@b.test"),
    },
    "a title of 5,000 letters": {
        "order": replace(ORDER, lines=(line("پیراهن " * 700),)),
        "picks": (replace(PICKS[0], title="شال " * 1_250),),
    },
    "a line without a title": {"order": replace(ORDER, lines=(line(""), line("  ")))},
    "300 lines": {"order": replace(ORDER, lines=tuple(line(f"کالای {n}", product="10") for n in range(300)))},
    "the longest of everything": {
        "name": "س" * 40,
        "shop": replace(TORANJ, name="ش" * 80, postal_address="ن" * 200),
        "order": replace(ORDER, number="9" * 40, lines=tuple(line("ک" * 120, product="10") for _ in range(300))),
        "products": {
            "10": replace(SHIRT, url="https://a.test/" + "u" * 400, image="https://a.test/" + "i" * 400),
        },
        "picks": (replace(PICKS[0], title="ک" * 120, url="https://a.test/" + "p" * 400, params={"title": "ت" * 120}),)
        * 10,
    },
    "nothing but lines of none": {"order": replace(ORDER, lines=(line("پیراهن", quantity=0),))},
    "a free order in an odd currency": {"order": replace(ORDER, total=0, currency="ZZZ", currency_original="ZZZ")},
    "an unknown zone and locale": {"shop": replace(TORANJ, timezone="Nowhere/Land", locale="zz-ZZ"), "locale": "x"},
    "a percent sign and braces": {
        "order": replace(ORDER, lines=(line("{n} 100% {0} {shop} %s"),)),
        "picks": (replace(PICKS[0], title="{n} 100% {0}", params={"title": "{0.__class__} {n}"}),),
    },
}
