"""The demo's shops, registered as their owners would, and a line to each: its webhooks in, its partner API out."""

from __future__ import annotations

import hashlib
import http.client
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.domain.times import stamp
from infra.local.recordings import recorded, secrets

GIFTS, PERSIAN, THOUSANDS = "little-gifts", "pooshak", "pooshak-hezar"
_PERSIAN = {
    "platform": "woocommerce",
    "locale": "fa-IR",
    "timezone": "Asia/Tehran",
    "consent": "soft",
    "name": "پوشاک نمونه",
    "address": "تهران، خیابان ولی‌عصر، پلاک ۱۲",
    "from": "پوشاک نمونه <salam@pooshak.test>",
}
_ARGUMENTS: dict[str, dict[str, Any]] = {
    GIFTS: {
        "platform": "standard",
        "locale": "en-GB",
        "currency": "GBP",
        "timezone": "Europe/London",
        "consent": "soft",
        "name": "Little Gifts",
        "address": "12 Market Street, York YO1 8AB",
        "from": "Little Gifts <hello@little-gifts.test>",
    },
    PERSIAN: {**_PERSIAN, "currency": "IRT"},
    # Another release of WooCommerce, with the plugin that counts in thousands of Toman. It numbered its orders from the
    # beginning too: in one shop they would overwrite those of the first recording.
    THOUSANDS: {**_PERSIAN, "currency": "IRHT", "name": "پوشاک نمونه ۲"},
}
RECORDINGS = {PERSIAN: "woocommerce-10.5.2", THOUSANDS: "woocommerce-persian"}


@dataclass
class Line:
    """A registered shop and an open connection to the house."""

    slug: str
    delivery_path: str
    secret: str
    secret_key: str
    wire: http.client.HTTPConnection

    def deliver(self, body: bytes, headers: dict[str, str]) -> int:
        """Post a webhook; the status of the answer."""
        return self._ask("POST", self.delivery_path, body, headers)[0]

    def read(self, path: str, **query: Any) -> Any:
        """Ask the partner API as the shop's owner."""
        target = f"{path}?{urlencode(query)}" if query else path
        status, answer = self._ask("GET", target, None, {"authorization": f"Bearer {self.secret_key}"})
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        return json.loads(answer)

    def _ask(self, method: str, target: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        self.wire.request(method, target, body, headers)
        response = self.wire.getresponse()
        return response.status, response.read()


def register(url: str, connected: datetime) -> dict[str, Line]:
    """All three shops. Their keys are fixed, not random: each run draws the same arms and comes to the same numbers."""
    wire = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    at = {"connected_at": stamp(connected)}
    return {slug: _registered(wire, slug, {**given, **at}) for slug, given in _ARGUMENTS.items()}


def _registered(wire: http.client.HTTPConnection, slug: str, given: dict[str, Any]) -> Line:
    asked = {**given, "shop": slug, "blind_key": _fixed(slug, "blind"), "salt": _fixed(slug, "experiment")}
    if slug in RECORDINGS:
        asked["secret"] = secrets(recorded(RECORDINGS[slug]))
    wire.request("POST", "/_local/shops", json.dumps(asked), {"content-type": "application/json"})
    response = wire.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        raise RuntimeError(f"{slug} was not registered: {answer}")
    path = urlsplit(answer["delivery_url"]).path
    return Line(slug, path, answer["secrets"].get("*", ""), answer["secret_key"], wire)


def _fixed(slug: str, purpose: str) -> str:
    return hashlib.sha256(f"demo {slug} {purpose}".encode()).hexdigest()
