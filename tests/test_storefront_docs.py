"""What an owner copies into a shop, and the page that tells how: it names what there is, and it runs."""

from __future__ import annotations

import hmac
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from liquid import Environment

from chalicelib import keys
from chalicelib.domain.slot import PAGES, PERSONAL, SLOTS
from chalicelib.routes.public import OPENAPI
from tests.acme import NOW
from webhooks.shops import registered

ROOT = Path(__file__).parents[1]
SHOP_SIDE = ROOT / "webhooks" / "storefront"
TOKENS = SHOP_SIDE / "tokens"
WIDGET = ROOT / "chalicelib" / "storefront"
GUIDE = (ROOT / "docs" / "storefront.md").read_text("utf-8")
PAGES_OF_DOCS = [ROOT / "docs" / "storefront.md", SHOP_SIDE / "README.md", TOKENS / "README.md"]
HTML = (SHOP_SIDE / "html" / "index.html").read_text("utf-8")
SNIPPETS = [path for path in sorted(SHOP_SIDE.rglob("*")) if path.suffix in (".html", ".liquid", ".php", ".tsx")]
MASTER = bytes(32)
IDENTITY = "ik_acme_TestVectorsOnlyTestVectorsOnlyTestVectors1"


# --- the guide and the script say the same ---


@pytest.fixture(scope="module")
def script() -> str:
    return (WIDGET / "widget.js").read_text("utf-8")


def words(script: str, pattern: str) -> set[str]:
    """The words in quotes that stand in what the pattern finds."""
    found = re.search(pattern, script)
    assert found, pattern
    return set(re.findall(r'"(\w+)"', found[1]))


def attributes_of_slots(script: str) -> set[str]:
    more = words(script, r"observedAttributes = \[\.\.\.CONTEXT, ([^\]]+)\]")
    return words(script, r"CONTEXT = \[([^\]]+)\]") | more


def attributes_of_the_script(script: str) -> set[str]:
    named = set(re.findall(r"\btold\.(\w+)", script)) | words(script, r"CONTEXT = \[([^\]]+)\]")
    return {"data-" + re.sub(r"[A-Z]", lambda letter: "-" + letter[0].lower(), name) for name in named}


# Words for whoever optimises scripts, not for ours.
OF_OTHERS = {"data-no-optimize", "data-cfasync"}


@pytest.mark.parametrize("path", [*SNIPPETS, *PAGES_OF_DOCS], ids=lambda path: path.name)
def test_every_attribute_of_the_script_that_is_named_exists(path: Path, script: str) -> None:
    named = set(re.findall(r"(?<![\w-])data-[a-z]+(?:-[a-z]+)*", path.read_text("utf-8"))) - OF_OTHERS
    assert named <= attributes_of_the_script(script)


@pytest.mark.parametrize("path", [*SNIPPETS, *PAGES_OF_DOCS], ids=lambda path: path.name)
def test_every_attribute_of_a_slot_that_is_written_exists(path: Path, script: str) -> None:
    tags = re.findall(r"<ecrm-slot((?:\s[^<>]*)?)>", re.sub(r"\{[%{].*?[%}]\}", "", path.read_text("utf-8")))
    named = {name for tag in tags for name in re.findall(r'([a-z-]+)="', tag)}
    assert named <= attributes_of_slots(script)


def test_the_guide_names_every_attribute_of_a_slot(script: str) -> None:
    told = GUIDE[GUIDE.index("Attributes of `<ecrm-slot>`") : GUIDE.index("Each is a parameter")]
    assert {name for name in attributes_of_slots(script) if f"`{name}" not in told} == set()


