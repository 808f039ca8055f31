"""The storefront script in a real browser: what a shop's page keeps when anything goes wrong, and what it gets when
nothing does. Needs Chromium; without it these tests are skipped and say so."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.routes import widget
from infra.widget import MOST, sources
from tests import storefront_pages
from tests.chromium import PATIENCE, Browser, Page, found
from tests.gateway import ask
from tests.storefront_pages import TOKEN, Open, World, showcase, shown

in_chromium = pytest.mark.skipif(
    found() is None, reason="no Chromium on this machine: the script was not tried in a browser"
)
OWN = "<p id=own>The shop's own bestsellers</p>"
SLOT = f'<ecrm-slot name="popular" layout="strip" page="home">{OWN}</ecrm-slot>'
BELOW = "<p id=below>What lies below</p>"
ROOT = "document.querySelector('ecrm-slot').shadowRoot"
LOADED = f"!!{ROOT}?.querySelector('section:not([inert])')"
GAVE_UP = f"{ROOT}?.querySelector('section') === null"
# All of them, also in the half second after the window got its size: what moves then is otherwise put down to whoever
# gave it that, and only a slow machine would tell of it.
SHIFTS = (
    "window.shifts = []; new PerformanceObserver(list => shifts.push(...list.getEntries().map(one => one.value)))"
    ".observe({type: 'layout-shift', buffered: true})"
)
LONG = (
    "window.long = []; new PerformanceObserver(list => long.push(...list.getEntries().map(one => one.duration)))"
    ".observe({type: 'longtask', buffered: true})"
)
WOOCOMMERCE = Path(__file__).parents[1] / "webhooks" / "storefront" / "woocommerce" / "ecrm-storefront.js"
COUNTS = (
    "window.heard = []; for (const type of ['loaded', 'empty'])"
    " document.addEventListener('ecrm:' + type, event => heard.push(type + ' ' + event.target.getAttribute('name')))"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def world() -> Iterator[World]:
    with Open() as world:
        yield world


@pytest.fixture
def ticking(browser: Browser) -> Iterator[Page]:
    """A page whose clocks are this machine's."""
    page = browser.page()
    page.before(SHIFTS)
    page.before(COUNTS)
    yield page
    page.close()


@pytest.fixture
def page(ticking: Page) -> Page:
    """One whose seconds pass when the test says so."""
    ticking.holds_its_clocks()
    return ticking


def sees(page: Page, selector: str) -> bool:
    return bool(page.run(f"document.querySelector({selector!r}).checkVisibility()"))


def looked_at(page: Page) -> None:
    """For a second, everything that can be seen."""
    rests(page)
    page.run("aSecondPasses()")


def rests(page: Page) -> None:
    """Two frames: whatever was to move has moved."""
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))")


# --- what is served --------------------------------------------------------------------------------------------------


def test_the_script_is_at_most_3000_bytes_gzipped() -> None:
    raw = ask("GET", "/widget.js").text.encode()
    size = len(gzip.compress(raw, 9, mtime=0))
    print(f"widget.js: {len(raw)} bytes, {size} gzipped, of {MOST}")
    assert size <= 3000 == MOST
    told = ask("GET", "/widget.json").json
    assert (told["bytes"], told["gzipped"]) == (len(raw), size)


def test_what_is_served_was_made_of_the_sources() -> None:
    assert widget.newest()["sources"] == sources(), "run `make widget`"


def test_a_version_stays_for_ever_and_its_hash_is_told() -> None:
    told = ask("GET", "/widget.json").json
    answered = ask("GET", "/" + told["url"])
    assert answered.text == ask("GET", "/widget.js").text
    assert "immutable" in answered.headers["cache-control"]
    assert answered.headers["access-control-allow-origin"] == "*"
    digest = base64.b64encode(hashlib.sha384(answered.text.encode()).digest()).decode()
    assert told["integrity"] == f"sha384-{digest}"
    assert f'"{told["version"]}"' in answered.text


def test_every_file_in_the_folder_of_versions_is_what_its_first_reader_got() -> None:
    """A version's name is made of its content: whoever edits one breaks every page that names its hash."""
    for file in widget.SERVED.glob("*.js"):
        assert f'version:"{file.stem}"' in file.read_text()


def test_the_newest_is_asked_for_again_soon_and_costs_nothing_when_nothing_changed() -> None:
    first = ask("GET", "/widget.js")
    assert first.headers["cache-control"].startswith("public, max-age=300")
    assert first.headers["content-type"].startswith("text/javascript")
    again = ask("GET", "/widget.js", {"if-none-match": "W/" + first.headers["etag"]})
    assert (again.status, again.text) == (304, "")


@pytest.mark.parametrize("file", ["0000.js", "newest.json", "..%2Fwidget.js", "%2e%2e"])
def test_there_is_nothing_but_versions(file: str) -> None:
    assert ask("GET", f"/widget/{file}").status == 404


