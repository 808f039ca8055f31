"""Flow files that tests read and break: one that uses every word there is, and one in the older form."""

from __future__ import annotations

FULL = """\
flow: second-order
title: {en: The second order, fa: خرید دوم}
version: 3
purpose: marketing
topic: offers
on: false
priority: 60
starts:
  - {when: fulfilled, wait: 14d}
  - {when: paid, wait: 21d, if: {order.total: {at_least: "50 EUR"}}}
  - {when: no_next_order, rhythm: {of: customer, factor: 1.5, usual: 60d, least: 14d, most: 180d}}
  - {when: segment_entered, segment: vip}
only_if: {order.nth: 1}
exits: [bought_again, refunded, cancelled]
steps:
  - {step: mail, channel: email, max_late: 7d}
  - {step: gift, coupon: welcome-back, wait: 10d, at: 10:00, on: [mon, tue]}
  - {step: mail-2, send: second-order-gift, channel: [email, sms], if: {consent.email: true}}
  - step: rich
    branch: {customer.spent: {at_least: "200 EUR"}}
    then: [{step: card, task: Write her a card}]
    else: [{step: mark, tag: loyal}]
  - step: half
    split:
      - {share: 70, steps: [{step: hook, webhook: crm}]}
      - {share: 30}
  - {step: again, wait_for: ordered, timeout: 14d, then: [{step: done, stop: true}]}
  - {step: last, send: second-order-last, channel: email}
"""
CARE = """\
flow: thank-you
version: 1
purpose: transactional
starts:
  - {when: paid, wait: 1h}
exits: [refunded]
steps:
  - {step: mail, channel: email}
"""
CART = """\
flow: cart-left
version: 1
purpose: marketing
starts:
  - {when: cart_abandoned, wait: 3h}
only_if: {cart.total: {at_least: "20 EUR"}}
exits: [bought_again]
steps:
  - {step: mail, channel: email}
"""
OLD = """\
flow: come-back
version: 1
purpose: marketing
starts:
  - {when: placed, if: cash_on_delivery, wait: 30d}
  - {when: paid, wait: 30d}
exits: [newer_order, refunded, cancelled]
steps:
  - {step: mail, channel: email, max_late: 7d}
  - {step: again, channel: email, wait: 5d}
"""
ASKING = """\
flow: best-customers
title: Our best customers
version: 1
purpose: marketing
starts:
  - {when: bought, wait: 1d}
only_if:
  all:
    - {customer.orders: {at_least: 3}, customer.country: [DE, AT, "NO"]}
    - any:
        - {customer.spent: {at_least: "300 EUR"}}
        - {customer.tags: {has_any: [vip, friend]}}
    - not: {customer.segments: {has: lapsed}}
  now.weekday: [mon, tue]
steps:
  - step: language
    branch: {customer.language: {in: [fa, de]}, order.cash_on_delivery: true}
    then: [{step: message, channel: sms, if: {reach.sms: true}}]
  - {step: mail, channel: email, if: {order.products: 1042}}
"""
