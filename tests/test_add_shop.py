"""`python -m webhooks add-shop`: what an owner gets, keeps and is told."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from chalicelib import keys
from chalicelib.accept import receive
from chalicelib.domain.shop import Shop
from chalicelib.outside import Aws
from chalicelib.platforms.standard import signature as standard
from chalicelib.platforms.standard import webhook
from chalicelib.platforms.woocommerce import signature as woocommerce
from chalicelib.settings import MissingSetting, Settings, read, settings
from tests.outside import MASTER, FakeOutside
from webhooks import __main__ as command
from webhooks.arguments import BadArgument
from webhooks.example import order
from webhooks.shops import add_shop, listed
from webhooks.stage import variables

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SETTINGS = Settings("ecrm", "https://sqs.test/inbox", "bucket", MASTER, public_url="https://ecrm.acme.test/api/")
PERSIAN = {
    "shop": "gol",
    "platform": "woocommerce",
    "name": "گل‌فروشی",
    "locale": "fa-IR",
    "currency": "irt",
    "timezone": "Asia/Tehran",
    "consent": "soft",
    "from": "گل <shop@gol.test>",
    "address": "تهران، خیابان ولیعصر ۱۲",
    "source_url": "https://gol.test",
    "consent_meta": {"_newsletter": "email"},
    "connected_at": "2026-01-01T03:30:00+03:30",
}


class FakeRows(dict):
    """The table's shops."""

    def change(self, slug, by):
        self[slug] = by(self.get(slug))
        return self[slug]

    def all_slugs(self):
        return list(self)


class Owner:
    """Runs the command against a fake table and bucket."""

    def __init__(self):
        self.rows, self.outside = FakeRows(), FakeOutside()

    def adds(self, **args):
        args = {"shop": "acme", "platform": "woocommerce", **args}
        return add_shop(args, SETTINGS, NOW, rows=self.rows, put=self.outside.put)

    def delivers(self, secret, topic="order.created", shop="acme"):
        headers = woocommerce.sign(b"{}", secret, topic=topic, now=NOW, id="1")
        return receive("woocommerce", shop, headers, b"{}", NOW, outside=self.outside)[0]


@pytest.fixture
def owner():
    return Owner()


class TestANewShop:
    def test_gets_an_address_a_secret_per_topic_and_its_keys(self, owner):
        answer = owner.adds()
        assert answer["delivery_url"] == "https://ecrm.acme.test/api/hooks/woocommerce/acme"
        assert answer["secrets"].keys() == set(woocommerce.TOPICS)
        assert len(set(answer["secrets"].values())) == len(woocommerce.TOPICS)
        assert keys.shop_of_key(answer["publishable_key"]) == keys.shop_of_key(answer["secret_key"]) == "acme"
        json.dumps(answer)

    def test_of_a_platform_with_one_secret_gets_one(self, owner):
        answer = owner.adds(shop="home-made", platform="standard")
        assert answer["secrets"].keys() == {"*"}
        headers = standard.sign(b"{}", answer["secrets"]["*"], topic="", now=NOW, id="m")
        assert receive("standard", "home-made", headers, b"{}", NOW, outside=owner.outside)[0] == 200

    def test_can_deliver_at_once_with_each_secret_for_its_topic_only(self, owner):
        secrets = owner.adds()["secrets"]
        for topic, secret in secrets.items():
            assert owner.delivers(secret, topic) == 200
        assert owner.delivers(secrets["product.deleted"], "customer.deleted") == 401

    def test_is_stored_as_the_owner_said(self, owner):
        owner.adds(**PERSIAN)
        shop = owner.rows["gol"]
        assert (shop.locale, shop.currency, shop.timezone, shop.country) == ("fa-IR", "IRT", "Asia/Tehran", "IR")
        assert shop.connected_at == "2026-01-01T00:00:00Z"
        assert shop.sender == "گل <shop@gol.test>"
        assert shop.consent_meta == {"_newsletter": "email"}
        assert len(bytes.fromhex(shop.blind_key)) == len(bytes.fromhex(shop.salt)) == 32

    def test_starts_now_unless_told_otherwise_and_keeps_its_secret_key_hashed(self, owner):
        answer = owner.adds()
        shop = owner.rows["acme"]
        assert shop.connected_at == "2026-11-21T09:00:00Z"
        assert shop.secret_key_hash == keys.hash_secret_key(answer["secret_key"])
        assert answer["secret_key"] not in repr(shop)

    def test_has_random_keys_of_its_own_for_ids_and_arms(self, owner):
        owner.adds()
        owner.adds(shop="other")
        one, two = owner.rows["acme"], owner.rows["other"]
        assert len({one.blind_key, one.salt, two.blind_key, two.salt}) == 4

    def test_does_not_push_out_the_shops_before_it(self, owner):
        secret = owner.adds()["secrets"]["order.created"]
        owner.adds(shop="other")
        assert owner.delivers(secret) == 200

    def test_that_is_restored_keeps_the_keys_it_was_exported_with(self, owner):
        owner.adds(blind_key="ab" * 32, salt="cd" * 32)
        assert owner.rows["acme"].blind_key == "ab" * 32
        with pytest.raises(BadArgument, match="--salt: cannot change"):
            owner.adds(salt="ef" * 32)