def test_the_wordpress_plugin_and_the_component_know_every_attribute(script: str) -> None:
    plugin = (SHOP_SIDE / "woocommerce" / "ecrm-storefront.php").read_text("utf-8")
    known = re.search(r"\$known = array\( ([^)]+) \)", plugin)
    assert known
    assert set(re.findall(r"'(\w+)'", known[1])) == attributes_of_slots(script)
    component = (SHOP_SIDE / "nextjs" / "ecrm.tsx").read_text("utf-8")
    props = component[component.index("type SlotProps") : component.index("children?")]
    assert set(re.findall(r"^  (\w+)\??:", props, re.MULTILINE)) == attributes_of_slots(script)
    assert sorted(re.findall(r'"([a-z-]+)"', component[component.index("SlotName =") :].split(";")[0])) == sorted(SLOTS)
    assert tuple(re.findall(r'"([a-z-]+)"', component[component.index("Page =") :].split(";")[0])) == PAGES


def test_looks_events_and_calls_that_are_named_exist(script: str) -> None:
    style = (WIDGET / "widget.css").read_text("utf-8")
    assert set(re.findall(r"--ecrm-\w+", GUIDE)) <= set(re.findall(r"--ecrm-\w+", style))
    parts = {
        part for name in re.findall(r'part: (?:[^,]*? \? )?"(\w+)"(?: : "(\w+)")?', script) for part in name if part
    }
    named = GUIDE[GUIDE.index("Parts:") :].split("\n")[0]
    assert set(re.findall(r"`(\w+)`", named)) == parts
    calls = re.search(r"window\.ecrm = \{([^}]+)\}", script)
    assert calls
    for path in PAGES_OF_DOCS:
        text = path.read_text("utf-8")
        assert set(re.findall(r"\becrm\.(\w+)\(", text)) <= set(re.findall(r"\w+", calls[1])), path.name
        for event in re.findall(r"\becrm:(\w+)", text):
            assert f'"ecrm:{event}"' in script or f'"{event}"' in script, event


def test_what_is_kept_in_the_browser_is_called_by_its_name(script: str) -> None:
    (name,) = set(re.findall(r"localStorage\.(\w+)", script))
    assert f"in `localStorage` under `{name}`" in GUIDE
    assert "cookie" not in script


def test_the_tables_of_slots_and_pages_are_whole() -> None:
    for name in (*SLOTS, *PAGES):
        assert f"\n| `{name}` |" in GUIDE, name
    for name in SLOTS:
        row = re.search(rf"\n\| `{name}` \|.*", GUIDE)
        assert row
        assert ("who is logged in" in row[0]) == (name in PERSONAL), name


def test_every_parameter_of_the_guide_is_one_of_the_api() -> None:
    asked = json.loads(OPENAPI.read_text())["paths"]["/v1/slots"]["get"]["parameters"]
    known = {parameter["name"] for parameter in asked}
    table = GUIDE[GUIDE.index("## Slots and pages") : GUIDE.index("| `page` |")]
    wanted = {
        name for row in table.splitlines() if row.startswith("| `") for name in row.split("|")[4].split("`")[1::2]
    }
    assert {"product", "cart", "category", "country"} == wanted <= known
    told = GUIDE[GUIDE.index("Attributes of `<ecrm-slot>`") : GUIDE.index("What is the same for all slots")]
    of_the_page = {"layout", "heading", "name", "ecrm-slot", "list", "strip", "message", "fa", "en-GB", "GB"}
    assert set(re.findall(r"`<?([\w-]+)", told)) - of_the_page - {"html"} <= known


def test_what_the_guide_shows_first_is_what_the_page_has() -> None:
    shown = re.search(r"```html\n(.*?)```", GUIDE, re.DOTALL)
    assert shown
    for line in shown[1].splitlines():
        assert line in HTML, line


@pytest.mark.parametrize("path", PAGES_OF_DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text("utf-8")):
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}, target


def test_origins_are_named_by_add_shop_and_replaced_by_naming_them_again() -> None:
    def added(old: Any, *origins: str) -> Any:
        args = {"shop": "acme", "platform": "standard", **({"origin": list(origins)} if origins else {})}
        return registered(args, old, MASTER, NOW)

    first = added(None, "https://acme.test", "https://www.acme.test/")
    assert first.origins == ["https://acme.test", "https://www.acme.test"]
    assert added(first).origins == first.origins
    assert added(first, "http://localhost:3000").origins == ["http://localhost:3000"]