def test_the_script_holds_nothing_that_a_strict_policy_forbids() -> None:
    text = ask("GET", "/widget.js").text
    assert not re.search(
        r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacent|document\.write|createElement\(.style", text
    )
    assert "cookie" not in text


# --- when all is well ------------------------------------------------------------------------------------------------


@in_chromium
@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("layout", ["list", "strip", "message"])
def test_it_shows(layout: str, language: str, world: World, browser: Browser) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = browser.page(390, 800, prefers_color_scheme=scheme)
        page.before(SHIFTS)
        page.holds_its_clocks()
        page.open(showcase(world, layout, language))
        shown(page)
        rests(page)
        facts = page.run(
            f"""(() => {{ const root = {ROOT}, at = one => root.querySelector(one)?.getBoundingClientRect();
            const rows = [...root.querySelectorAll('li')].map(one => one.getBoundingClientRect());
            return {{ rows: rows.length, dir: getComputedStyle(root.querySelector('section')).direction,
              first: rows[0].left, second: rows[1].left, tops: new Set(rows.map(one => one.top)).size,
              title: at('a').left - rows[0].left, right: rows[0].right - at('a').right,
              image: at('img') && at('img').width - at('img').height, wide: document.body.scrollWidth,
              scrolls: root.querySelector('ul').scrollWidth > root.querySelector('ul').clientWidth + 1,
              colour: getComputedStyle(root.querySelector('a')).color, shifts }} }})()"""
        )
        assert facts["rows"] == (2 if layout == "message" else 8)
        assert facts["dir"] == ("rtl" if language == "fa" else "ltr")
        assert facts["wide"] <= 390
        assert facts["scrolls"] == (layout == "strip")
        assert facts["tops"] == {"list": 4, "strip": 1, "message": 2}[layout]
        if layout != "message":
            assert facts["image"] == pytest.approx(0, abs=0.5)
            assert (facts["second"] < facts["first"]) == (language == "fa")
        # text begins where its line does
        assert (facts["right"] if language == "fa" else facts["title"]) <= 20
        assert facts["shifts"] == []
        assert page.errors() == page.log() == []
        colours.append(facts["colour"])
        page.close()
    assert colours[0] != colours[1]


@in_chromium
def test_all_slots_of_a_page_cost_one_request(world: World, page: Page) -> None:
    page.resize(1200, 5000)
    others = "".join(f'<ecrm-slot name="{name}" limit="2"></ecrm-slot>' for name in ("popular", "viewed", "messages"))
    slot = '<ecrm-slot name="goes-with" page="product" product="123" layout="strip"></ecrm-slot>'
    page.open(world.page(slot + others + '<ecrm-slot name="popular"></ecrm-slot>'))
    page.until("heard.length == 5")
    assert [query["slots"] for query, _ in world.asked] == [["goes-with:8,popular:2,viewed:2,messages:2,popular:8"]]
    query = world.asked[0][0]
    assert (query["product"], query["page"], query["language"]) == (["123"], ["product"], ["en"])
    counts = page.run(
        "[...document.querySelectorAll('ecrm-slot')].map(one => one.shadowRoot.querySelectorAll('li').length)"
    )
    assert counts == [8, 2, 2, 1 + 1, 8]


@in_chromium
def test_a_slot_may_ask_for_something_else_than_its_page(world: World, page: Page) -> None:
    page.resize(1200, 5000)
    body = '<ecrm-slot name="popular"></ecrm-slot><ecrm-slot name="popular" category="mugs"></ecrm-slot>'
    page.open(world.page(body + '<ecrm-slot name="viewed" category=""></ecrm-slot>', script='data-category="lamps"'))
    page.until("heard.length == 3")
    assert sorted((q["slots"][0], q.get("category", ["-"])[0]) for q, _ in world.asked) == [
        ("popular:8", "lamps"),
        ("popular:8", "mugs"),
        ("viewed:8", "-"),
    ]


@in_chromium
def test_the_category_of_one_slot_is_no_other_slots(world: World, page: Page) -> None:
    """A few words of baking beside the cart are not what the cart's own neighbours should come from."""
    page.resize(1200, 5000)
    body = '<ecrm-slot name="goes-with" page="cart" cart="1"></ecrm-slot><ecrm-slot name="popular" category="Baking">'
    page.open(world.page(f"{body}</ecrm-slot>"))
    page.until("heard.length == 2")
    asked = [tuple(query.get(name, ["-"])[0] for name in ("slots", "category", "cart")) for query, _ in world.asked]
    assert sorted(asked) == [("goes-with:8", "-", "1"), ("popular:8", "Baking", "1")]


@in_chromium
def test_nothing_is_fetched_until_it_comes_near_and_then_all_that_is_left_at_once(world: World, page: Page) -> None:
    far = "<div style='height:3000px'></div>"
    body = "".join(f"{far}<ecrm-slot name={name}></ecrm-slot>" for name in ("popular", "viewed", "messages"))
    page.open(world.page(body))
    rests(page)
    assert world.asked == []
    page.run("scrollTo(0, 2600)")
    page.until("heard.length == 3")
    page.run("scrollTo(0, 99999)")
    rests(page)
    assert [query["slots"] for query, _ in world.asked] == [["popular:8,viewed:8,messages:1"]]


@in_chromium
def test_who_is_logged_in_is_asked_of_the_shop_and_told_in_a_header(world: World, page: Page) -> None:
    page.open(world.page(SLOT, script='data-token-url="/token"'))
    page.until(LOADED)
    (query, headers), (asked,) = world.asked[0], world.tokens
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in json.dumps(query)
    assert asked["cache-control"] == "no-cache"


@in_chromium
def test_nobody_logged_in_gets_the_page_as_anybody(world: World, page: Page) -> None:
    world.token = None
    page.open(world.page(SLOT, script='data-token-url="/token"'))
    page.until(LOADED)
    assert "authorization" not in world.asked[0][1]


@in_chromium
def test_where_her_token_is_refused_the_page_gets_what_everybody_gets(world: World, page: Page) -> None:
    world.mode = "401"
    page.open(world.page(SLOT, script='data-token-url="/token" data-consent="true"'))
    page.until(LOADED)
    assert ["authorization" in headers for _, headers in world.asked] == [True, False]
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    (body,) = told(world, page)
    assert body["token"] is None


@in_chromium
def test_a_key_that_is_refused_is_not_asked_with_again(world: World, page: Page) -> None:
    world.mode = "401 for everybody"
    page.open(world.page(SLOT, script='data-token-url="/token"'))
    page.until(GAVE_UP)
    rests(page)
    assert ["authorization" in headers for _, headers in world.asked] == [True, False]


@in_chromium
def test_what_is_in_the_catalogue_is_text_and_nothing_else(world: World, page: Page) -> None:
    world.mode = "evil"
    page.open(world.page(SLOT))
    page.until(LOADED)
    facts = page.run(
        f"({{ hrefs: [...{ROOT}.querySelectorAll('[href]')].map(one => one.href),"
        f" images: {ROOT}.querySelectorAll('img').length,"
        f" scripts: {ROOT}.querySelectorAll('script').length, title: {ROOT}.querySelector('a').textContent }})"
    )
    assert facts["hrefs"] == ["https://shop.test/a"]
    assert (facts["images"], facts["scripts"]) == (0, 0)
    assert facts["title"].startswith("<img src=x")
    page.run(f"{ROOT}.querySelectorAll('li, a, b').forEach(one => one.dispatchEvent(new Event('error')))")
    assert page.run("window.pwned") is None
    assert page.errors() == []


@in_chromium
def test_a_strict_policy_with_a_hash_and_a_nonce_lets_it_work(world: World, page: Page) -> None:
    told = ask("GET", "/widget.json").json
    tag = (
        f'<script src="{world.api}/{told["url"]}" integrity="{told["integrity"]}" crossorigin="anonymous" nonce="n0nce"'
        ' data-key="pk_acme_1" type="module"></script>'
    )
    csp = (
        f"default-src 'none'; script-src 'nonce-n0nce'; style-src 'self'; connect-src {world.api}; img-src {world.api};"
        " require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'"
    )
    page.open(world.page(SLOT, tag=tag, csp=csp))
    page.until(LOADED)
    shown(page)
    assert page.run(f"getComputedStyle({ROOT}.querySelector('ul')).display") == "grid"
    assert page.run(f"{ROOT}.querySelector('img').naturalWidth") == 400
    assert page.errors() == page.log() == []


# --- whatever fails, the page stays as it was ------------------------------------------------------------------------


@in_chromium
@pytest.mark.parametrize("mode", ["500", "403", "html", "shapeless", "empty", "down", "blocked", "slow", "no script"])
def test_where_anything_fails_the_shops_own_stays(mode: str, world: World, page: Page) -> None:
    world.mode = mode
    how: dict[str, Any] = {"script": 'data-api="http://127.0.0.1:9"' if mode == "down" else ""}
    if mode == "blocked":
        how["csp"] = f"connect-src 'self'; script-src {world.api}"
    if mode == "no script":
        how["csp"] = "script-src 'self'"
    page.open(world.page(SLOT + BELOW, before_paint=True, **how))
    if mode == "slow":
        page.until("patience.length")
        rests(page)
        assert sees(page, "#own")
        assert page.run("patience") == [2500]
        page.run("givesUp()")
    if mode == "no script":
        rests(page)
    else:
        page.until(GAVE_UP)
        assert page.run("heard") == ["empty popular"]
    assert sees(page, "#own")
    rests(page)
    assert page.run("shifts") == []
    assert page.errors() == []


@in_chromium
def test_an_answer_that_takes_too_long_is_no_longer_waited_for(world: World, ticking: Page) -> None:
    """It gives up by itself; what comes then is not shown."""
    world.mode = "slow"
    ticking.before("document.addEventListener('ecrm:empty', () => (window.gaveUpAt = performance.now()))")
    ticking.open(world.page(SLOT))
    assert ticking.until("window.gaveUpAt") >= 2500
    world.held_up.set()
    rests(ticking)
    assert ticking.run("heard") == ["empty popular"]
    assert sees(ticking, "#own")


@in_chromium
def test_a_page_with_errors_of_its_own_gets_its_slots(world: World, page: Page) -> None:
    broken = (
        "<script>throw new Error('theme')</script><script>function (</script><script>nobody.knows()</script>"
        "<script>addEventListener('ecrm:loaded', () => { throw new Error('listener') })</script>"
    )
    page.open(world.page(SLOT + BELOW, head=broken))
    page.until(LOADED)
    assert len(page.errors()) == 4
    assert not [one for one in page.errors() if "widget" in one and "listener" not in one]


@in_chromium
def test_twice_the_script_is_once(world: World, page: Page) -> None:
    page.open(world.page(SLOT, head=f'<script src="{world.api}/widget.js" data-key="pk_acme_1" async></script>'))
    page.until(LOADED)
    rests(page)
    assert len(world.asked) == 1
    assert page.errors() == []


# --- nothing moves ---------------------------------------------------------------------------------------------------

TALL = f"<div style='height:600px'>{OWN}</div>"


@in_chromium
@pytest.mark.parametrize("children", ["", OWN, TALL], ids=["none", "small", "tall"])
@pytest.mark.parametrize(
    ("layout", "items"), [("list", 8), ("list", 3), ("list", 0), ("strip", 8), ("strip", 2), ("message", 1)]
)
def test_nothing_below_moves(layout: str, items: int, children: str, world: World, page: Page) -> None:
    world.items, world.messages = items, items
    name = "messages" if layout == "message" else "popular"
    # The page's own style keeps a message its space: the script does not.
    head = "<style>ecrm-slot[name=messages] { display: block; min-height: 8em }</style>"
    slot = f'<ecrm-slot name="{name}" layout="{layout}">{children}</ecrm-slot>'
    page.open(world.page(slot + BELOW, before_paint=True, head=head))
    page.until("heard.length")
    shown(page) if items else rests(page)
    rests(page)
    assert page.run("shifts") == []


@in_chromium
@pytest.mark.parametrize("width", [1000, 390])
@pytest.mark.parametrize(
    "slot",
    [
        '<ecrm-slot name="popular" layout="strip"></ecrm-slot>',
        '<ecrm-slot name="popular" class="first"></ecrm-slot>',
        '<ecrm-slot name="messages"></ecrm-slot>',
    ],
    ids=["strip", "list", "messages"],
)
def test_nothing_below_moves_when_the_script_comes_late_to_a_page_that_keeps_the_space_as_the_guide_says(
    slot: str, width: int, world: World, page: Page
) -> None:
    world.late = True
    guide = (Path(__file__).parents[1] / "docs" / "widget.md").read_text()
    css = guide.split("```css\n")[1].split("```")[0]
    page.resize(width, 800)
    page.go(world.page(slot + BELOW, head=f"<style>{css}</style>"))
    page.until("performance.getEntriesByName('first-contentful-paint').length")
    assert page.run("typeof ecrm") == "undefined"
    world.held_up.set()
    page.until(LOADED)
    shown(page)
    rests(page)
    assert page.run("shifts") == []


@in_chromium
def test_space_that_was_kept_is_given_back_where_nobody_looks(world: World, page: Page) -> None:
    world.mode = "empty"
    slot = '<ecrm-slot name="popular"></ecrm-slot>'
    body = f'<div style="height:100px"></div>{slot}{BELOW}<div style="height:4000px"></div>'
    page.open(world.page(f'<div id=top style="height:3000px"></div>{body}'))
    page.run("scrollTo(0, 2700)")
    page.until("heard.length")
    rests(page)
    kept = page.run("document.querySelector('ecrm-slot').offsetHeight")
    page.run("scrollTo(0, 0)")
    page.until("document.querySelector('ecrm-slot').offsetHeight == 0")
    assert kept > 500
    assert page.run("shifts") == []


HEIGHTS = "Object.fromEntries([...document.querySelectorAll('ecrm-slot')].map(one => [one.id, one.offsetHeight]))"
HOME = "".join(f'<ecrm-slot id="{name}" name="{name}" limit="4"></ecrm-slot>' for name in storefront_pages.NAMES)
PUBLIC = {"goes-with", "popular"}


@in_chromium
@pytest.mark.parametrize("mode", ["empty", "500"])
@pytest.mark.parametrize("script", ["", 'data-token-url="/token"'], ids=["guests", "somebody"])
def test_space_is_kept_for_what_everybody_gets_and_for_nothing_else(
    mode: str, script: str, world: World, page: Page
) -> None:
    """Guests and who is held out have nothing in a personal slot: a home of such is no blank page to them."""
    world.mode = mode
    page.open(world.page(HOME + BELOW, script=script, before_paint=True))
    at_once = page.run(HEIGHTS)
    assert {name for name, height in at_once.items() if height} == PUBLIC
    page.until("heard.length == 7")
    rests(page)
    assert page.run("shifts") == []


@in_chromium
@pytest.mark.parametrize("mode", ["well", "empty"])
def test_nothing_moves_below_personal_slots_that_hold_something_of_their_height(
    mode: str, world: World, page: Page
) -> None:
    world.mode = mode
    slot = '<ecrm-slot name="buy-again" limit="4"><p style="height:700px">What all see</p></ecrm-slot>'
    page.open(world.page(slot + BELOW, script='data-token-url="/token"', before_paint=True))
    page.until("heard.length == 1")
    rests(page)
    assert page.run("document.querySelector('ecrm-slot').offsetHeight") >= 700
    assert page.run("shifts") == []


@in_chromium
@pytest.mark.parametrize(("part", "height"), [("why", 33), ("price", 22), ("title", 44)])
def test_a_part_that_a_theme_hides_leaves_no_gap(part: str, height: int, world: World, page: Page) -> None:
    tops = []
    for css in ("", f"ecrm-slot::part({part}) {{ display: none }}"):
        page.open(world.page(SLOT + BELOW, head=f"<style>{css}</style>", before_paint=True))
        page.until(LOADED)
        shown(page)
        rests(page)
        tops.append(page.run("document.querySelector('#below').getBoundingClientRect().top"))
        assert page.run("shifts") == []
    assert tops[0] - tops[1] >= height


# --- keyboard and screen reader --------------------------------------------------------------------------------------

FOCUSED = "document.activeElement?.shadowRoot?.activeElement"


@in_chromium
@pytest.mark.parametrize("language", ["en", "fa"])
def test_with_the_keyboard_alone_every_item_is_reached_and_followed(language: str, world: World, page: Page) -> None:
    page.resize(390, 800)
    plain = "<style>ecrm-slot { --ecrm-accent: initial }</style>" if language == "fa" else ""
    page.open(world.page(SLOT, language=language, head=plain))
    page.until(LOADED)
    for place in range(8):
        page.press("Tab")
        assert page.run(f"{FOCUSED}.href").endswith(f"/products/{place}")
        rests(page)
        at = page.run(f"(({{left, right}}) => [left, right])({FOCUSED}.closest('li').getBoundingClientRect())")
        assert at[0] >= -1
        assert at[1] <= 391
        ring = page.run(f"getComputedStyle({FOCUSED}, '::after').outline")
        assert "solid 2px" in ring
    page.press("Enter")
    page.until(f"location.href == '{world.shop}/products/7'")


@in_chromium
@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_a_message_is_closed_with_the_keyboard_and_stays_closed(key: str, world: World, page: Page) -> None:
    page.open(world.page(f'<ecrm-slot name="messages">{OWN}</ecrm-slot>{BELOW}'))
    page.until(LOADED)
    title = f"{ROOT}.querySelector('[part=title]')?.textContent"
    assert page.run(title) == "Your candles may be running low"
    page.press("Tab")
    page.press("Tab")
    assert page.run(f"{FOCUSED}.localName") == "button"
    page.press(key)
    assert page.run(GAVE_UP)
    assert sees(page, "#own")
    page.run("ecrm.refresh()")
    page.until("heard.length == 3")
    assert page.run(GAVE_UP)


@in_chromium
@pytest.mark.parametrize("consent", ["", 'data-consent="false"', 'data-consent="true"'])
def test_a_message_that_is_closed_is_told_at_once_without_her_token_and_nothing_else_is(
    consent: str, world: World, page: Page
) -> None:
    page.open(world.page('<ecrm-slot name="messages"></ecrm-slot>', script=f'data-token-url="/token" {consent}'))
    page.until(LOADED)
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    page.run(f"{ROOT}.querySelector('button').click()")
    page.until(GAVE_UP)
    arrived(world, 1)
    body = {"key": "pk_acme_1", "events": [{"type": "close", "rid": "r_m_0"}]}
    assert [told for told, _ in world.told] == [body]
    assert page.run(STORED) == NOTHING


@in_chromium
@pytest.mark.parametrize(("mode", "told"), [("well", ["close", "click"]), ("preview", [])])
def test_samples_are_closed_and_clicked_and_nothing_is_told_of_them(
    mode: str, told: list[str], world: World, page: Page
) -> None:
    """They are called nothing that could be told: the API would refuse it, and all that is told with it."""
    world.mode, world.messages = mode, 1
    page.before("window.sent = []; navigator.sendBeacon = (_, body) => sent.push(...JSON.parse(body).events)")
    page.open(world.page('<ecrm-slot name="messages"></ecrm-slot><ecrm-slot name="popular"></ecrm-slot>'))
    page.until("heard.length == 2")
    page.run(f"{ROOT}.querySelector('button').click()")
    page.until("heard.length == 3")
    page.run(
        "(({shadowRoot}) => { shadowRoot.addEventListener('click', event => event.preventDefault(), true);"
        " shadowRoot.querySelector('a').click() })(document.querySelector('ecrm-slot[name=popular]'))"
    )
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.run("sent.map(({type}) => type)") == told


@in_chromium
def test_the_next_message_takes_its_place_and_the_focus(world: World, page: Page) -> None:
    page.open(world.page('<ecrm-slot name="messages" limit="2"></ecrm-slot>'))
    page.until(LOADED)
    page.press("Tab")
    page.press("Tab")
    page.press("Enter")
    assert page.run(f"{ROOT}.querySelector('[part=title]').textContent").endswith("(2)")
    assert page.run(f"{FOCUSED}.part.value") == "close"


@in_chromium
def test_a_screen_reader_hears_a_section_a_list_and_each_name_once(world: World, page: Page) -> None:
    page.open(world.page(SLOT))
    page.until(LOADED)
    shown(page)
    spoken = page.spoken()
    assert ("region", "Popular now") in spoken
    assert ("heading", "Popular now") in spoken
    assert [role for role, _ in spoken].count("listitem") == 8
    assert "list" in [role for role, _ in spoken]
    links = [name for role, name in spoken if role == "link"]
    assert links == [title for title, _ in storefront_pages._ENGLISH]
    assert "image" not in [role for role, _ in spoken]


@in_chromium
def test_the_space_that_is_kept_is_silent(world: World, page: Page) -> None:
    world.mode = "slow"
    page.open(world.page('<ecrm-slot name="popular"></ecrm-slot>'))
    rests(page)
    assert not {role for role, _ in page.spoken()} & {"region", "list", "listitem", "heading", "link"}
    assert page.run(f"{ROOT}.querySelectorAll('li').length") == 8
    assert page.run(f"{ROOT}.querySelectorAll('[href]').length") == 0


@in_chromium
def test_a_close_button_has_a_name(world: World, page: Page) -> None:
    for language, name in (("en", "Close"), ("fa", "بستن")):
        page.open(world.page('<ecrm-slot name="messages"></ecrm-slot>', language=language))
        page.until(LOADED)
        assert ("button", name) in page.spoken()


# --- a theme's hands on it -------------------------------------------------------------------------------------------


@in_chromium
def test_a_theme_styles_parts_and_variables(world: World, page: Page) -> None:
    css = (
        "ecrm-slot { --ecrm-size: 300px; --ecrm-gap: 7px; --ecrm-radius: 0; font-family: monospace }"
        "ecrm-slot { color: rgb(1, 2, 3) }"
        "ecrm-slot::part(title) { text-transform: uppercase } ecrm-slot::part(price) { color: rgb(200, 0, 0) }"
        "ecrm-slot::part(item) { padding: 3px } ecrm-slot::part(heading) { font-size: 40px }"
        "ecrm-slot::part(image) { filter: grayscale(1) } ecrm-slot::part(why) { display: none }"
        "ecrm-slot::part(list) { list-style: none }"
    )
    page.open(world.page(SLOT, head=f"<style>{css}</style>"))
    page.until(LOADED)
    styled = page.run(
        f"""(() => {{ const of = (one, name) => getComputedStyle({ROOT}.querySelector(one))[name]; return [
        {ROOT}.querySelector('li').offsetWidth, of('ul', 'columnGap'), of('img', 'borderTopLeftRadius'),
        of('a', 'fontFamily'), of('a', 'color'), of('li div', 'textTransform'), of('b', 'color'), of('h2', 'fontSize'),
        of('img', 'filter'), of('small', 'display')] }})()"""
    )
    assert styled == [
        300, "7px", "0px", "monospace", "rgb(1, 2, 3)", "uppercase", "rgb(200, 0, 0)", "40px", "grayscale(1)", "none",
    ]  # fmt: skip


@in_chromium
def test_the_cart_changes_and_so_do_the_slots(world: World, page: Page) -> None:
    page.open(world.page(SLOT + BELOW, script='data-cart="1,2"', before_paint=True))
    page.until("heard.length == 1")
    page.run("document.dispatchEvent(new CustomEvent('ecrm:cart'))")
    page.until("heard.length == 2")
    page.run("ecrm.refresh({ cart: ['7', '8'] })")
    page.until("heard.length == 3")
    page.run("document.dispatchEvent(new CustomEvent('ecrm:cart', { detail: ['9'] }))")
    page.until("heard.length == 4")
    page.run("document.querySelector('ecrm-slot').setAttribute('name', 'viewed')")
    page.until("heard.length == 5")
    carts = [(query["slots"][0], query["cart"][0]) for query, _ in world.asked]
    assert carts == [*(("popular:8", cart) for cart in ("1,2", "1,2", "7,8", "9")), ("viewed:8", "9")]
    assert page.run("shifts") == []


@in_chromium
def test_what_a_slot_says_afterwards_counts_before_what_the_page_was_told(world: World, page: Page) -> None:
    slot = '<ecrm-slot name="goes-with" page="product" product="1"></ecrm-slot>'
    page.open(world.page(slot))
    page.until("heard.length == 1")
    page.run("ecrm.refresh({ product: '2' }); document.dispatchEvent(new CustomEvent('ecrm:cart', { detail: [] }))")
    page.until("heard.length == 2")
    page.run("document.querySelector('ecrm-slot').setAttribute('product', '3')")
    page.until("heard.length == 3")
    page.run("document.querySelector('ecrm-slot').setAttribute('limit', '4')")
    page.until("heard.length == 4")
    later = (
        "<ecrm-slot name=popular page=confirmation cart=7,8></ecrm-slot><ecrm-slot name=viewed page=cart></ecrm-slot>"
    )
    page.run(f"document.querySelector('ecrm-slot').outerHTML = '{later}'")
    page.until("heard.length == 6")
    asked = [tuple(query.get(name, ["-"])[0] for name in ("slots", "product", "cart")) for query, _ in world.asked]
    assert asked[:4] == [(f"goes-with:{n}", one, "-") for n, one in ((8, "1"), (8, "2"), (8, "3"), (4, "3"))]
    assert sorted(asked[4:]) == [("popular:8", "2", "7,8"), ("viewed:8", "2", "-")]


@in_chromium
def test_an_answer_that_comes_after_the_slot_has_changed_is_not_shown(world: World, page: Page) -> None:
    page.open(world.page('<ecrm-slot name="popular"></ecrm-slot>'))
    page.until(LOADED)
    page.run(
        "window.fetch = (real => (url, how) => real(url, how).then(one => new Promise(done =>"
        " url.includes('category=slow') ? (window.comesLate = () => done(one)) : done(one))))(fetch)"
    )
    change = "document.querySelector('ecrm-slot').setAttribute('category', '{}')"
    page.run(change.format("slow"))
    page.until("!!window.comesLate")
    page.run(change.format("quick"))
    page.until("heard.length == 2")
    page.run("comesLate()")
    rests(page)
    assert page.run("heard") == ["loaded popular"] * 2


@in_chromium
def test_messages_look_like_messages_and_products_like_products(world: World, page: Page) -> None:
    """Whatever the theme asks for; a message needs no address."""
    page.open(
        world.page(
            '<ecrm-slot name="messages" layout="strip" limit="8"></ecrm-slot>'
            '<ecrm-slot name="popular" layout="message"></ecrm-slot>'
        )
    )
    page.until("heard.length == 2")
    parts = page.run(
        "[...document.querySelectorAll('ecrm-slot')].map(one => [...one.shadowRoot.querySelectorAll('li')]"
        ".map(row => [row.part.value, ...[...row.children].map(part => part.part.value)].join(' ')))"
    )
    assert parts[0] == ["message title text close"] * 2
    assert parts[1][:6] == ["item title price why image"] * 6
    assert len(parts[1]) == 8
    assert page.run(
        "getComputedStyle(document.querySelector('ecrm-slot').shadowRoot.querySelector('ul')).overflow"
    ) == ("visible")


@in_chromium
def test_a_slot_without_a_name_asks_nothing_and_says_so(world: World, page: Page) -> None:
    page.before("window.warned = []; console.warn = (...all) => warned.push(all.join(' '))")
    page.open(world.page('<ecrm-slot page="home"></ecrm-slot><ecrm-slot name="popular"></ecrm-slot>'))
    page.until("heard.length")
    rests(page)
    assert [query["slots"] for query, _ in world.asked] == [["popular:8"]]
    assert page.run("warned") == ["no name [object HTMLElement]"]
    page.run("document.querySelector('ecrm-slot').setAttribute('name', 'viewed')")
    page.until("heard.length == 2")
    assert page.run("heard") == ["loaded popular", "loaded viewed"]


@in_chromium
def test_what_the_api_refuses_is_told_on_the_console(world: World, page: Page) -> None:
    world.mode = "403"
    page.before("window.warned = []; console.warn = one => warned.push(one)")
    page.open(world.page('<ecrm-slot name="popular"></ecrm-slot>'))
    page.until("heard.length")
    assert page.run("warned") == [{"status": 403, "detail": "add-shop --origin"}]


@in_chromium
def test_woocommerces_own_buttons_are_heard_by_its_plugin(world: World, page: Page) -> None:
    """jQuery as far as WooCommerce uses it: `trigger("added_to_cart", [fragments, hash, button])`."""
    jquery = "window.jQuery = (target) => ({ on: (names, does) => (window.woo = [target.localName, names, does]) })"
    plugin = f"<script>{jquery}</script><script>{WOOCOMMERCE.read_text()}</script>"
    page.open(world.page(SLOT, head=plugin, script='data-cart="1,2"', before_paint=True))
    page.until("heard.length == 1")
    page.run("woo[2]({}, { 'div.widget_shopping_cart_content': '', 'ecrm-cart': '1,2,5' }, '', {})")
    page.until("heard.length == 2")
    page.run("woo[2]({}, { 'ecrm-cart': '' }, '', {})")
    page.until("heard.length == 3")
    page.run("woo[2]({}, { 'another plugin': '<p>' }); woo[2]({})")
    rests(page)
    assert [query.get("cart") for query, _ in world.asked] == [["1,2"], ["1,2,5"], None]
    assert page.run("woo.slice(0, 2)") == ["body", "added_to_cart removed_from_cart"]
    assert page.errors() == []


@in_chromium
def test_slots_that_come_and_go_with_the_page(world: World, page: Page) -> None:
    page.open(world.page("<main></main>"))
    page.run(
        "document.querySelector('main').innerHTML ="
        " '<ecrm-slot name=popular></ecrm-slot><ecrm-slot name=viewed></ecrm-slot>'"
    )
    page.until("heard.length == 2")
    page.run("document.querySelector('ecrm-slot').remove(); ecrm.refresh()")
    page.until("heard.length == 3")
    page.run("document.body.append(document.querySelector('ecrm-slot'))")
    page.until("heard.length == 4")
    assert [query["slots"][0] for query, _ in world.asked] == ["popular:8,viewed:8", "viewed:8", "viewed:8"]
    assert page.errors() == []


# --- what is told, and what is kept ----------------------------------------------------------------------------------

STORED = "[Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]"
NOTHING: list[Any] = [[], [], ""]


def told(world: World, page: Page, count: int = 1) -> list[dict[str, Any]]:
    """What was told until the page was left."""
    page.open(world.shop + "/elsewhere")
    arrived(world, count)
    return [body for body, _ in world.told]


def arrived(world: World, count: int) -> None:
    """Until the API was told so often."""
    end = time.monotonic() + PATIENCE
    while len(world.told) < count and time.monotonic() < end:
        time.sleep(0.02)


@in_chromium
def test_without_consent_nothing_is_kept_and_nobody_is_told_apart(world: World, page: Page) -> None:
    world.items = 2
    slot = '<ecrm-slot name="goes-with" page="product" product="123"></ecrm-slot>'
    page.open(world.page(slot, script='data-token-url="/token"'))
    page.until(LOADED)
    looked_at(page)
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    assert page.run(STORED) == NOTHING
    (body,) = told(world, page)
    seen = [{"type": "seen", "rids": [f"r_goes-with_{place}"]} for place in range(2)]
    assert body == {"key": "pk_acme_1", "events": seen}
    assert world.told[0][1]["content-type"].startswith("text/plain")
    assert page.run(STORED) == NOTHING


@in_chromium
def test_with_consent_there_is_a_visitor_and_what_she_looked_at(world: World, page: Page) -> None:
    slot = '<ecrm-slot name="goes-with" page="product" product="123"></ecrm-slot>'
    page.open(world.page(slot * 2, script='data-token-url="/token" data-consent="true"'))
    page.until("heard.length == 2")
    assert page.run(STORED) == NOTHING  # before there is anything to tell
    (body,) = told(world, page)
    visitor = body["visitor"]
    assert re.fullmatch("[0-9A-Za-z]{22}", visitor)
    assert body == {
        "key": "pk_acme_1",
        "consent": True,
        "visitor": visitor,
        "token": TOKEN,
        "events": [{"type": "view", "product": "123"}, {"type": "identify"}],
    }
    assert page.run(STORED) == [[["ecrmVisitor", visitor]], [], ""]
    page.open(world.page(slot, script='data-token-url="/token" data-consent="true"'))
    page.until("heard.length")
    assert told(world, page, count=2)[1]["visitor"] == visitor


@in_chromium
def test_a_guest_keeps_her_id_until_she_has_logged_in_and_out_again(world: World, page: Page) -> None:
    """What comes after a logout may be somebody else's: it has an id of its own, which nobody's login has taken."""
    slot = '<ecrm-slot name="goes-with" page="product" product="123"></ecrm-slot>'
    visitors = []
    for count, token in enumerate((None, None, TOKEN, TOKEN, None, None), 1):
        world.token = token
        page.open(world.page(slot, script='data-token-url="/token" data-consent="true"'))
        page.until("heard.length")
        visitors.append(told(world, page, count)[-1]["visitor"])
    assert visitors == [visitors[0]] * 4 + [visitors[4]] * 2
    assert len(set(visitors)) == 2
    assert all(re.fullmatch("[0-9A-Za-z]{22}", visitor) for visitor in visitors)


@in_chromium
def test_a_logout_without_a_reload_forgets_what_was_not_told(world: World, page: Page) -> None:
    slot = '<ecrm-slot name="goes-with" page="product" product="123"></ecrm-slot>'
    page.open(world.page(slot, script='data-token-url="/token" data-consent="true"'))
    page.until("heard.length")
    world.token = None
    page.run("ecrm.consent(false); ecrm.consent(true); ecrm.refresh()")
    page.until("heard.length == 2")
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    (body,) = told(world, page)
    assert (body["token"], [event["type"] for event in body["events"]]) == (None, ["search"])


@in_chromium
def test_consent_that_is_taken_back_leaves_nothing(world: World, page: Page) -> None:
    page.open(world.page('<ecrm-slot name="goes-with" page="product" product="1"></ecrm-slot>'))
    page.until(LOADED)
    assert page.run(STORED) == NOTHING
    page.run("ecrm.consent(true); ecrm.consent(false)")
    assert page.run(STORED) == NOTHING
    assert told(world, page, count=0) == []
    page.open(world.page(SLOT, script="data-consent=true"))
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    assert len(told(world, page)) == 1
    assert page.run(STORED) != NOTHING
    page.open(world.page(SLOT, script="data-consent=false"))
    assert page.run(STORED) == NOTHING


NO = ["false", "no", "0", "1", "yes", "denied", "TRUE", " true", "truer"]


@in_chromium
def test_only_true_is_a_yes(world: World, page: Page) -> None:
    """Banners write what they like; what is not understood is no."""
    slot = '<ecrm-slot name="goes-with" page="product" product="123"></ecrm-slot>'
    for place, word in enumerate(NO):
        page.open(world.page(slot, script=f'data-consent="{word}"'))
        page.until("heard.length")
        page.run(f"ecrm.consent({json.dumps(word)}); ecrm.track({{ type: 'search', query: 'mugs' }})")
        assert told(world, page, count=0) == [], (place, word)
    page.open(world.page(slot))
    page.until("heard.length")
    for no in ("1", "{}", "[]", "null", "undefined", "NaN", "new Date()"):
        page.run(f"ecrm.consent({no})")
    assert told(world, page, count=0) == []
    for yes in ("true", "'true'"):
        world.told.clear()
        page.open(world.page(slot))
        page.until("heard.length")
        page.run(f"ecrm.consent({yes})")
        assert [body["consent"] for body in told(world, page)] == [True]


@in_chromium
@pytest.mark.parametrize("how", ["the page", "a call", "the browser"])
def test_consent_that_is_taken_back_has_what_was_told_forgotten_once(how: str, world: World, page: Page) -> None:
    """Of a guest the id is drawn longer than what is told of it: what is forgotten has the name under which it was
    told. Who never agreed has nothing to be forgotten, and nothing is asked for."""
    from chalicelib.domain.visit_reading import read

    page.open(world.page(SLOT, script="data-consent=true"))
    page.run("ecrm.track({ type: 'search', query: 'mugs' })")
    (search,) = told(world, page)
    script = {"the page": "data-consent=false", "a call": "", "the browser": "data-consent=true"}[how]
    if how == "the browser":
        page.before("Object.defineProperties(Navigator.prototype, { globalPrivacyControl: {value: true} })")
    for _ in range(2):
        page.open(world.page(SLOT, script=script))
        if how == "a call":
            page.run("ecrm.consent(false)")
        bodies = told(world, page, count=2)
    assert bodies[1:] == [{"key": "pk_acme_1", "visitor": search["visitor"], "events": [{"type": "forget"}]}]
    assert read(json.dumps(bodies[1]).encode()).visitor == search["visitor"]
    assert page.run(STORED) == NOTHING


@in_chromium
@pytest.mark.parametrize("signal", ["globalPrivacyControl: {value: true}", "doNotTrack: {value: '1'}"])
def test_a_browser_that_says_no_is_heard_over_the_page(signal: str, world: World, page: Page) -> None:
    page.before(f"Object.defineProperties(Navigator.prototype, {{ {signal} }})")
    page.open(
        world.page('<ecrm-slot name="viewed" page="product" product="1"></ecrm-slot>', script="data-consent=true")
    )
    page.until(LOADED)
    assert page.run(STORED) == NOTHING
    assert told(world, page, count=0) == []


@in_chromium
def test_seen_is_half_of_it_for_a_second_and_told_once(world: World, page: Page) -> None:
    page.resize(390, 800)
    page.open(world.page(SLOT * 2))
    page.until("heard.length == 2")
    rests(page)
    page.run(f"{ROOT}.querySelector('ul').scrollTo({{ left: 9999, behavior: 'instant' }})")
    looked_at(page)
    bodies = told(world, page)
    rids = [rid for body in bodies for event in body["events"] for rid in event["rids"]]
    assert len(rids) == len(set(rids))
    assert {"r_popular_0", "r_popular_1", "r_popular_6", "r_popular_7"} <= set(rids)
    assert not {"r_popular_3", "r_popular_4"} & set(rids)


@in_chromium
def test_a_click_is_told_with_its_rid_on_the_way_out(world: World, page: Page) -> None:
    page.open(world.page(SLOT))
    page.until(LOADED)
    x, y = page.run(f"(({{left, top}}) => [left + 20, top + 20])({ROOT}.querySelector('li').getBoundingClientRect())")
    page.click(x, y)  # on the picture: the whole card is the link
    page.until(f"location.href == '{world.shop}/products/0'")
    (body,) = told(world, page)
    assert body["events"] == [{"type": "click", "rid": "r_popular_0"}]


@in_chromium
def test_what_is_told_is_what_the_events_door_takes(world: World, page: Page) -> None:
    from chalicelib.domain.visit_reading import read

    slot = '<ecrm-slot name="goes-with" page="product" product="123" layout="strip"></ecrm-slot>'
    page.open(world.page(slot, script='data-token-url="/token" data-consent="true"'))
    page.until(LOADED)
    page.run("for (let place = 0; place < 30; place++) ecrm.track({ type: 'search', query: 'mugs ' + place })")
    looked_at(page)
    bodies = told(world, page, count=2)
    counts = sorted(len(read(json.dumps(body).encode()).events) for body in bodies)
    assert counts[-1] == 20
    assert sum(counts) > 32


# --- without markup --------------------------------------------------------------------------------------------------

ASKED = (
    "(await import(api + '/ecrm.js')).slots({ key: 'pk_acme_1', slots: ['popular', 'viewed'], cart: ['1', '2'] %s })"
)


MODULE_TELLS = (
    "await (await import(api + '/ecrm.js')).track({{ key: 'pk_acme_1', visitor: 'v', consent: {},"
    " events: [{{ type: 'click', rid: 'r_1' }}] }})"
)


def in_module(world: World, page: Page, script: str) -> Any:
    page.open(world.page("", tag=""))
    return page.run(f"(async () => {{ const api = {json.dumps(world.api)}; return {script} }})()")


@in_chromium
def test_the_module_asks_and_answers(world: World, page: Page) -> None:
    answer = in_module(world, page, f"await {ASKED % ', limit: 3, pictures: true, token: `t`'}")
    assert [(slot["name"], len(slot["items"])) for slot in answer["slots"]] == [("popular", 3), ("viewed", 3)]
    query, headers = world.asked[0]
    assert query == {
        "key": ["pk_acme_1"],
        "slots": ["popular,viewed"],
        "cart": ["1,2"],
        "limit": ["3"],
        "pictures": ["1"],
    }
    assert headers["authorization"] == "Bearer t"


@in_chromium
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("403", ["EcrmError", 403, "add-shop --origin"]),
        ("html", ["EcrmError", 200, None]),
        ("slow", ["TimeoutError", None, None]),
    ],
)
def test_the_module_says_what_was_wrong(mode: str, expected: list[Any], world: World, ticking: Page) -> None:
    world.mode = mode
    caught = "catch(error => [error.name, error.status ?? null, error.problem?.detail ?? null])"
    asked = ASKED % f", limit: 3, timeout: {500 if mode == 'slow' else 60_000}"
    assert in_module(world, ticking, f"await (async () => {asked})().{caught}") == expected


