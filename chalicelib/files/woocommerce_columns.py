"""What export plugins for WooCommerce call their columns, in small letters; the first that is filled counts."""

from __future__ import annotations

import re

ID = ("order_id", "order id", "order number")
NUMBER = ("order_number_formatted", "order_number", "order number")
DATE = ("order_date", "order date", "date")
PAID = ("paid_date", "date_paid", "paid date", "order paid date")
DONE = ("completed_date", "completed date", "date_completed")
STATUS = ("status", "order_status", "order status")
TOTAL = ("order_total", "order total amount")
CURRENCY = ("order_currency", "order currency", "currency")
METHOD = ("payment_method", "payment method", "payment_method_title", "payment method title")
CUSTOMER = ("customer_id", "customer_user", "customer user id", "customer id")
EMAIL = ("billing_email", "email (billing)", "customer_email")
PHONE = ("billing_phone", "phone (billing)", "shipping_phone")
COUNTRY = ("billing_country", "country code (billing)", "shipping_country", "country code (shipping)")
BILLING = (("billing_first_name", "billing_last_name"), ("first name (billing)", "last name (billing)"))
SHIPPING_NAME = (("shipping_first_name", "shipping_last_name"), ("first name (shipping)", "last name (shipping)"))
REFUNDED = ("refunded_total", "order_refund_amount", "order refund amount", "total_refunded")
TITLE = ("item name", "item_name")

# WebToffee packs each item into a cell of its own, key:value with | between.
ITEM_COLUMN = re.compile(r"line_item_[0-9]{1,4}")
ITEM_PART = re.compile(
    r"\|(name|product_id|sku|quantity|total|sub_total|_?variation_id):(.*?)(?=\|[a-z_]+:|$)", re.DOTALL
)
REFUND_ITEM = re.compile(r"(?:^|\|)(?:amount|total):-?([^|;]+)")
COUPON_ITEM = re.compile(r"(?:^|;|\|\|)\s*code:([^|;]+)")