def test_nothing_that_a_browser_gets_knows_the_secret() -> None:
    for path in SNIPPETS:
        text = path.read_text("utf-8")
        if path.suffix != ".php":
            assert not re.search("ik_|IDENTITY", text), path.name
    server = (SHOP_SIDE / "nextjs" / "route.ts").read_text("utf-8")
    assert "process.env.ECRM_IDENTITY_SECRET" in server


@pytest.mark.parametrize("path", [*PAGES_OF_DOCS, ROOT / "docs" / "widget.md"], ids=lambda path: path.name)
def test_no_example_names_a_version_of_the_script_that_is_not_served(path: Path) -> None:
    named = set(re.findall(r"widget/(\w+)\.js", path.read_text("utf-8")))
    assert named <= {file.stem for file in (WIDGET / "served").glob("*.js")}


# --- Next.js ---


def test_the_route_of_nextjs_is_made_for_each_request_with_and_without_cache_components() -> None:
    route = (SHOP_SIDE / "nextjs" / "route.ts").read_text("utf-8")
    exported = set(re.findall(r"^export (?:const|async function|function) (\w+)", route, re.MULTILINE))
    assert exported == {"GET"}, "a build with cacheComponents refuses dynamic, runtime and the like"
    assert route.index("await connection()") < route.index("process.env")
    assert '"Cache-Control": "no-store"' in route


def test_the_component_of_the_script_can_say_all_that_the_script_hears_for_a_whole_page() -> None:
    component = (SHOP_SIDE / "nextjs" / "ecrm.tsx").read_text("utf-8")
    props = component[component.index("type ScriptProps") : component.index("export function EcrmScript")]
    wanted = {"src", "integrity", "nonce", "publishableKey", "tokenUrl", "consent", "page", "country"}
    assert set(re.findall(r"^  (\w+)\??:", props, re.MULTILINE)) == wanted
    # Fetched once: what next/script asks for beforehand has to be the same request as the module's own.
    assert 'type="module" crossOrigin="anonymous"' in component


# --- Shopify ---

# The example of Shopify's own page on app proxies, secret "hush".
SHOPIFYS_OWN = (
    "extra=1&extra=2&shop=shop-name.myshopify.com&logged_in_customer_id=1&path_prefix=%2Fapps%2Fawesome_reviews"
    "&timestamp=1317327555&signature=4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"
)
ASKED = 1_795_340_400


def proxied(customer: str = "8261947523369", **changed: str) -> str:
    told = {"logged_in_customer_id": customer, "path_prefix": "/apps/ecrm", "shop": "acme.myshopify.com"}
    return signed([*(told | {"timestamp": str(ASKED)} | changed).items()])


def signed(told: list[tuple[str, str]], secret: bytes = b"hush") -> str:
    """A query as Shopify passes it on."""
    names = dict.fromkeys(name for name, _ in told)
    joined = sorted(f"{name}={','.join(value for other, value in told if other == name)}" for name in names)
    return urlencode([*told, ("signature", hmac.digest(secret, "".join(joined).encode(), "sha256").hex())])