class TestAWarning:
    def test_is_given_for_all_that_will_surprise(self, owner):
        told = owner.adds()["warnings"]
        flags = ("--from", "--currency", "--timezone", "--address", "--consent-meta", "--source-url")
        assert [flag for flag in flags if any(flag in warning for warning in told)] == list(flags)
        assert "NO MAIL GOES OUT" in told[0]

    def test_is_not_given_for_what_was_said(self, owner):
        assert owner.adds(**PERSIAN)["warnings"] == []
        assert not [w for w in owner.adds(currency="USD", timezone="UTC")["warnings"] if "USD" in w or "UTC" in w]

    def test_is_only_of_what_the_platform_can_do(self, owner):
        told = " ".join(owner.adds(shop="home-made", platform="standard")["warnings"])
        assert "--source-url" not in told
        assert "--consent-meta" not in told

    @pytest.mark.parametrize("typed", ["wren-marygold", "wren-marigolds", "wren-margold", "wren-mraigold"])
    def test_is_given_first_for_a_name_that_is_anothers_but_for_a_letter(self, owner, typed):
        owner.adds(shop="wren-marigold")
        first = owner.adds(shop=typed)["warnings"][0]
        assert first.startswith(f"This makes a NEW shop, {typed}, beside wren-marigold.")
        assert "--shop wren-marigold" in first
        assert "NEW" not in owner.adds(shop=typed)["warnings"][0]

    def test_is_not_given_for_a_name_that_cannot_be_mistaken(self, owner):
        owner.adds(shop="acme")
        assert not [told for told in owner.adds(shop="acme-uk")["warnings"] if "NEW" in told]

    def test_does_not_keep_the_shop_from_being_registered(self, owner):
        owner.adds()
        assert owner.rows["acme"].sender == ""


class TestWhatAShopSends:
    def test_flows_are_switched_off_and_on_by_name(self, owner):
        owner.adds(flow_off=["come-back", "how-was-it"])
        assert owner.rows["acme"].flows_off == ("come-back", "how-was-it")
        owner.adds(flow_on=["how-was-it"])
        assert owner.rows["acme"].flows_off == ("come-back",)
        owner.adds()
        assert owner.rows["acme"].flows_off == ("come-back",)

    def test_the_share_that_gets_marketing_stays_until_it_is_changed(self, owner):
        owner.adds(treated_share="0.8")
        owner.adds()
        assert owner.rows["acme"].treated_share == "0.8"


