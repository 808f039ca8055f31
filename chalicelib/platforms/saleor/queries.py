"""What we ask Saleor, as GraphQL text: the same fragments in its webhooks and in its API, and so one reader for both.

Every field is there from Saleor 3.20 on; `SINCE` names the topics that came later. Sources: Saleor's API reference.
Older ones lack, among others: Order.voucherCode (3.18), OrderLine.undiscountedTotalPrice and the events order_paid,
order_refunded, order_fully_refunded (3.14), Checkout.updatedAt and a transaction's amounts and events (3.13).
Not asked for: Order.totalRefunded, which forgets what was refunded in full through the older payments API.
A checkout's taxed prices are not asked for: they would make the shop ask its tax app.
"""

from __future__ import annotations

OLDEST = (3, 20)
SINCE = {"customer_deleted": (3, 23)}  # topic -> the first version that knows its subscription
# Without them fields are missing or the whole body is empty; each app and webhook needs all of them.
PERMISSIONS = ("MANAGE_ORDERS", "MANAGE_USERS", "MANAGE_PRODUCTS", "MANAGE_CHECKOUTS")
COUPONS = "MANAGE_DISCOUNTS"  # asked for only where the owner wants the shop to make coupons

ADDRESS = """fragment AddressParts on Address {
  firstName lastName phone country { code }
}"""

ORDER = """fragment OrderParts on Order {
  id number created updatedAt status
  isPaid paymentStatus chargeStatus
  total { gross { amount currency } net { amount } tax { amount } }
  undiscountedTotal { gross { amount } }
  shippingPrice { gross { amount } }
  totalCharged { amount } totalAuthorized { amount }
  voucherCode languageCodeEnum userEmail
  channel { currencyCode }
  user { id email firstName lastName }
  billingAddress { ...AddressParts }
  shippingAddress { ...AddressParts }
  metadata { key value }
  lines {
    productName productSku quantity
    unitPrice { gross { amount } }
    totalPrice { gross { amount } }
    undiscountedTotalPrice { gross { amount } }
    variant { id product { id } }
  }
  fulfillments { status created }
  payments { transactions { id kind isSuccess created amount { amount } } }
  transactions {
    refundedAmount { amount } refundPendingAmount { amount }
    events { id type createdAt amount { amount } message }
  }
  events { type date }
}"""

CUSTOMER = """fragment CustomerParts on User {
  id email firstName lastName dateJoined updatedAt languageCode
  metadata { key value }
  defaultBillingAddress { ...AddressParts }
}"""

PRODUCT = """fragment ProductParts on Product {
  id name updatedAt
  thumbnail(size: 512) { url }
  category { name }
  collections { name }
  channelListings {
    isPublished isAvailableForPurchase visibleInListings
    channel { currencyCode }
    discountedPrice { amount currency }
  }
  variants { quantityAvailable }
}"""

CHECKOUT = """fragment CheckoutParts on Checkout {
  id updatedAt email languageCode
  channel { currencyCode }
  user { id email firstName lastName }
  billingAddress { ...AddressParts }
  shippingAddress { ...AddressParts }
  metadata { key value }
  lines {
    quantity
    undiscountedUnitPrice { amount currency }
    undiscountedTotalPrice { amount }
    variant { id name sku product { id name } }
  }
}"""

# What an id alone can be had from: whatever was deleted cannot be asked for more.
ONLY_ID = "{ id }"

# topic -> what its event holds besides itself: the selection, and the fragments that the selection needs
_ORDER = ("order { ...OrderParts }", (ORDER, ADDRESS))
_CUSTOMER = ("user { ...CustomerParts }", (CUSTOMER, ADDRESS))
_CHECKOUT = ("checkout { ...CheckoutParts }", (CHECKOUT, ADDRESS))
_PRODUCT = ("product { ...ProductParts }", (PRODUCT,))
_VARIANT = ("productVariant { id product { ...ProductParts } }", (PRODUCT,))
ASKED: dict[str, tuple[str, tuple[str, ...]]] = {
    "order_created": _ORDER,
    "order_confirmed": _ORDER,
    "order_paid": _ORDER,
    "order_fully_paid": _ORDER,
    "order_updated": _ORDER,
    "order_fulfilled": _ORDER,
    "order_cancelled": _ORDER,
    "order_expired": _ORDER,
    "order_refunded": _ORDER,
    "order_fully_refunded": _ORDER,
    "order_metadata_updated": _ORDER,
    "fulfillment_created": _ORDER,
    "fulfillment_approved": _ORDER,
    "fulfillment_canceled": _ORDER,
    "customer_created": _CUSTOMER,
    "customer_updated": _CUSTOMER,
    "customer_metadata_updated": _CUSTOMER,
    "customer_deleted": (f"user {ONLY_ID}", ()),
    "account_confirmed": _CUSTOMER,
    "account_email_changed": _CUSTOMER,
    "account_deleted": (f"user {ONLY_ID}", ()),
    "checkout_created": _CHECKOUT,
    "checkout_updated": _CHECKOUT,
    "product_created": _PRODUCT,
    "product_updated": _PRODUCT,
    "product_metadata_updated": _PRODUCT,
    "product_deleted": (f"product {ONLY_ID}", ()),
    "product_variant_created": _VARIANT,
    "product_variant_updated": _VARIANT,
    "product_variant_out_of_stock": _VARIANT,
    "product_variant_back_in_stock": _VARIANT,
}


def typename(topic: str) -> str:
    """The name of a topic's event in Saleor's schema: order_fully_paid -> OrderFullyPaid."""
    return "".join(word.capitalize() for word in topic.split("_"))


def _subscription(topic: str) -> str:
    selection, fragments = ASKED[topic]
    event = f"__typename issuedAt version recipient {{ id }} ... on {typename(topic)} {{ {selection} }}"
    return "\n".join([f"subscription {{ event {{ {event} }} }}", *fragments])


SUBSCRIPTIONS: dict[str, str] = {topic: _subscription(topic) for topic in ASKED}
