"""Every question that we ask Shopify. A test holds each of them against Shopify's own schema.

A question costs one point per object in its worst case, at most 1,000; the page sizes keep ours below that. Those that
run in bulk cost nothing, have no page sizes, and may hold five connections, two deep, none of them inside a list.
Source: shopify.dev/docs/api/usage/limits, shopify.dev/docs/api/usage/bulk-operations/queries
"""

from __future__ import annotations

VERSION = "2026-07"
# How many at once, so that the worst case stays below what a question may cost.
ORDERS_AT_ONCE, IDS_AT_ONCE, LINES_AT_ONCE, MORE_AT_ONCE = 10, 4, 8, 50
CUSTOMERS_AT_ONCE, PRODUCTS_AT_ONCE, VARIANTS_AT_ONCE = 100, 40, 10
HOOKS_AT_ONCE = 100
# Shopify's search may leave out products that are not on sale, unless it is asked for them.
ANY_STATUS = "status:active,archived,draft,unlisted"

_MONEY = "{ shopMoney { amount } }"
_HERS = "{ shopMoney { amount } presentmentMoney { amount currencyCode } }"  # in the buyer's own currency too
_ADDRESS = "{ firstName lastName phone countryCodeV2 }"

_ORDER = f"""
  id legacyResourceId name number test
  createdAt processedAt updatedAt cancelledAt
  displayFinancialStatus displayFulfillmentStatus
  currencyCode email phone customerLocale paymentGatewayNames discountCodes
  totalPriceSet {_HERS}
  currentTotalPriceSet {_MONEY}
  totalDiscountsSet {_MONEY}
  totalTaxSet {_MONEY}
  totalShippingPriceSet {_MONEY}
  customer {{
    legacyResourceId firstName lastName
    defaultEmailAddress {{ emailAddress }}
    defaultPhoneNumber {{ phoneNumber }}
    defaultAddress {_ADDRESS}
  }}
  billingAddress {_ADDRESS}
  shippingAddress {_ADDRESS}
  transactions {{ kind status }}
  fulfillments {{ createdAt status displayStatus }}
  refunds {{ legacyResourceId createdAt processedAt note totalRefundedSet {_HERS} }}
"""
_LINE = f"""
  id name title quantity sku
  originalUnitPriceSet {_MONEY}
  discountAllocations {{ allocatedAmountSet {_MONEY} }}
  product {{ legacyResourceId }}
  variant {{ legacyResourceId }}
"""
_CUSTOMER = f"""
  id legacyResourceId firstName lastName createdAt updatedAt tags
  defaultEmailAddress {{ emailAddress marketingState marketingUpdatedAt }}
  defaultPhoneNumber {{ phoneNumber marketingState marketingUpdatedAt }}
  defaultAddress {_ADDRESS}
"""
_PRODUCT = """
  id legacyResourceId title handle status productType tags createdAt updatedAt publishedAt
  category { name }
  featuredMedia { preview { image { url } } }
"""
_VARIANT = "id price inventoryQuantity inventoryPolicy"
_PAGE = "pageInfo { hasNextPage endCursor }"

LOGIN_PATH = "/admin/oauth/access_token"

SHOP = """query shop {
  shop { name myshopifyDomain currencyCode ianaTimezone primaryDomain { host } shopAddress { countryCodeV2 } }
}"""
RIGHTS = "query rights { currentAppInstallation { accessScopes { handle } } }"
# Asks for one of everything that needs an approval: an empty shop answers it too.
PEOPLE = f"""query people {{
  orders(first: 1) {{ edges {{ node {{ email phone billingAddress {_ADDRESS} customer {{ firstName lastName }} }} }} }}
  customers(first: 1) {{ edges {{ node {{ firstName lastName defaultEmailAddress {{ emailAddress }} }} }} }}
}}"""
COUNT = "query count { ordersCount(limit: null) { count precision } }"