def test_the_list_of_shops_says_what_was_registered_and_no_secret(owner):
    owner.adds(**PERSIAN)
    answer = owner.adds()
    acme, gol = listed(NOW, owner.rows)
    assert (acme["shop"], acme["sender"], acme["currency"]) == ("acme", "", "USD")
    assert (gol["shop"], gol["platform"], gol["consent"], gol["timezone"]) == (
        "gol",
        "woocommerce",
        "soft",
        "Asia/Tehran",
    )
    shop, told = owner.rows["acme"], json.dumps([acme, gol])
    for secret in (answer["secret_key"], *answer["secrets"].values(), shop.blind_key, shop.salt, shop.secret_key_hash):
        assert secret not in told


class TestTheSameShopAgain:
    def test_is_told_the_same_and_stays_the_same(self, owner):
        assert owner.adds(**PERSIAN) == owner.adds(shop="gol")
        before = owner.rows["gol"]
        owner.adds(shop="gol")
        assert owner.rows["gol"] == before

    def test_changes_only_what_is_named(self, owner):
        owner.adds(**PERSIAN)
        before = owner.rows["gol"]
        owner.adds(shop="gol", currency="IRHT")
        after = owner.rows["gol"]
        assert after.currency == "IRHT"
        assert {name for name in before.__slots__ if getattr(before, name) != getattr(after, name)} == {"currency"}

    def test_cannot_become_another_platform(self, owner):
        owner.adds()
        with pytest.raises(BadArgument, match="--platform: acme is woocommerce; register another shop"):
            owner.adds(platform="standard")

    def test_rotates_its_secrets_without_a_gap(self, owner):
        old = owner.adds()["secrets"]["order.created"]
        new = owner.adds(rotate_secrets=True)["secrets"]["order.created"]
        assert old != new
        assert (owner.delivers(old), owner.delivers(new)) == (200, 200)
        owner.adds(retire_old_secrets=True)
        assert (owner.delivers(old), owner.delivers(new)) == (401, 200)

    def test_cannot_pile_up_secrets(self, owner):
        for _ in range(4):
            owner.adds(rotate_secrets=len(owner.rows) > 0)
        with pytest.raises(BadArgument, match="--retire-old-secrets"):
            owner.adds(rotate_secrets=True)

    def test_gets_a_new_secret_key_when_it_asks_for_one(self, owner):
        old, new = owner.adds()["secret_key"], owner.adds(rotate_secret_key=True)["secret_key"]
        stored = owner.rows["acme"].secret_key_hash
        assert keys.is_secret_key(new, stored)
        assert not keys.is_secret_key(old, stored)
        assert owner.adds()["secret_key"] == new

    def test_gets_a_new_identity_secret_when_it_asks_for_one(self, owner):
        before, after = owner.adds(), owner.adds(rotate_identity_secret=True)
        assert before["identity_secret"] != after["identity_secret"]
        assert owner.adds()["identity_secret"] == after["identity_secret"]
        assert ["what guests see" in " ".join(told["warnings"]) for told in (before, after)] == [False, True]

    def test_is_only_shown_by_a_dry_run(self, owner):
        told, before = owner.adds(), dict(owner.rows)
        assert owner.adds(dry_run=True) == told
        assert owner.rows == before

    def test_can_be_switched_off_and_on(self, owner):
        secret = owner.adds()["secrets"]["order.created"]
        owner.adds(state="off")
        assert owner.delivers(secret) == 401
        owner.adds(state="on")
        assert owner.delivers(secret) == 200