def proxy(query: str, shop: str = "acme.myshopify.com", now: int = ASKED, secret: str = "hush") -> dict[str, Any]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed here: the app proxy was not run")
    known = {"shop": shop, "clientSecret": secret, "identitySecret": IDENTITY}
    code = (
        "import { answer } from './app_proxy.js'; console.log(JSON.stringify(answer(...JSON.parse(process.argv[1]))))"
    )
    argv = ["node", "--input-type=module", "-e", code, json.dumps([query, known, now])]
    done = subprocess.run(argv, cwd=SHOP_SIDE / "shopify", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_the_app_proxy_answers_shopifys_own_example() -> None:
    answer = proxy(SHOPIFYS_OWN, "shop-name.myshopify.com", 1317327555 + 60)
    assert answer["statusCode"] == 200
    assert answer["headers"]["cache-control"] == "no-store"


def test_behind_the_app_proxy_who_is_logged_in_gets_a_token_and_a_guest_none() -> None:
    token = json.loads(proxy(proxied())["body"])["token"]
    assert json.loads(keys._bytes64(token.split(".")[1])) == {
        "iss": "acme",
        "sub": "8261947523369",
        "exp": ASKED + 600,
        "aud": "ecrm",
    }
    assert json.loads(proxy(proxied(""))["body"]) == {"token": None}


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("logged_in_customer_id=7", {}),
        ("", {}),
        (proxied().replace("8261947523369", "8261947523370"), {}),
        (proxied() + "&logged_in_customer_id=7", {}),
        ("logged_in_customer_id=7&" + proxied(), {}),
        (proxied().replace("signature=", "signature=0"), {}),
        (proxied().split("&signature=")[0] + "&signature=" + quote("é" * 64), {}),
        (proxied(shop="other.myshopify.com"), {}),
        (proxied(), {"now": ASKED + 91}),
        (proxied(timestamp=str(ASKED + 600)), {}),
        (proxied(timestamp="soon"), {}),
        (proxied("gid://shopify/Customer/7"), {}),
        (proxied(), {"secret": "another"}),
        (signed(parse_qsl(proxied())[:4], b""), {"secret": ""}),
        (signed([*parse_qsl(proxied())[:4], ("logged_in_customer_id", "7")]), {}),
        (signed(parse_qsl(proxied())[1:4]), {}),
        (urlencode({"logged_in_customer_id": "7", "shop": "acme.myshopify.com", "timestamp": str(ASKED)}), {}),
    ],
)
def test_the_app_proxy_refuses_what_shopify_did_not_sign_now(query: str, known: dict[str, Any]) -> None:
    answer = proxy(query, **known)
    assert (answer["statusCode"], answer["headers"]["cache-control"]) == (401, "no-store")
    assert "token" not in answer["body"]


def drawn(page: str, editor: bool = False, **told: Any) -> str:
    scene = {
        "request": {"page_type": page, "design_mode": editor},
        "localization": {"country": {"iso_code": "GB"}},
        **told,
    }
    text = Environment().from_string((SHOP_SIDE / "shopify" / "ecrm.liquid").read_text("utf-8")).render(**scene)
    return re.sub(r"\s+", " ", text[text.index("<script") : text.index("></script>")])


def test_the_themes_snippet_tells_what_the_page_is_about() -> None:
    lines = [{"product_id": number} for number in (44, 44, *range(100, 130))]
    cart = {"item_count": 32, "items": lines}
    product = drawn("product", product={"id": 44}, customer={"id": 7}, cart=cart)
    assert 'data-page="product"' in product
    assert 'data-product="44"' in product
    assert 'data-token-url="/apps/ecrm/token"' in product
    ids = re.search(r'data-cart="([\d,]+)"', product)
    assert ids
    assert ids[1].split(",") == ["44", *map(str, range(100, 119))]
    guest = drawn("index", cart={"item_count": 0, "items": []})
    assert 'data-page="home"' in guest
    assert not re.search("token|data-cart|data-product", guest)
    types = {"all_types": {"size": 1, "first": 'Tea "green" <b>'}}
    assert 'data-category="Tea &quot;green&quot; &lt;b&gt;"' in drawn("collection", collection=types, cart={})


def test_the_theme_editor_gets_the_test_key_as_it_runs_on_another_host() -> None:
    assert 'data-key="pk_acme_' in drawn("index", cart={})
    assert 'data-key="tk_acme_' in drawn("index", editor=True, cart={})


SECTION = (SHOP_SIDE / "shopify" / "ecrm-slot.liquid").read_text("utf-8")


def settings_of_the_section() -> dict[str, Any]:
    found = re.search(r"{% schema %}(.*){% endschema %}", SECTION, re.DOTALL)
    assert found
    return {one["id"]: one for one in json.loads(found[1])["settings"]}