ORDERS = f"""query orders($first: Int!, $lines: Int!, $after: String, $query: String, $sort: OrderSortKeys!) {{
  orders(first: $first, after: $after, query: $query, sortKey: $sort) {{
    edges {{ cursor node {{ {_ORDER} lineItems(first: $lines) {{ edges {{ node {{ {_LINE} }} }} {_PAGE} }} }} }}
    {_PAGE}
  }}
}}"""
CUSTOMERS = f"""query customers($first: Int!, $after: String, $query: String, $sort: CustomerSortKeys!) {{
  customers(first: $first, after: $after, query: $query, sortKey: $sort) {{
    edges {{ cursor node {{ {_CUSTOMER} }} }}
    {_PAGE}
  }}
}}"""
PRODUCTS = f"""query products($first: Int!, $variants: Int!, $after: String, $query: String, $sort: ProductSortKeys!) {{
  products(first: $first, after: $after, query: $query, sortKey: $sort) {{
    edges {{ cursor node {{ {_PRODUCT} variants(first: $variants) {{ edges {{ node {{ {_VARIANT} }} }} {_PAGE} }} }} }}
    {_PAGE}
  }}
}}"""
# The scopes tell whether null means that an order is gone, or only that it is too old for us to see.
ORDERS_BY_ID = f"""query ordersById($ids: [ID!]!, $lines: Int!) {{
  nodes(ids: $ids) {{
    ... on Order {{ {_ORDER} lineItems(first: $lines) {{ edges {{ node {{ {_LINE} }} }} {_PAGE} }} }}
  }}
  currentAppInstallation {{ accessScopes {{ handle }} }}
}}"""
OLDEST = "query oldest { orders(first: 1, sortKey: ID) { edges { node { id legacyResourceId } } } }"
MORE_LINES = f"""query moreLines($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on Order {{ lineItems(first: $first, after: $after) {{ edges {{ node {{ {_LINE} }} }} {_PAGE} }} }}
  }}
}}"""
MORE_VARIANTS = f"""query moreVariants($id: ID!, $first: Int!, $after: String) {{
  node(id: $id) {{
    ... on Product {{ variants(first: $first, after: $after) {{ edges {{ node {{ {_VARIANT} }} }} {_PAGE} }} }}
  }}
}}"""

ORDERS_IN_BULK = f"{{ orders {{ edges {{ node {{ {_ORDER} lineItems {{ edges {{ node {{ {_LINE} }} }} }} }} }} }} }}"
CUSTOMERS_IN_BULK = f"{{ customers {{ edges {{ node {{ {_CUSTOMER} }} }} }} }}"
PRODUCTS_IN_BULK = f"""{{ products(query: "{ANY_STATUS}") {{
  edges {{ node {{ {_PRODUCT} variants {{ edges {{ node {{ {_VARIANT} }} }} }} }} }}
}} }}"""

START_BULK = """mutation startBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}"""
BULK = """query bulk($id: ID!) {
  bulkOperation(id: $id) { id status errorCode createdAt rootObjectCount fileSize url }
}"""

HOOKS = f"""query hooks($first: Int!, $after: String) {{
  webhookSubscriptions(first: $first, after: $after) {{
    edges {{ node {{ id topic uri format filter includeFields }} }}
    {_PAGE}
  }}
}}"""
ADD_HOOK = """mutation addHook($topic: WebhookSubscriptionTopic!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $hook) {
    webhookSubscription { id topic uri }
    userErrors { field message }
  }
}"""
MEND_HOOK = """mutation mendHook($id: ID!, $hook: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $hook) {
    webhookSubscription { id topic uri }
    userErrors { field message }
  }
}"""
DROP_HOOK = """mutation dropHook($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}"""

COUPON = """query coupon($code: String!) {
  codeDiscountNodeByCode(code: $code) { id codeDiscount { ... on DiscountCodeBasic { title } } }
}"""
MAKE_COUPON = """mutation makeCoupon($coupon: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $coupon) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}"""
MEND_COUPON = """mutation mendCoupon($id: ID!, $coupon: DiscountCodeBasicInput!) {
  discountCodeBasicUpdate(id: $id, basicCodeDiscount: $coupon) {
    codeDiscountNode { id }
    userErrors { code field message }
  }
}"""
DROP_COUPON = """mutation dropCoupon($id: ID!) {
  discountCodeDelete(id: $id) {
    deletedCodeDiscountId
    userErrors { code field message }
  }
}"""

IN_BULK = {"orders": ORDERS_IN_BULK, "customers": CUSTOMERS_IN_BULK, "products": PRODUCTS_IN_BULK}
ONE_BY_ONE: tuple[str, ...] = (SHOP, RIGHTS, PEOPLE, COUNT, ORDERS, CUSTOMERS, PRODUCTS, ORDERS_BY_ID, OLDEST)
ONE_BY_ONE += (MORE_LINES, MORE_VARIANTS, START_BULK, BULK, HOOKS, ADD_HOOK, MEND_HOOK, DROP_HOOK)
ONE_BY_ONE += (COUPON, MAKE_COUPON, MEND_COUPON, DROP_COUPON)
