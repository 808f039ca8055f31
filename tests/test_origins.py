"""`--origin`: what an owner types becomes what browsers send, or a sentence that says what to type instead."""

from __future__ import annotations

import pytest

from chalicelib import keys
from chalicelib.domain.shop import Shop
from tests.acme import MASTER, NOW
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask
from tests.storefront import open_storefront
from webhooks.arguments import BadArgument
from webhooks.shops import registered


def origins(*typed: str) -> list[str]:
    args = {"shop": "acme", "platform": "standard", "origin": list(typed)}
    return registered(args, None, MASTER, NOW).origins


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("https://acme.test", "https://acme.test"),
        (" HTTPS://Shop.ACME.test/ ", "https://shop.acme.test"),
        ("https://acme.test:443", "https://acme.test"),
        ("http://acme.test:80/", "http://acme.test"),
        ("https://acme.test:", "https://acme.test"),
        ("http://acme.test:443", "http://acme.test:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001"),
        ("http://[0:0::1]:3000", "http://[::1]:3000"),
        ("https://my_shop.acme.test", "https://my_shop.acme.test"),
        ("https://فروشگاه.ir", "https://xn--mgbtj4c7ad63e.ir"),
        ("https://xn--mgbtj4c7ad63e.ir", "https://xn--mgbtj4c7ad63e.ir"),
        ("https://Bücher.de:8443", "https://xn--bcher-kva.de:8443"),
        # What browsers keep and IDNA 2003 drops: ß, and the joiner in Persian words.
        ("https://straße.de", "https://xn--strae-oqa.de"),
        ("https://می\u200cخواهم.ir", "https://xn--mgbn2ecje63gr19l.ir"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed: str, sent: str) -> None:
    assert origins(typed) == [sent]


def test_two_ways_to_write_one_origin_are_one() -> None:
    assert origins("https://acme.test", "https://ACME.test:443/", "https://www.acme.test") == [
        "https://acme.test",
        "https://www.acme.test",
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("https://*.acme.test", "--origin: wildcards are not known: name every host"),
        ("*", "--origin: scheme and host"),
        ("https://*", "--origin: wildcards"),
        ("https://acme.test:443/tea?x=1", "--origin: without a path: https://acme.test$"),
        ("https://acme.test/#top", "--origin: without a path: https://acme.test$"),
        ("https://mina:hush@acme.test", "--origin: without a user name in it: https://acme.test$"),
        ("https://@acme.test", "--origin: without a user name in it: https://acme.test$"),
        ("acme.test", "such as https://www.acme.test"),
        ("localhost:3000", "such as https://www.acme.test"),
        ("//acme.test", "such as https://www.acme.test"),
        ("null", "such as https://www.acme.test"),
        ("ftp://acme.test", "such as https://www.acme.test"),
        ("https://", "such as https://www.acme.test"),
        ("https://acme.test:99999", "such as https://www.acme.test"),
        ("https://acme.test:0", "such as https://www.acme.test"),
        ("https://[::1", "such as https://www.acme.test"),
        ("https://acme test", "such as https://www.acme.test"),
        ("https://acme.test, https://www.acme.test", "such as https://www.acme.test"),
        ("https://ac\nme.test", "--origin: at most 300 characters on one line"),
        ("https://☕.test", "--origin: its host in the form in which browsers send it"),
        ("https://" + "ا" * 70 + ".ir", "--origin: its host in the form"),
    ],
)
def test_what_no_page_can_come_from_is_refused_with_what_to_write(typed: str, said: str) -> None:
    with pytest.raises(BadArgument, match=said) as refused:
        origins("https://fine.test", typed)
    assert "hush" not in str(refused.value)


def test_a_page_of_a_persian_name_may_ask_once_its_owner_has_typed_it() -> None:
    with instead_of_dynamodb():
        shop: Shop = open_storefront(origins=origins("https://فروشگاه.ir:443/"))
        key = keys.publishable_key(MASTER, shop.slug)
        browser = {"Origin": "https://xn--mgbtj4c7ad63e.ir"}
        assert ask("GET", f"/v1/slots?slots=popular&key={key}", browser).status == 200