class TestSecretsTheShopBrings:
    def test_are_taken_beside_ours_and_lie_nowhere_in_plain(self, owner):
        answer = owner.adds(secret=["رمز قدیمی", "whsec_woo=="])
        assert [owner.delivers(s) for s in ("رمز قدیمی", "whsec_woo==", answer["secrets"]["order.created"])] == [
            200
        ] * 3
        everything = repr(owner.rows) + repr(owner.outside.objects)
        assert "whsec_woo" not in everything
        assert "رمز" not in json.loads(json.dumps(everything))
        assert "قدیمی" not in json.dumps(answer, ensure_ascii=False)

    def test_may_be_for_one_topic(self, owner):
        owner.adds(secret=["order.created=just for this=="])
        assert owner.delivers("just for this==") == 200
        assert owner.delivers("just for this==", "order.updated") == 401

    def test_replace_the_earlier_ones(self, owner):
        owner.adds(secret=["one"])
        owner.adds()
        assert owner.delivers("one") == 200
        owner.adds(secret=["two"])
        assert (owner.delivers("one"), owner.delivers("two")) == (401, 200)


class TestABadArgument:
    @pytest.mark.parametrize(
        ("args", "said"),
        [
            ({"shop": "A"}, "--shop: 3 to 40"),
            ({"shop": ""}, "--shop: is missing"),
            ({"shop": "acme|x"}, "--shop: 3 to 40"),
            ({"platform": "magento"}, "--platform: one of saleor, shopify, standard, woocommerce; home-made"),
            ({"platform": "../x"}, "--platform: one of"),
            ({"locale": "xx-XX"}, "--locale: a language tag"),
            ({"currency": "USX"}, "--currency: an ISO 4217 code"),
            ({"currency": "$"}, "--currency: an ISO 4217 code"),
            ({"timezone": "Teheran"}, "--timezone: a name of the IANA"),
            ({"timezone": "../../etc/passwd"}, "--timezone: a name of the IANA"),
            ({"country": "IRN"}, "--country: two letters"),
            ({"country": "ZQ"}, "--country: two letters"),
            ({"consent": "none"}, "--consent: one of strict, soft"),
            ({"from": "acme"}, "--from: one mailbox"),
            ({"from": "a@acme.test, b@acme.test"}, "--from: one mailbox"),
            ({"from": "Acme <a@acme.test>\r\nBcc: x@evil.test"}, "--from: at most 300"),
            ({"address": "a\nb"}, "--address: at most 300"),
            ({"source_url": "acme.test"}, "--source-url: an address"),
            ({"source_url": "javascript:alert(1)"}, "--source-url: an address"),
            ({"api_url": "https://u:p@acme.test"}, "--api-url: an address"),
            ({"api_url": "http://[::1"}, "--api-url: an address"),
            ({"origin": ["https://acme.test/path"]}, "--origin: without a path: https://acme.test"),
            ({"rotate_secret_key": True}, "--rotate-secret-key: there is no shop acme yet"),
            ({"connected_at": "yesterday"}, "--connected-at: a moment"),
            ({"jwks": "{}"}, "--jwks: a file"),
            ({"state": "gone"}, "--state: one of"),
            ({"consent_meta": {"_news": "fax"}}, "--consent-meta: key=email"),
            ({"secret": [""]}, "--secret: must be"),
            ({"secret": ["a\nb"]}, "--secret: must be"),
            ({"secret": [12]}, "--secret: must be"),
            ({"platform": "standard", "secret": ["not base64!"]}, "--secret: not a secret as standard"),
            ({"secret": ["order.created="]}, "--secret: not a secret"),
            ({"name": 12}, "--name: must be text"),
            ({"nonsense": "1"}, "--nonsense: there is no such"),
            ({"blind_key": "ab"}, "--blind-key: 64 hex"),
            ({"treated_share": "0.81"}, "--treated-share: 0.5 to 0.8"),
            ({"treated_share": "0.4"}, "--treated-share: 0.5 to 0.8"),
            ({"treated_share": "nan"}, "--treated-share: 0.5 to 0.8"),
            ({"flow_off": ["spam"]}, "--flow-off: one of back-in-stock, birthday, cart-left, come-back, how-was-it"),
            ({"flow_off": "come-back"}, "--flow-off: must be a list"),
            ({"flow_off": ["come-back"], "flow_on": ["come-back"]}, "--flow-on: come-back cannot be"),
        ],
    )
    def test_is_named_with_a_remedy_and_nothing_is_written(self, owner, args, said):
        with pytest.raises(BadArgument, match=said):
            owner.adds(**args)
        assert owner.rows == {}
        assert owner.outside.objects == {}

    def test_is_found_by_a_dry_run_which_writes_nothing(self, owner):
        answer = owner.adds(dry_run=True)
        assert answer["secrets"]
        assert owner.rows == {}
        assert owner.outside.objects == {}


