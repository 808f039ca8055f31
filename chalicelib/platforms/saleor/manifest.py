"""What Saleor reads to install our app: who we are, which rights we need, which webhooks there will be.

Source: saleor/app/manifest_validations.py and installation_utils.py. Saleor says its version when it asks for it.
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.platforms.saleor.hooks import described
from chalicelib.platforms.saleor.queries import COUPONS, OLDEST, PERMISSIONS, SINCE, SUBSCRIPTIONS

VERSION = "1.0.0"
_CHANGES = {False: "Reads; changes nothing.", True: "Makes coupons; changes nothing else."}
_SCHEMA = re.compile(r"(\d{1,4})\.(\d{1,4})")


def app_id(shop_slug: str) -> str:
    """What tells our app from every other one, at the shop and among the shops of one owner."""
    return f"ecrm.{shop_slug}"


def manifest(
    public_url: str, shop_slug: str, token: str, schema_version: str = "", coupons: bool = False
) -> dict[str, Any]:
    """The manifest for one shop. `token` opens the address at which the shop hands over its own; `schema_version` is
    Saleor's, such as "3.23": topics that an older one does not know would make it refuse the whole manifest. `coupons`:
    the owner wants the shop to make some for us."""
    base = public_url.rstrip("/")
    delivery_url = f"{base}/hooks/saleor/{shop_slug}"
    return {
        "id": app_id(shop_slug),
        "version": VERSION,
        "name": "eCRM",
        "about": f"Keeps your customers and their orders together and follows up on orders. {_CHANGES[coupons]}",
        "permissions": [*PERMISSIONS, *([COUPONS] if coupons else [])],
        "requiredSaleorVersion": f">={OLDEST[0]}.{OLDEST[1]} <{OLDEST[0] + 1}",
        "appUrl": base,
        "tokenTargetUrl": f"{base}/connect/saleor/{shop_slug}/{token}/register",
        "webhooks": [described(topic, delivery_url) for topic in SUBSCRIPTIONS if _known(topic, schema_version)],
    }


def _known(topic: str, schema_version: str) -> bool:
    if topic not in SINCE:
        return True
    said = _SCHEMA.match(schema_version.strip())
    return said is not None and (int(said[1]), int(said[2])) >= SINCE[topic]
