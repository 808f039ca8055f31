"""A cart that changes without a reload, in a real browser: what WooCommerce's blocks and Shopify's themes tell of it,
and what the slots are told then. Needs Chromium; without it these tests are skipped and say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.chromium import Browser, Page, found

pytestmark = pytest.mark.skipif(found() is None, reason="no Chromium on this machine: no cart was changed in a browser")
SHOP_SIDE = Path(__file__).parents[1] / "webhooks" / "storefront"
WOOCOMMERCE = (SHOP_SIDE / "woocommerce" / "ecrm-storefront.js").read_text("utf-8")
SHOPIFY = (SHOP_SIDE / "shopify" / "ecrm.liquid").read_text("utf-8")
SLOT = "<ecrm-slot name=goes-with></ecrm-slot>"
# What the slots hear, and a server whose answers the test gives: `answers`, in the order of the questions.
EARS = """
window.told = []; window.asked = []; window.answers = []; window.rejections = [];
document.addEventListener("ecrm:cart", ({detail}) => told.push(detail));
addEventListener("unhandledrejection", ({reason}) => rejections.push(String(reason)));
window.fetch = async (url, options) => { asked.push([url, options?.cache]); return {json: await answers.shift()()} };
window.answer = (body) => answers.push(async () => async () => body);
window.ecrmStorefront = {cart: "/wp-admin/admin-ajax.php?action=ecrm_cart"};
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.page()
    page.before(EARS)
    yield page
    assert (page.run("rejections"), page.errors()) == ([], [])
    page.close()


def shop(page: Page, body: str = SLOT, told: str = "") -> None:
    """A page of a WooCommerce shop, with the plugin's script at its end."""
    html = f"<script type=module data-key=pk_acme_x {told}></script><body>{body}<script>{WOOCOMMERCE}</script>"
    page.open("data:text/html," + quote(html))


ADDED = "document.body.dispatchEvent(new CustomEvent('wc-blocks_added_to_cart', {bubbles: true}))"
SYNCED = "dispatchEvent(new CustomEvent('wc-blocks_store_sync_required', {detail: {type: 'from_iAPI'}}))"


def blocks(page: Page, name: str, bubbles: bool = True) -> None:
    page.run(f"document.body.dispatchEvent(new CustomEvent('wc-blocks_{name}', {{bubbles: {json.dumps(bubbles)}}}))")


def synced(page: Page) -> None:
    page.run(SYNCED)


def answers(page: Page, cart: str) -> None:
    page.run(f"answer({{cart: {json.dumps(cart)}}})")


def pause(page: Page, seconds: float = 0.4) -> None:
    """Longer than the plugin waits for the next event of the same change."""
    page.run(f"new Promise(done => setTimeout(done, {seconds * 1000}))")


# --- WooCommerce's blocks ---


def test_a_button_of_a_block_is_heard_and_one_change_is_asked_for_once(page: Page) -> None:
    shop(page)
    answers(page, "44,45")
    page.run(f"{ADDED}; {SYNCED}")  # one after the other, as it waits for no more than a moment
    page.until("told.length")
    assert page.run("told") == [["44", "45"]]
    assert page.run("asked") == [["/wp-admin/admin-ajax.php?action=ecrm_cart", "no-store"]]


def test_what_is_taken_out_of_the_mini_cart_is_heard_also_where_the_event_does_not_bubble(page: Page) -> None:
    shop(page, told="data-cart=44,45")
    answers(page, "44")
    blocks(page, "removed_from_cart", bubbles=False)
    page.until("told.length == 1")
    answers(page, "")
    synced(page)
    page.until("told.length == 2")
    assert page.run("told") == [["44"], []]


def test_another_quantity_of_the_same_products_asks_for_no_slot_anew(page: Page) -> None:
    shop(page, told="data-cart=44,45")
    answers(page, "44,45")
    synced(page)
    page.until("asked.length")
    pause(page, 0.05)
    assert page.run("told") == []


def test_a_page_without_slots_asks_for_nothing(page: Page) -> None:
    shop(page, body="<p>Imprint</p>")
    blocks(page, "added_to_cart")
    pause(page)
    assert page.run("asked") == []


def test_the_cart_that_is_empty_after_an_order_does_not_displace_what_was_bought(page: Page) -> None:
    shop(page, told="data-page=confirmation data-cart=7,8")
    answers(page, "")
    synced(page)
    page.until("asked.length")
    pause(page, 0.05)
    assert page.run("told") == []


def test_an_answer_that_was_overtaken_counts_no_more(page: Page) -> None:
    shop(page)
    page.run("answers.push(() => new Promise(done => window.late = () => done(async () => ({cart: '44'}))))")
    blocks(page, "added_to_cart")
    page.until("asked.length == 1")
    answers(page, "44,45")
    blocks(page, "added_to_cart")
    page.until("told.length == 1")
    page.run("late()")
    pause(page, 0.05)
    assert page.run("told") == [["44", "45"]]


@pytest.mark.parametrize("body", ["Promise.reject(new Error('down'))", "async () => ({error: 'no'})"])
def test_where_the_shop_does_not_answer_the_slots_stay_as_they_are(body: str, page: Page) -> None:
    shop(page, told="data-cart=44")
    page.run(f"answers.push(() => {body}), 0")
    blocks(page, "added_to_cart")
    page.until("asked.length")
    pause(page, 0.05)
    assert page.run("told") == []


# --- Shopify's standard events ---


@pytest.fixture
def theme(page: Page) -> Page:
    inline = re.search(r"<script>(.*?)</script>", SHOPIFY, re.DOTALL)
    assert inline
    page.before("window.Shopify = {routes: {root: '/fr/'}, loadFeatures: () => {}}")
    page.open("data:text/html," + quote(f"<body>{SLOT}<script>{inline[1]}</script>"))
    return page


LINES = "document.body.dispatchEvent(Object.assign(new Event('shopify:cart:lines-update', {bubbles: true}), %s)), 0"
CART = "answer({items: [{product_id: 44}, {product_id: 45}, {product_id: 44}]})"


def test_a_theme_that_sends_standard_events_tells_the_cart_once_it_has_changed(theme: Page) -> None:
    theme.run(CART)
    theme.run(LINES % "{promise: new Promise(done => window.changed = done)}")
    pause(theme, 0.05)
    assert theme.run("asked") == [], "the event comes before the cart has changed"
    theme.run("changed()")
    theme.until("told.length")
    assert theme.run("[told, asked]") == [[[44, 45]], [["/fr/cart.js", None]]]


@pytest.mark.parametrize("event", ["{promise: Promise.reject(new Error('sold out'))}", "{}"])
def test_a_change_that_failed_or_promises_nothing_is_no_error_of_the_page(event: str, theme: Page) -> None:
    theme.run(CART)
    theme.run(LINES % event)
    theme.until("told.length")
    assert theme.run("told") == [[44, 45]]


def test_where_shopify_does_not_answer_the_slots_stay_as_they_are(theme: Page) -> None:
    theme.run("answers.push(() => Promise.reject(new Error('429'))), 0")
    theme.run(LINES % "{}")
    theme.until("asked.length")
    pause(theme, 0.05)
    assert theme.run("told") == []