def section(name: str, customer: Any = None, editor: bool = False, **settings: Any) -> str:
    """The section as a theme draws it, with its settings' defaults."""
    defaults = {one: told.get("default", "") for one, told in settings_of_the_section().items()}
    liquid = Environment()
    liquid.filters |= {
        "image_url": lambda image, width: f"{image}?width={width}",
        "image_tag": lambda url, loading, alt: f'<img src="{url}" loading="{loading}" alt="{alt}">',
        "money": lambda price: f"£{price / 100:.2f}",
    }
    text = SECTION[: SECTION.index("{% stylesheet %}")]
    scene = {"customer": customer, "request": {"design_mode": editor}}
    drawn = liquid.from_string(text).render(section={"settings": {**defaults, "name": name, **settings}}, **scene)
    return re.sub(r"\s+", " ", drawn).replace(" >", ">").strip()


OTHERWISE = {
    "products": [
        {"url": "/products/mug", "title": "Mug & saucer", "price": 1299, "featured_image": "//cdn/mug.jpg"},
        {"url": "/products/bowl", "title": "Bowl", "price": 3995, "featured_image": None},
    ]
}


def test_the_section_offers_every_slot_and_its_schema_is_json() -> None:
    settings = settings_of_the_section()
    assert {option["value"] for option in settings["name"]["options"]} == set(SLOTS)
    assert set(re.findall(r"section\.settings\.(\w+)", SECTION)) == set(settings)


@pytest.mark.parametrize("name", SLOTS)
def test_a_guest_of_the_theme_gets_no_space_for_what_is_personal(name: str) -> None:
    assert ("<ecrm-slot" in section(name)) == (name not in PERSONAL)
    assert "<ecrm-slot" in section(name, customer={"id": 7})
    assert "<ecrm-slot" in section(name, editor=True)
    if name in PERSONAL:
        assert section(name) == ""


def test_products_have_a_layout_and_messages_their_own() -> None:
    assert 'layout="strip" limit="8"' in section("popular")
    assert not re.search("layout|limit", section("messages", customer={"id": 7}))
    assert {one["value"] for one in settings_of_the_section()["layout"]["options"]} == {"strip", "list"}


def test_a_collection_stands_in_the_slot_until_something_is_found_and_alone_for_a_guest() -> None:
    chosen: dict[str, Any] = {"otherwise": OTHERWISE, "heading": 'Today "only"'}
    heard = section("buy-again", customer={"id": 7}, **chosen)
    inside = re.search(r'<ecrm-slot [^>]*heading="Today &quot;only&quot;">(.*)</ecrm-slot>', heard)
    assert inside
    assert '<h2>Today &quot;only&quot;</h2><ul class="ecrm-otherwise ecrm-otherwise--strip" role="list">' in inside[1]
    assert '<img src="//cdn/mug.jpg?width=400" loading="lazy" alt="">Mug &amp; saucer</a> <b>£12.99</b>' in inside[1]
    assert '<a href="/products/bowl">Bowl</a>' in inside[1]
    assert section("buy-again", **chosen) == f'<div class="page-width">{inside[1]}</div>'
    assert section("popular", otherwise=OTHERWISE, most=1).count("<li>") == 1
    assert "<h2>" not in section("popular", otherwise=OTHERWISE)
    assert "heading" not in section("popular", otherwise=OTHERWISE)


# --- WordPress ---

SETTINGS = {
    "ECRM_SCRIPT": "https://api.acme.test/widget.js",
    "ECRM_KEY": "pk_acme_0123456789012345678901",
    "ECRM_IDENTITY_SECRET": IDENTITY,
}


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The plugin's folder, as the README says to make it."""
    if shutil.which("php") is None:
        pytest.skip("php is not installed here: the WordPress plugin was not run")
    for file in ("woocommerce/ecrm-storefront.php", "woocommerce/ecrm-storefront.js", "tokens/customer_token.php"):
        shutil.copy(SHOP_SIDE / file, tmp_path)
    shutil.copy(ROOT / "tests" / "little_wordpress.php", tmp_path)
    return tmp_path


