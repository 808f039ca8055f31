"""What the body of each topic looks like. One secret signs them all and the topic is not signed: an order's body sent
on as customers/redact verifies, so only what it looks like can tell."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import Unreadable
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import id_of, id_of_gid

# Members that only one kind of body has, at its top.
MARKS = (
    *("financial_status", "abandoned_checkout_url", "order_edit", "order_id", "refund_line_items", "tracking_company"),
    *("verified_email", "customer_id", "sms_marketing_consent", "variants", "plan_name", "fields_changed"),
    *("admin_graphql_api_customer_kept_id", "shop_domain", "orders_to_redact", "orders_requested", "data_request"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """`must` be there, even as null; `may` lifts marks of others; `never` adds to them. `kind`: whose id it bears."""

    must: tuple[str, ...]
    may: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    kind: str = ""

    def foreign(self) -> list[str]:
        """What marks a body as another's."""
        return [mark for mark in (*MARKS, *self.never) if mark not in self.must and mark not in self.may]


_CONSENTS = ("email_marketing_consent", "sms_marketing_consent")
_ASKED = ("shop_id", "shop_domain", "customer")
SHAPES = {
    "order": Shape(("id",), may=("financial_status",), kind="Order"),
    "order_edit": Shape(("order_edit",)),
    "order_gone": Shape(("id",), may=("financial_status",), kind="Order"),
    "refund": Shape(("id", "order_id", "refund_line_items"), kind="Refund"),
    "fulfillment": Shape(("id", "order_id", "line_items"), may=("tracking_company",), kind="Fulfillment"),
    "account": Shape(("id", "verified_email", "state"), may=_CONSENTS, never=("line_items",), kind="Customer"),
    "account_gone": Shape(("id",), may=_CONSENTS, kind="Customer"),
    "accounts_merged": Shape(("admin_graphql_api_customer_kept_id", "admin_graphql_api_customer_deleted_id", "status")),
    "email_consent": Shape(("customer_id", "email_marketing_consent")),
    "sms_consent": Shape(("id", "sms_marketing_consent"), never=("email_marketing_consent", "tax_exemptions")),
    "cart": Shape(("id", "token", "line_items")),
    "checkout": Shape(("token", "line_items", "abandoned_checkout_url"), may=("order_id",)),
    "product": Shape(("id", "title", "variants"), kind="Product"),
    "product_gone": Shape(("id",), kind="Product"),
    "data_request": Shape((*_ASKED, "orders_requested"), may=("data_request",)),
    "customer_redact": Shape((*_ASKED, "orders_to_redact")),
    "shop_redact": Shape(("shop_id", "shop_domain"), never=("customer",)),
    "uninstalled": Shape(("id", "name", "domain", "myshopify_domain", "plan_name"), never=("line_items",)),
    "event": Shape(("topic", "action"), may=("fields_changed",)),
}
_WHOLE_ORDER = ("financial_status", "total_price", "currency", "line_items", "created_at")
_ORDERS_OWN = ("financial_status", "order_number", "current_total_price")
_STUB = {"id", "admin_graphql_api_id"}


def check(body: Node, reader: str, topic: str) -> None:
    """Raises Unreadable for a body that is not one of this topic's, naming the member that gives it away."""
    shape = SHAPES[reader]
    for mark in shape.foreign():
        if mark in body.value:
            raise Unreadable(f"does not belong into the body of {topic}: was it signed for another topic?", mark)
    for name in shape.must:
        if name not in body.value:
            raise Unreadable(f"is missing in the body of {topic}: was it signed for another topic?", name)
    _check_id(body, shape.kind)
    if reader.endswith("_gone"):
        _check_stub(body, reader, topic)


def whole_order(body: Node) -> bool:
    """Whether an order's body says all of it; False where it only says which order changed. Raises Unreadable where
    nothing shows that it is an order's at all."""
    if all(name in body.value for name in _WHOLE_ORDER):
        return True
    of_an_order = any(name in body.value for name in _ORDERS_OWN) or isinstance(
        body.at("admin_graphql_api_id").value, str
    )
    if not of_an_order and not _STUB.issuperset(body.value):
        missing = next(name for name in _WHOLE_ORDER if name not in body.value)
        raise Unreadable("is missing in what should be an order: was it signed for another topic?", missing)
    return False


def is_event(body: Node) -> bool:
    """Whether it is a body of Shopify's Events preview, which is another than that of its webhooks."""
    return "fields_changed" in body.value and "action" in body.value


def _check_id(body: Node, kind: str) -> None:
    """Newer bodies also bear an id that says what it is the id of."""
    named = body.at("admin_graphql_api_id")
    if kind and not named.missing and id_of_gid(named, kind) != id_of(body.at("id")):
        raise named.refused("is not the id of this body")


def _check_stub(body: Node, reader: str, topic: str) -> None:
    """What is gone has no more than an id; an account's body also keeps what was emptied, an order's may be whole."""
    if reader == "account_gone" and "tax_exemptions" in body.value:
        return
    if reader == "order_gone" and "financial_status" in body.value:
        return
    if not _STUB.issuperset(body.value):
        raise Unreadable(f"should be all that {topic} says: was it signed for another topic?", "id")