class LocalWorld(BaseHTTPRequestHandler):
    """What the local world answers at `/_local/shops`."""

    owner = Owner()

    def do_GET(self):
        answers = {"/_local/shops": listed(NOW, self.owner.rows), "/_local/clock": {"now": "2026-11-21T09:00:00Z"}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answers[self.path]).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path.startswith("/hooks/"):
            _, _, platform, shop = self.path.split("/")
            self.send_response(receive(platform, shop, self.headers, body, NOW, outside=self.owner.outside)[0])
            self.end_headers()
            return
        args = json.loads(body)
        try:
            status, answer = 200, self.owner.adds(**args)
        except BadArgument as error:
            status, answer = 400, {"type": "about:blank", "title": str(error), "status": 400}
        self.send_response(status if self.path == "/_local/shops" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def local_world():
    server = HTTPServer(("127.0.0.1", 0), LocalWorld)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class TestTheCommand:
    def test_prints_what_the_local_world_answers(self, local_world, capsys):
        args = [
            "add-shop",
            "--shop",
            "acme",
            "--platform",
            "woocommerce",
            "--locale",
            "fa-IR",
            "--secret",
            "a=b",
            "--secret",
            "c",
            "--api",
        ]
        assert command.main([*args, local_world, "--consent-meta", "_n=email", "--from", "Acme <a@acme.test>"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert list(answer)[:4] == ["shop", "platform", "delivery_url", "secrets"]
        shop = LocalWorld.owner.rows["acme"]
        assert (shop.locale, shop.sender, shop.consent_meta) == ("fa-IR", "Acme <a@acme.test>", {"_n": "email"})
        assert LocalWorld.owner.delivers("a=b") == 200

    def test_says_its_warnings_where_people_look_too(self, local_world, capsys):
        assert command.main(["add-shop", "--shop", "bare", "--platform", "woocommerce", "--api", local_world]) == 0
        said = capsys.readouterr()
        told = json.loads(said.out)["warnings"]
        assert told
        assert all(f"add-shop: {warning}" in said.err for warning in told)

    def test_lists_shops_for_people_and_for_programs(self, local_world, capsys):
        command.main(["add-shop", "--shop", "listed", "--platform", "standard", "--api", local_world])
        capsys.readouterr()
        assert command.main(["shops", "--api", local_world]) == 0
        assert "listed  platform=standard  state=on" in capsys.readouterr().out
        assert command.main(["shops", "--json", "--api", local_world]) == 0
        assert "listed" in [shop["shop"] for shop in json.loads(capsys.readouterr().out)]

    def test_lists_where_the_pages_of_a_shop_are(self, local_world, capsys):
        pages = ["https://paged.test", "https://www.paged.test"]
        command.main(
            ["add-shop", "--shop", "paged", "--platform", "standard", "--api", local_world]
            + [flag for page in pages for flag in ("--origin", page)]
        )
        capsys.readouterr()
        assert command.main(["shops", "--json", "--api", local_world]) == 0
        told = {shop["shop"]: shop["origins"] for shop in json.loads(capsys.readouterr().out)}
        assert told["paged"] == pages

    def test_sends_an_example_that_is_taken_with_the_right_secret_only(self, local_world, capsys):
        command.main(["add-shop", "--shop", "example", "--platform", "standard", "--api", local_world])
        secret = json.loads(capsys.readouterr().out)["secrets"]["*"]
        example = ["send-example", "--shop", "example", "--api", local_world, "--secret"]
        assert command.main([*example, secret]) == 0
        assert json.loads(capsys.readouterr().out)["clock"] == "2026-11-21T09:00:00Z"
        for wrong, said in (("whsec_bm90IGl0", "answered 401"), ("no secret!", "the one that add-shop printed")):
            assert command.main([*example, wrong]) == 2
            assert said in capsys.readouterr().err

    def test_ends_with_2_and_names_the_flag(self, local_world, capsys):
        args = ["add-shop", "--shop", "acme", "--platform", "woocommerce"]
        for more, said in (
            (["--currency", "XX", "--api", local_world], "--currency: an ISO"),
            (["--api", "https://ecrm.acme.test"], "--api: only the local world"),
            (["--api", "http://10.0.0.1:8000"], "--api: only the local world"),
            (["--jwks", "/nowhere", "--api", local_world], "--jwks: there is no file /nowhere"),
        ):
            assert command.main([*args, *more]) == 2
            said_here = capsys.readouterr()
            assert said in said_here.err
            assert said_here.out == ""

    def test_ends_with_1_where_nothing_answers_and_tells_programs_so(self, capsys):
        for argv in (["shops"], ["status", "--shop", "acme"], ["add-shop", "--shop", "a-b", "--platform", "standard"]):
            assert command.main([*argv, "--json", "--api", "http://127.0.0.1:1"]) == 1
            said = capsys.readouterr()
            told = "nothing answers at http://127.0.0.1:1; start it with `make serve`, or say with --api where it is"
            assert told in said.err
            error = json.loads(said.out)["error"]
            assert (error["code"], error["message"] in said.err) == ("failed", True)

    def test_what_cannot_be_read_at_all_is_json_too_where_that_was_asked_for(self, capsys):
        with pytest.raises(SystemExit):
            command.main(["add-shop", "--json", "--what"])
        assert "--shop" in json.loads(capsys.readouterr().out)["error"]["message"]

    def test_an_example_is_for_home_made_shops(self, local_world, capsys):
        command.main(["add-shop", "--shop", "woo", "--platform", "woocommerce", "--api", local_world])
        capsys.readouterr()
        for shop, said in (("woo", "woo is woocommerce: an example"), ("nobody", "there is no shop nobody here")):
            assert command.main(["send-example", "--shop", shop, "--secret", "whsec_x", "--api", local_world]) == 2
            assert said in capsys.readouterr().err

    @pytest.mark.parametrize(
        "argv", [[], ["add-shop"], ["add-shop", "--shop", "a"], ["remove-shop"], ["add-shop", "--what"]]
    )
    def test_ends_with_2_where_it_cannot_be_read_at_all(self, argv, capsys):
        with pytest.raises(SystemExit) as left:
            command.main(argv)
        assert left.value.code == 2

    def test_finds_a_stages_names_in_its_stack(self):
        class CloudFormation:
            def describe_stacks(self, StackName):
                outputs = {"Table": "t", "Inbox": "https://sqs/i", "EndpointURL": "https://x/api/", "Other": "o"}
                return (
                    {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()]}]}
                    if StackName == "ecrm-prod"
                    else {}
                )

        found = variables("prod", CloudFormation())
        assert found["ECRM_TABLE"] == "t"
        assert found["ECRM_PUBLIC_URL"] == "https://x/api/"
        assert found["ECRM_MASTER_PARAMETER"] == "/ecrm/prod/master"


