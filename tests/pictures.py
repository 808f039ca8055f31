"""`python -m tests.pictures OUT [LANGUAGE …]`: every text as customers see it, on desktops, on phones and in the dark.

Each mail becomes a page of its own in OUT; sheets show a few beside each other, and where there is a Chromium, it takes
a picture of each sheet.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from chalicelib import languages
from chalicelib.domain.money import Money
from chalicelib.domain.shop import Shop
from chalicelib.work.about import About, Pick
from chalicelib.work.render import render_mail
from tests.letters import COUPON, DOLLARS, LINDEN, LINKS, PICKS, SHIRT, about, line, shipped

# name -> width of one mail, mails on a sheet, height of the sheet
SIZES = {"desktop": (700, 3, 1250), "phone": (390, 5, 1420), "dark": (390, 5, 1420)}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_QUIET = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars"
_ABOUT_AN_ORDER = ("thank-you", "how-was-it", "make-it-right", "access-link")
# Drawn here, so that looking needs no network.
_DRAWN = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 60 60'%3E%3Crect width='60' height='60' "
    "fill='%23dde5ea'/%3E%3Cpath d='M18 16l8-3h8l8 3 7 8-6 5-4-4v22H21V25l-4 4-6-5z' fill='%23557a86'/%3E%3C/svg%3E"
)
_THINGS = {
    "de": ("Bettlaken aus Leinen, natur", "Bienenwachskerzen, drei Stück", "Jonas Weber"),
    "fr": ("Drap en lin, naturel", "Bougies en cire d’abeille, lot de trois", "Sara"),
    "es": ("Sábana de lino, natural", "Velas de cera de abeja, juego de tres", "Sara"),
    "ar": ("ملاءة سرير من الكتان", "شموع من شمع العسل، ثلاث قطع", "سارة"),
}
_PLACES = {
    "de": ("de-DE", "Linden & Söhne", "Hauptstraße 12, 10827 Berlin"),
    "fr": ("fr-FR", "Maison Tilleul", "12 rue des Tilleuls, 69001 Lyon"),
    "es": ("es-ES", "Casa Tilo", "Calle Mayor 12, 28013 Madrid"),
    "ar": ("ar-EG", "بيت الزيزفون", "١٢ شارع النيل، القاهرة"),
}


def scene(language: str, name: str) -> About:
    """A customer of a shop that speaks `language`."""
    purpose = "transactional" if name in _ABOUT_AN_ORDER else "marketing"
    links = {key: url for key, url in LINKS.items() if key != "unsubscribe" or purpose == "marketing"}
    if language == "fa":
        return about("fa", purpose, products={"10": SHIRT}, links=links)
    told: dict[str, Any] = {
        "links": links,
        "shop": _shop(language),
        "order": _order(language),
        "picks": _picks(language),
    }
    coupon = replace(COUPON, code="BACK-7K3MQ9", least=Money(5_000, "USD"))
    who = _THINGS.get(language, ("", "", "Sara O'Neil"))[2]
    return about(language, purpose, name=who, locale=None, products={"10": SHIRT}, coupon=coupon, **told)


def _shop(language: str) -> Shop:
    if language not in _PLACES:
        return replace(LINDEN, postal_address="12 Elm Street, Portland, ME 04101, USA")
    locale, name, address = _PLACES[language]
    return replace(LINDEN, locale=locale, name=name, postal_address=address)


def _order(language: str) -> Any:
    first, second, _ = _THINGS.get(language, ("Linen bed sheet, double, natural", "Beeswax candles, set of three", ""))
    lines = (line(first, total=8_900, product="10"), line(second, quantity=2, total=5_380))
    return replace(DOLLARS, lines=lines)


def _picks(language: str) -> tuple[Pick, ...]:
    first, second, _ = _THINGS.get(language, ("Linen bed sheet, double, natural", "Beeswax candles, set of three", ""))
    return (
        replace(PICKS[0], title=second, price=Money(2_690, "USD"), currency_original="USD", params={"title": first}),
        replace(PICKS[1], title=first),
    )


def page(language: str, name: str) -> str:
    """The mail's HTML, with drawn pictures."""
    mail = render_mail(shipped(name, language), scene(language, name))
    return re.sub(r'src="https://[^"]*"', f'src="{_DRAWN}"', mail.html)


def sheet(pages: Iterable[tuple[str, str]], size: str) -> str:
    """Pages (title, html) beside each other, as wide as on that machine."""
    width, _, height = SIZES[size]
    shown = "".join(
        f'<figure style="margin:0 8px 8px 0;float:left"><figcaption style="font:14px sans-serif;padding:4px">{title}'
        f'</figcaption><iframe width="{width}" height="{height}" style="border:0" srcdoc="{escape(_as(html, size))}">'
        "</iframe></figure>"
        for title, html in pages
    )
    return f'<!doctype html><meta charset="utf-8"><body style="margin:8px;background:#888">{shown}'


def _as(html: str, size: str) -> str:
    return html.replace("(prefers-color-scheme: dark)", "all") if size == "dark" else html


def main(out: Path, wanted: Iterable[str]) -> None:
    """Fills `out`."""
    browser = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    for language in wanted:
        pages = [(name, page(language, name)) for name in languages.texts(language)]
        (out / language).mkdir(parents=True, exist_ok=True)
        for name, html in pages:
            (out / language / f"{name}.html").write_text(html, encoding="utf-8")
        for size, (width, count, height) in SIZES.items():
            for first in range(0, len(pages), count):
                file = out / f"{language}-{size}-{first // count + 1}.html"
                file.write_text(sheet(pages[first : first + count], size), encoding="utf-8")
                if browser:
                    _photographed(browser, file, (width + 8) * count + 16, height + 40)


def _photographed(browser: str, file: Path, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as profile:
        where = [f"--user-data-dir={profile}", f"--screenshot={file.with_suffix('.png')}", file.resolve().as_uri()]
        command = [browser, *_QUIET.split(), f"--window-size={width},{height}", *where]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    print(file.with_suffix(".png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or languages.names())