@in_chromium
def test_the_module_tells_and_never_throws(world: World, page: Page) -> None:
    batch = "key: 'pk_acme_1', visitor: 'v', token: 't', events: [{ type: 'click', rid: 'r_1' }]"
    sent = in_module(world, page, f"await (await import(api + '/ecrm.js')).track({{ {batch} }})")
    assert sent is True
    (body,) = told(world, page)
    assert body == {"key": "pk_acme_1", "consent": False, "events": [{"type": "click", "rid": "r_1"}]}


@in_chromium
@pytest.mark.parametrize("yes", ["true", "'true'"])
def test_the_module_takes_true_for_a_yes(yes: str, world: World, page: Page) -> None:
    assert in_module(world, page, MODULE_TELLS.format(yes)) is True
    assert [(body["consent"], body.get("visitor")) for body in told(world, page)] == [(True, "v")]


@in_chromium
@pytest.mark.parametrize("no", ["'false'", "'no'", "1", "'denied'", "null"])
def test_the_module_takes_nothing_else_for_a_yes(no: str, world: World, page: Page) -> None:
    assert in_module(world, page, MODULE_TELLS.format(no)) is True
    assert [(body["consent"], body.get("visitor")) for body in told(world, page)] == [(False, None)]


@in_chromium
def test_the_module_names_the_parameter_at_fault_first(world: World, page: Page) -> None:
    problem = "{ status: 400, detail: 'should be a list of …', field: 'slots' }"
    script = f"new (await import(api + '/ecrm.js')).EcrmError(400, {problem}).message"
    assert in_module(world, page, script) == "slots: should be a list of …"