def test_the_example_is_an_order_as_the_standard_platform_reads_it():
    shop = Shop("acme", "standard", "2026-11-21T09:00:00Z", currency="EUR")
    (seen,) = webhook.read("", {}, order(NOW, "sara@example.test"), received_at="2026-11-21T09:00:00Z", shop=shop)
    assert (seen.order.total, seen.order.currency, seen.order.paid) == (2490, "EUR", True)
    assert seen.order.buyer.email == "sara@example.test"


class TestTheSettings:
    GOOD = {"ECRM_TABLE": "t", "ECRM_INBOX_URL": "u", "ECRM_BUCKET": "b", "ECRM_MASTER": "ab" * 32}  # noqa: RUF012

    @pytest.mark.parametrize("variable", sorted(GOOD))
    def test_that_are_missing_are_named(self, variable):
        with pytest.raises(MissingSetting, match=f"{variable} is not set: set it to"):
            read({name: value for name, value in self.GOOD.items() if name != variable})

    @pytest.mark.parametrize("master", ["ab", "zz" * 32, "ab" * 31])
    def test_want_a_master_that_cannot_be_guessed(self, master):
        with pytest.raises(MissingSetting, match="64 hex digits"):
            read({**self.GOOD, "ECRM_MASTER": master})

    def test_that_not_everybody_needs_are_named_when_needed(self):
        with pytest.raises(MissingSetting, match="ECRM_OUTBOX_URL"):
            read(self.GOOD).need("table", "outbox_url")

    def test_show_no_secret(self):
        shown = repr(read({**self.GOOD, "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "hush"}))
        assert "hush" not in shown
        assert "\\xab" not in shown


class TestOnATable:
    def test_a_shop_is_stored_published_and_heard(self, cloud):
        answer = add_shop(
            {"shop": "acme", "platform": "woocommerce", "secret": ["old"]},
            settings(),
            NOW,
            put=(bucket := FakeOutside()).put,
        )
        again = add_shop({"shop": "acme", "platform": "woocommerce"}, settings(), NOW, put=bucket.put)
        assert answer == again
        bucket.master = settings().master
        for secret in ("old", answer["secrets"]["order.created"]):
            headers = woocommerce.sign(b"{}", secret, topic="order.created", now=NOW, id="1")
            assert receive("woocommerce", "acme", headers, b"{}", NOW, outside=bucket)[0] == 200

    def test_of_a_deployed_stage_is_reached_through_its_stack(self, ministack, monkeypatch, capsys):
        given = settings()
        endpoint = {"endpoint_url": given.endpoint_url, "region_name": given.region}
        boto3.client("ssm", **endpoint).put_parameter(Name="/ecrm/prod/master", Value="ab" * 32, Type="SecureString")
        names = {"Table": given.table, "Bucket": given.bucket, "Inbox": given.inbox_url, "PublicUrl": "https://x.test"}
        template = {
            "Resources": {"Any": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in names.items()},
        }
        boto3.client("cloudformation", **endpoint).create_stack(
            StackName="ecrm-prod", TemplateBody=json.dumps(template)
        )
        for name in ("ECRM_STAGE", "ECRM_MASTER_PARAMETER", "AWS_SESSION_TOKEN"):
            monkeypatch.setenv(name, "of this shell")  # the command replaces it; afterwards it is gone again
        monkeypatch.delenv("AWS_SESSION_TOKEN")
        assert command.main(["add-shop", "--shop", "acme", "--platform", "standard", "--stage", "prod"]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["delivery_url"] == "https://x.test/hooks/standard/acme"
        assert answer["secrets"]["*"] == keys.webhook_secret(bytes.fromhex("ab" * 32), "acme", "*")
        assert Aws(settings()).directory.find("acme")

    def test_and_queues_as_real_as_they_get_here(self, ministack):
        args = {"shop": "acme", "platform": "woocommerce", "secret": ["old"], "origin": ["https://acme.test"]}
        answer = add_shop(args, settings(), NOW)
        outside = Aws(settings())
        for secret in ("old", answer["secrets"]["order.created"]):
            headers = woocommerce.sign(b"{}", secret, topic="order.created", now=NOW, id="1")
            assert receive("woocommerce", "acme", headers, b"{}", NOW, outside=outside)[1]["reason"] == "accepted"
        assert receive("woocommerce", "nobody", headers, b"{}", NOW, outside=outside)[0] == 401