def wordpress(plugin: Path, code: str, **scene: Any) -> str:
    """What the plugin prints in this scene."""
    code = f"require 'little_wordpress.php'; require 'ecrm-storefront.php'; do_action( 'init' ); {code}"
    env = {**os.environ, "SCENE": json.dumps({"settings": SETTINGS, **scene})}
    strict = ["-d", "error_reporting=-1", "-d", "display_errors=stderr"]
    done = subprocess.run(
        ["php", *strict, "-r", code], cwd=plugin, env=env, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


TOKEN = "$_SERVER['HTTP_SEC_FETCH_SITE'] = '%s'; do_action( 'wp_ajax_ecrm_token' );"


def test_the_plugins_endpoint_answers_who_is_logged_in_and_is_never_stored(plugin: Path) -> None:
    answer = json.loads(wordpress(plugin, TOKEN % "same-origin", user=7))
    claims = json.loads(keys._bytes64(answer["body"]["token"].split(".")[1]))
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("acme", "7", "ecrm")
    assert answer["headers"]["Cache-Control"] == "no-store, private"


def test_a_guest_gets_no_token_and_another_site_nothing(plugin: Path) -> None:
    guest = json.loads(wordpress(plugin, "do_action( 'wp_ajax_nopriv_ecrm_token' );", user=0))
    assert guest["body"] == {"token": None}
    assert guest["headers"]["Cache-Control"] == "no-store, private"
    for site in ("cross-site", "same-site", "none"):
        assert json.loads(wordpress(plugin, TOKEN % site, user=7))["status"] == 403


def test_without_the_secret_all_are_guests_and_with_another_key_it_says_so(plugin: Path) -> None:
    unset = {name: value for name, value in SETTINGS.items() if name != "ECRM_IDENTITY_SECRET"}
    assert json.loads(wordpress(plugin, TOKEN % "", user=7, settings=unset))["body"] == {"token": None}
    wrong = json.loads(
        wordpress(plugin, TOKEN % "", user=7, settings={**unset, "ECRM_IDENTITY_SECRET": "sk_acme_secret"})
    )
    assert wrong["status"] == 500
    assert "sk_acme" not in json.dumps(wrong["body"])
    notice = wordpress(plugin, "do_action( 'admin_notices' );", administrator=True, settings=unset)
    assert "set ECRM_IDENTITY_SECRET in wp-config.php" in notice
    assert wordpress(plugin, "do_action( 'admin_notices' );", settings=unset) == ""


@pytest.mark.parametrize("user", [0, 7])
def test_a_page_of_the_plugin_holds_no_secret_and_is_the_same_for_every_guest(plugin: Path, user: int) -> None:
    page = wordpress(plugin, "do_action( 'wp_head' ); echo ecrm_slot();", user=user, page="product")
    assert "ik_" not in page
    assert 'data-page="product" data-product="44"' in page
    assert ('data-token-url="/wp-admin/admin-ajax.php?action=ecrm_token"' in page) == bool(user)
    assert 'cart="' not in page


@pytest.mark.parametrize(
    ("page", "scene", "told"),
    [
        ("home", {}, 'data-page="home"'),
        ("category", {}, 'data-page="category" data-category="Bath &amp; Body"'),
        ("search", {}, 'data-page="search"'),
        ("blog", {}, 'data-page="other"'),
        ("cart", {"cart": [44, 44, 45]}, 'data-page="cart" data-cart="44,45"'),
        ("checkout", {"cart": list(range(1, 40))}, f'data-cart="{",".join(map(str, range(1, 21)))}"'),
    ],
)
def test_the_plugin_tells_what_the_page_is_about(plugin: Path, page: str, scene: dict[str, Any], told: str) -> None:
    assert told in wordpress(plugin, "do_action( 'wp_head' );", page=page, **scene)


def test_what_was_bought_stands_only_in_the_page_of_who_knows_the_orders_key(plugin: Path) -> None:
    shown = "do_action( 'woocommerce_thankyou' );"
    with_key = "$_GET['key'] = 'wc_order_abc'; " + shown
    other_key = "$_GET['key'] = 'wc_order_abd'; " + shown
    assert wordpress(plugin, with_key, page="confirmation", order="1001") == (
        '<ecrm-slot name="goes-with" cart="7,8"></ecrm-slot>'
    )
    for code, order in ((shown, "1001"), (other_key, "1001"), (with_key, "1002")):
        assert "cart" not in wordpress(plugin, code, page="confirmation", order=order)


def test_the_answer_to_woocommerces_own_buttons_says_what_is_in_the_cart(plugin: Path) -> None:
    answer = "echo json_encode( apply_filters( 'woocommerce_add_to_cart_fragments', array( 'a.cart' => '<a>' ) ) );"
    assert json.loads(wordpress(plugin, answer, cart=[44, 44, 45])) == {"a.cart": "<a>", "ecrm-cart": "44,45"}
    assert json.loads(wordpress(plugin, answer, cart=[]))["ecrm-cart"] == ""


CART = "$_SERVER['HTTP_SEC_FETCH_SITE'] = '%s'; do_action( 'wp_ajax_nopriv_ecrm_cart' );"


def test_the_cart_is_told_to_the_shops_own_pages_only_and_never_stored(plugin: Path) -> None:
    answer = json.loads(wordpress(plugin, CART % "same-origin", cart=[44, 44, 45]))
    assert answer["body"] == {"cart": "44,45"}
    assert answer["headers"]["Cache-Control"] == "no-store, private"
    assert json.loads(wordpress(plugin, CART % "", cart=[]))["body"] == {"cart": ""}
    logged_in = CART.replace("nopriv_", "") % "same-origin"
    assert json.loads(wordpress(plugin, logged_in, user=7, cart=[44]))["body"] == {"cart": "44"}
    for site in ("cross-site", "same-site", "none"):
        refused = json.loads(wordpress(plugin, CART % site, cart=[44]))
        assert (refused["status"], "44" in json.dumps(refused["body"])) == (403, False)


def test_every_page_of_the_plugin_says_where_the_cart_is_asked_for_and_not_what_is_in_it(plugin: Path) -> None:
    pages = {user: wordpress(plugin, "do_action( 'wp_head' );", user=user, page="home", cart=[44]) for user in (0, 7)}
    for page in pages.values():
        told = re.search(r"var ecrmStorefront = (\{.*?\});", page)
        assert told
        assert json.loads(told[1]) == {"cart": "/wp-admin/admin-ajax.php?action=ecrm_cart"}
        assert "data-cart" not in page


def test_a_shortcode_escapes_what_it_is_given(plugin: Path) -> None:
    wanted = "array( 'name' => 'popular', 'heading' => '\"><script>', 'onclick' => 'x()' )"
    code = f"echo ecrm_slot( {wanted}, '</p><b>Ours</b><p>' );"
    assert wordpress(plugin, code) == (
        '<ecrm-slot name="popular" heading="&quot;&gt;&lt;script&gt;"><b>Ours</b></ecrm-slot>'
    )


def test_slots_stand_where_shops_want_them_and_the_owner_may_choose_others(plugin: Path) -> None:
    account = wordpress(plugin, "do_action( 'woocommerce_account_dashboard' );", user=7)
    assert re.findall(r'name="([a-z-]+)"', account) == ["messages", "buy-again", "replenish"]
    block = "echo apply_filters( 'render_block_woocommerce/cart', '[block]' );"
    assert (
        wordpress(plugin, block, page="cart", cart=[44]) == '[block]<ecrm-slot name="goes-with" cart="44"></ecrm-slot>'
    )
    none = "$GLOBALS['hooks']['woocommerce_account_dashboard'] = array(); "
    none += "add_filter( 'ecrm_places', fn() => array( 'my_hook' => array( 'popular' ) ) ); ecrm_place_slots(); "
    assert wordpress(plugin, none + "do_action( 'my_hook' );") == '<ecrm-slot name="popular"></ecrm-slot>'