@in_chromium
def test_the_module_has_a_visitor_forgotten_without_consent(world: World, page: Page) -> None:
    batch = "key: 'pk_acme_1', visitor: 'v', token: 't', events: [{ type: 'forget' }]"
    assert in_module(world, page, f"await (await import(api + '/ecrm.js')).track({{ {batch} }})") is True
    assert told(world, page) == [{"key": "pk_acme_1", "consent": False, "visitor": "v", "events": [{"type": "forget"}]}]


def test_the_types_name_every_slot_and_every_page() -> None:
    from chalicelib.domain.slot import PAGES, SLOTS

    types = ask("GET", "/ecrm.d.ts").text
    for name, known in (("SlotName", SLOTS), ("PageKind", PAGES)):
        found = re.search(rf"type {name} = ([^;]+);", types)
        assert found
        assert tuple(re.findall('"([^"]+)"', found[1])) == known


# --- a hundred -------------------------------------------------------------------------------------------------------


@in_chromium
def test_a_hundred_slots(world: World, page: Page) -> None:
    from chalicelib.domain.slot import SLOTS

    slots = "".join(
        f'<ecrm-slot name="{SLOTS[place % len(SLOTS)]}" layout="{("list", "strip")[place % 2]}"><p>Ours</p></ecrm-slot>'
        for place in range(100)
    )
    # There all at once: of a page that arrives in pieces each piece is asked for when it is there.
    slots = f"<main></main><script>document.querySelector('main').innerHTML = {json.dumps(slots)}</script>"
    page.before(LONG)
    page.open(world.page(slots, tag=""))
    without = page.metrics()
    bare_long = page.run("long")
    world.guests_get_less = True
    page.open(world.page(slots, before_paint=True))
    page.until("heard.length >= 2")
    rests(page)
    before = len(world.asked)
    page.run("scrollTo(0, document.body.scrollHeight / 2)")
    page.until("heard.length >= 100")
    rests(page)
    now = page.metrics()
    clocks = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    spent = {name: round((now[name] - without[name]) * 1000) for name in clocks}
    requests = f"{before} request(s) at first, {len(world.asked)} in all"
    long = f"{page.run('long')} (the page without the script: {bare_long})"
    print(f"100 slots of {len(SLOTS)} names: {requests}; main thread, ms: {spent}; long tasks, ms: {long}")
    assert len(world.asked) <= 2
    assert now["LayoutCount"] - without["LayoutCount"] < 50, "laid out together, not one after the other"
    assert page.run("shifts") == []
    assert page.errors() == []
