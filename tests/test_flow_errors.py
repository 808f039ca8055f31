"""Every mistake an owner can make in a flow file: the line, the field, what is wrong and what to write instead."""

from __future__ import annotations

import copy
import random
import re
import time
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.flow_file import BadFlow, parse
from chalicelib.flows import HERE, parse_text, reading
from tests.flow_files import CARE, CART, FULL
from tests.pace import at_most

NAMED = "2 to 40 small letters"
# (what stands in FULL, what stands there instead, the field that is named, words of the answer)
SLIPS: list[tuple[str, str, str, str]] = [
    # the whole
    ("flow: second-order\n", "", "flow", "is missing; add it, such as flow: come-back"),
    ("version: 3\n", "", "version", "is missing; add it, such as version: 1"),
    ("purpose: marketing\n", "", "purpose", "is missing; add it"),
    ("flow: second-order", "flow:", "flow", "is empty; write what belongs there, such as flow: come-back"),
    ("flow: second-order", "flow: Second Order!", "flow", '"Second Order!" is no name; write second-order'),
    ("flow: second-order", "flow: خرید-دوم", "flow", NAMED),
    ("flow: second-order", "flow: s", "flow", NAMED),
    ("flow: second-order", "flow: 2", "flow", NAMED),
    ("flow: second-order", "flow: [second-order]", "flow", "a list is no name"),
    ("flow: second-order", "name: second-order", "name", "did you mean flow?"),
    ("version: 3", 'version: "3"', "version", '"3" is text; write the whole number 3 without quotes'),
    ("version: 3", "version: ۳", "version", "write the whole number 3"),
    ("version: 3", "version: 1.1", "version", "1.1 cannot stand here; write a whole number from 1 to 999999"),
    ("version: 3", "version: 0", "version", "whole number from 1"),
    ("version: 3", "version: true", "version", "true cannot stand here"),
    ("version: 3", "version: 2026-01-01", "version", "whole number"),
    ("purpose: marketing", "purpose: spam", "purpose", "use one of transactional, marketing"),
    ("purpose: marketing", "purpose: Marketing", "purpose", "did you mean marketing?"),
    ("purpose: marketing", "purpose: promotional", "purpose", "did you mean marketing?"),
    ("topic: offers", "topic: sale", "topic", "use one of orders, reviews, offers, reminders, news"),
    ("topic: offers", "topik: offers", "topik", "did you mean topic?"),
    ("on: false", "on: off", "on", '"off" is neither true nor false; write false'),
    ("on: false", "on: yes", "on", '"yes" is neither true nor false; write true'),
    ("on: false", 'on: "false"', "on", "write false, without quotes"),
    ("on: false", "on: [mon]", "on", "a list is neither true nor false; write true or false"),
    ("on: false", "enabled: false", "enabled", "did you mean on?"),
    ("priority: 60", "priority: 100", "priority", "whole number from 1 to 99"),
    ("priority: 60", "priority: high", "priority", '"high" cannot stand here'),
    ("title: {en: The second order, fa: خرید دوم}", "title: {english: Hi}", "title.english", "is no language"),
    ("title: {en: The second order, fa: خرید دوم}", "title: {en: }", "title.en", "nothing is no text"),
    ("title: {en: The second order, fa: خرید دوم}", "title: {}", "title", "write one text"),
    ("title: {en: The second order, fa: خرید دوم}", "title: 5", "title", "5 is no text"),
    ("title: {en: The second order, fa: خرید دوم}", f"title: {'long ' * 30}", "title", "write at most 80"),
    ("title: {en: The second order, fa: خرید دوم}", 'title: "  "', "title", "write what it should say"),
    ("title: {en: The second order, fa: خرید دوم}", 'title: "a\\tb"', "title", "write one plain line"),
    ("title: {en: The second order, fa: خرید دوم}", 'title: "a\\u202eb"', "title", "hidden character"),
    ("exits: [", "colour: red\nexits: [", "colour", "is not known here; use flow, version"),
    # starts
    ("{when: fulfilled, wait: 14d}", "fulfilled", "starts[0]", "write {when: paid}"),
    ("{when: fulfilled, wait: 14d}", "{wait: 14d}", "starts[0].when", "is missing; add it, such as when: paid"),
    ("when: fulfilled", "when: shipped", "starts[0].when", '"shipped" is not known; did you mean fulfilled?'),
    ("when: fulfilled", "when: fullfilled", "starts[0].when", "did you mean fulfilled?"),
    ("when: fulfilled", "when: [fulfilled, paid]", "starts[0].when", "takes one word, not a list"),
    ("when: fulfilled", "when: ordered", "starts[0].when", "did you mean placed?"),
    ("when: fulfilled", "when: abandoned_cart", "starts[0].when", "did you mean cart_abandoned?"),
    ("wait: 14d}", "wait: 14 days}", "starts[0].wait", '"14 days" is no length of time; write 14d'),
    ("wait: 14d}", "wait: 2 weeks}", "starts[0].wait", "write 14d"),
    ("wait: 14d}", "wait: 1 month}", "starts[0].wait", "write 30d"),
    ("wait: 14d}", "wait: 14}", "starts[0].wait", "14 is no length of time; write 14d"),
    ("wait: 14d}", "wait: 14D}", "starts[0].wait", "write 14d"),
    ("wait: 14d}", "wait: ۱۴ روز}", "starts[0].wait", "write 14d"),
    ("wait: 14d}", "wait: ۳ ساعت}", "starts[0].wait", "write 3h"),
    ("wait: 14d}", "wait: -1d}", "starts[0].wait", "30m, 1h or 10d"),
    ("wait: 14d}", "wait: 9999d}", "starts[0].wait", "at most 366d"),
    ("wait: 14d}", "wait: 1.5h}", "starts[0].wait", "30m, 1h or 10d"),
    ("wait: 14d}", "wait: soon}", "starts[0].wait", "30m, 1h or 10d"),
    ("wait: 14d}", "wait: true}", "starts[0].wait", "true is no length of time"),
    ("wait: 14d}", "wait: [14d]}", "starts[0].wait", "a list is no length of time"),
    ("wait: 14d}", "wait: }", "starts[0].wait", "is empty; write what belongs there, such as wait: 30d"),
    ("wait: 14d}", "delay: 14d}", "starts[0].delay", "did you mean wait?"),
    ("wait: 14d}", "wait: 14d, at: 25:00}", "starts[0].at", "is no time of day"),
    ("wait: 14d}", "wait: 14d, at: 6 pm}", "starts[0].at", 'as in "18:00"'),
    ("wait: 14d}", "wait: 14d, at: ۱۰:۳۰}", "starts[0].at", 'as in "10:30"'),
    ("wait: 14d}", "wait: 14d, on: monday}", "starts[0].on", "did you mean mon?"),
    ("wait: 14d}", "wait: 14d, segment: vip}", "starts[0].segment", "write when: segment_entered"),
    ("wait: 14d}", "wait: 14d, if: {customer.tags: vip}}", "starts[0].if.customer.tags", "move it to only_if"),
    ("wait: 14d}", "wait: 14d, if: {order.nth: 1}}", "starts[0].if.order.nth", "move it to only_if"),
    ("wait: 14d}", "wait: 14d, if: vip}", "starts[0].if", '"vip" asks nothing'),
    ("when: paid, wait: 21d", "when: fulfilled, wait: 21d", "starts[1]", "never decides, because starts[0]"),
    ("segment: vip}", "segment: VIPs}", "starts[3].segment", '"VIPs" is no name; write vips'),
    (", segment: vip}", "}", "starts[3].segment", "is missing; add it, such as segment: vip"),
    ("segment: vip}", "segment: vip, if: {order.total: {at_least: 5 EUR}}}", "starts[3].if", "ask it in only_if"),
    ("segment: vip}", "segment: vip, rhythm: {of: customer, usual: 9d}}", "starts[3].rhythm", "write wait: 3d"),
    ("of: customer, ", "", "starts[2].rhythm.of", "is missing; add it, such as of: customer"),
    ("of: customer", "of: cart", "starts[2].rhythm.of", "use one of customer, product"),
    ("usual: 60d, ", "", "starts[2].rhythm.usual", "is missing; add it, such as usual: 60d"),
    ("usual: 60d", "usual: 0d", "starts[2].rhythm.usual", "longer than nothing"),
    ("usual: 60d", "usual: 200d", "starts[2].rhythm.usual", "lies beyond most, which is 180 days"),
    ("usual: 60d", "usual: 10d", "starts[2].rhythm.usual", "lies beyond least, which is 14 days"),
    ("factor: 1.5", "factor: 150%", "starts[2].rhythm.factor", "write a number from 0.1 to 10"),
    ("factor: 1.5", "factor: 0", "starts[2].rhythm.factor", "write a number from 0.1 to 10"),
    ("factor: 1.5", "faktor: 1.5", "starts[2].rhythm.faktor", "did you mean factor?"),
    (
        "rhythm: {of: customer, factor: 1.5, usual: 60d, least: 14d, most: 180d}",
        "on: mon",
        "starts[2]",
        "add wait: 30d",
    ),
    (
        "rhythm: {of: customer, factor: 1.5, usual: 60d, least: 14d, most: 180d}",
        "wait: 0d",
        "starts[2].wait",
        "too short",
    ),
    (
        "rhythm: {of: customer, factor: 1.5, usual: 60d, least: 14d, most: 180d}",
        "rhythm: hers",
        "starts[2].rhythm",
        "write",
    ),
    # exits
    ("exits: [bought_again, refunded, cancelled]", "exits: refunded", "exits", '"refunded" is no list; put [ ]'),
    ("exits: [bought_again, refunded, cancelled]", "exits:", "exits", "is empty"),
    ("exits: [bought_again, refunded, cancelled]", "exit: [refunded]", "exit", "did you mean exits?"),
    ("exits: [bought_again, refunded", "exits: [bought_again، refunded", "exits[0]", "put the plain comma ,"),
    ("exits: [bought_again", "exits: [bored", "exits[0]", "use one of bought_again, refunded"),
    ("exits: [bought_again", "exits: [left_segmnt", "exits[0]", "did you mean left_segment?"),
    ("exits: [bought_again", "exits: [refunded", "exits[1]", '"refunded" stands twice; keep one'),
    ("exits: [bought_again", "exits: [newer_order, bought_again", "exits[1]", "stands twice"),
    ("when: fulfilled, wait", "when: refunded, wait", "exits[1]", "would end it at once; take it out"),
    # conditions
    ("only_if: {order.nth: 1}", "only_if: first", "only_if", "write what to ask and the answer"),
    ("only_if: {order.nth: 1}", "only_if: {}", "only_if", "ask 1 to 20 things"),
    ("only_if: {order.nth: 1}", "only_if: [{order.nth: 1}]", "only_if", "is a list; put all: or any: before it"),
    ("only_if: {order.nth: 1}", "onlyif: {order.nth: 1}", "onlyif", "did you mean only_if?"),
    ("{order.nth: 1}", "{order.nht: 1}", "only_if.order.nht", "did you mean order.nth?"),
    ("{order.nth: 1}", "{order.number: 1}", "only_if.order.number", "did you mean order.nth?"),
    ("{order.nth: 1}", "{customer.age: 30}", "only_if.customer.age", "be asked; ask customer.orders, customer.spent"),
    ("{order.nth: 1}", "{weather: rain}", "only_if.weather", "is nothing that can be asked"),
    ("{order.nth: 1}", "{segment: vip}", "only_if.segment", "did you mean customer.segments?"),
    ("{order.nth: 1}", "{cart.total: {at_least: 5 EUR}}", "only_if.cart.total", "known only where it is about a cart"),
    ("{order.nth: 1}", "{order.nth: first}", "only_if.order.nth", "write a whole number from 1"),
    ("{order.nth: 1}", "{order.nth: 0}", "only_if.order.nth", "write a whole number from 1"),
    ("{order.nth: 1}", "{order.nth: }", "only_if.order.nth", "nothing cannot stand here"),
    ("{order.nth: 1}", "{order.nth: {}}", "only_if.order.nth", "is empty"),
    ("{order.nth: 1}", '{order.nth: "1"}', "only_if.order.nth", "write the whole number 1 without quotes"),
    ("{order.nth: 1}", '{order.nth: {">=": 3}}', "only_if.order.nth.>=", "did you mean at_least?"),
    ("{order.nth: 1}", "{order.nth: {>=: 3}}", "(file)", "begins with a sign that YAML keeps for itself"),
    ("{order.nth: 1}", "{order.nth: {atleast: 3}}", "only_if.order.nth.atleast", "did you mean at_least?"),
    ("{order.nth: 1}", "{order.nth: {has: 3}}", "only_if.order.nth.has", "compare a number by is, in, at_least"),
    ("{order.nth: 1}", "{order.nth: {between: 3}}", "only_if.order.nth.between", "{at_least: 3, at_most: 10}"),
    ("{order.nth: 1}", "{order.nth: {not: 1}}", "only_if.order.nth.not", "belongs before the whole question"),
    ("{order.nth: 1}", "{order.nth: {in: 3}}", "only_if.order.nth.in", "3 is no list; put [ ]"),
    ("{order.nth: 1}", "{order.nth: {in: []}}", "only_if.order.nth.in", "it must be a list of 1 to 50"),
    ("{order.nth: 1}", "{order.nth: {in: [3, x]}}", "only_if.order.nth.in[1]", "whole number"),
    ("{order.nth: 1}", "{order.rating: 6}", "only_if.order.rating", "from 1 to 5"),
    ("{order.nth: 1}", "{now.hour: 24}", "only_if.now.hour", "from 0 to 23"),
    ("{order.nth: 1}", "{now.month: may}", "only_if.now.month", "from 1 to 12"),
    ("{order.nth: 1}", "{now.weekday: monday}", "only_if.now.weekday", "did you mean mon?"),
    ("{order.nth: 1}", "{arm: test}", "only_if.arm", "use one of treated, control"),
    ("{order.nth: 1}", "{order.total: 50 EUR}", "only_if.order.total", 'write order.total: {at_least: "50 EUR"}'),
    ("{order.nth: 1}", "{order.total: {is: 50 EUR}}", "only_if.order.total.is", "compare money by at_least"),
    ("{order.nth: 1}", "{order.total: {at_least: 50}}", "only_if.order.total.at_least", 'as in "50 EUR" or'),
    ("{order.nth: 1}", "{order.total: {at_least: €50}}", "only_if.order.total.at_least", 'as in "50 EUR"'),
    ("{order.nth: 1}", "{order.total: {at_least: $12.50}}", "only_if.order.total.at_least", 'as in "12.50 USD"'),
    ("{order.nth: 1}", '{order.total: {at_least: "1,000 EUR"}}', "only_if.order.total.at_least", 'as in "1000 EUR"'),
    ("{order.nth: 1}", '{order.total: {at_least: "12,50 EUR"}}', "only_if.order.total.at_least", 'as in "12.50 EUR"'),
    ("{order.nth: 1}", "{order.total: {at_least: 50 eur}}", "only_if.order.total.at_least", 'as in "50 EUR"'),
    ("{order.nth: 1}", "{order.total: {at_least: ۵۰۰۰۰ تومان}}", "only_if.order.total.at_least", 'as in "50000 IRT"'),
    (
        "{order.nth: 1}",
        "{order.total: {at_least: 50 EUT}}",
        "only_if.order.total.at_least",
        "EUT is no currency; did you",
    ),
    ("{order.nth: 1}", "{order.total: {at_least: 9.999 EUR}}", "only_if.order.total.at_least", "with at most 2 digits"),
    ("{order.nth: 1}", "{order.total: {at_least: 9.5 JPY}}", "only_if.order.total.at_least", "with no digits after"),
    ("{order.nth: 1}", "{order.total: {at_least: 9.55 IRT}}", "only_if.order.total.at_least", "with at most 1 digit"),
    ("{order.nth: 1}", "{order.total: {at_least: -5 EUR}}", "only_if.order.total.at_least", "no amount of money"),
    (
        "{order.nth: 1}",
        "{order.country: Germany}",
        "only_if.order.country",
        '"Germany" is no country; write it as "DE"',
    ),
    ("{order.nth: 1}", "{order.country: UK}", "only_if.order.country", 'write it as "GB"'),
    ("{order.nth: 1}", "{order.country: [DE, false]}", "only_if.order.country[1]", 'if Norway is meant, write "NO"'),
    ("{order.nth: 1}", "{customer.language: fa-IR}", "only_if.customer.language", 'write it as "fa"'),
    ("{order.nth: 1}", "{customer.language: {has: fa}}", "only_if.customer.language.has", "compare a word by is, in"),
    ("{order.nth: 1}", "{customer.tags: [vip, new]}", "only_if.customer.tags", "{has_any: [ … ]}"),
    ("{order.nth: 1}", "{customer.tags: {contains: vip}}", "only_if.customer.tags.contains", "did you mean has?"),
    ("{order.nth: 1}", "{customer.tags: {has_any: vip}}", "only_if.customer.tags.has_any", "is no list; put [ ]"),
    ("{order.nth: 1}", "{customer.tags: {has: }}", "only_if.customer.tags.has", "write words or ids, in quotes"),
    ("{order.nth: 1}", "{customer.segments: {has: Big Buyers}}", "only_if.customer.segments.has", "write big-buyers"),
    ("{order.nth: 1}", "{order.products: {has: 3.10}}", "only_if.order.products.has", "in quotes"),
    ("{order.nth: 1}", "{consent.email: yes}", "only_if.consent.email", '"yes" is neither true nor false; write true'),
    ("{order.nth: 1}", "{consent.email: {is: 1}}", "only_if.consent.email.is", "write true, without quotes"),
    ("{order.nth: 1}", "{any: {order.nth: 1}}", "only_if.any", "is no list; put [ ] around it or - before each"),
    ("{order.nth: 1}", "{any: []}", "only_if.any", "must be a list of 1 to 20"),
    ("{order.nth: 1}", "{or: [{order.nth: 1}]}", "only_if.or", "did you mean any?"),
    ("{order.nth: 1}", "{not: [{order.nth: 1}]}", "only_if.not", "is a list; put all: or any: before it"),
    ("{order.nth: 1}", f"{'{not: ' * 6}{{order.nth: 1}}{'}' * 6}", "only_if" + ".not" * 6, "5 deep at most"),
    # steps
    ("{step: mail, channel: email, max_late: 7d}", "mail", "steps[0]", "write {step: mail}"),
    ("{step: mail, channel", "{channel", "steps[0].step", "is missing; add it, such as step: mail"),
    ("{step: mail, channel", "{step: M, channel", "steps[0].step", NAMED),
    ("{step: mail-2,", "{step: mail,", "steps[2].step", "mail is already the name of steps[0]; give this step another"),
    ("{step: card,", "{step: mail,", "steps[3].then[0].step", "such as mail-2"),
    ("{step: mail, channel: email, max_late: 7d}", "{step: mail}", "steps[0]", "does nothing; add channel: email"),
    ("{step: mail, channel: email, max_late: 7d}", "{step: mail, cupon: x}", "steps[0]", "did you mean coupon?"),
    (
        "{step: mail, channel: email",
        "{step: mail, send: hi",
        "steps[0].channel",
        "is missing; add it, such as channel: email",
    ),
    ("channel: email, max_late", "channel: mail, max_late", "steps[0].channel", "did you mean email?"),
    ("channel: email, max_late", "channel: fax, max_late", "steps[0].channel", "use one of email, sms, http, onsite"),
    ("channel: email, max_late", "channel: whatsapp, max_late", "steps[0].channel", "did you mean http?"),
    ("channel: [email, sms]", "channel: [email, email]", "steps[2].channel", '"email" stands twice; keep one'),
    ("channel: [email, sms]", "channel: []", "steps[2].channel", "must be a list of 1 to 4"),
    ("channel: [email, sms]", "channel: email, subject: Hi", "steps[2].subject", "use step, send, channel"),
    ("channel: [email, sms]", "channels: [email, sms]", "steps[2].channels", "did you mean channel?"),
    ("send: second-order-gift", "send: Dear customer!", "steps[2].send", "is no name; write dear-customer"),
    ("send: second-order-gift", "text: second-order-gift", "steps[2].text", "did you mean send?"),
    ("max_late: 7d", "max_late: 0d", "steps[0].max_late", "must be longer than nothing; write 3d"),
    ("max_late: 7d", "max_late: a week", "steps[0].max_late", "no length of time"),
    ("at: 10:00", "at: 10", "steps[1].at", 'as in "10:00"'),
    ("at: 10:00", "at: 9:30", "steps[1].at", 'as in "09:30"'),
    ("at: 10:00", "at: 24:00", "steps[1].at", 'as in "00:00"'),
    ("at: 10:00", "at: noon", "steps[1].at", "is no time of day"),
    ("on: [mon, tue]", "on: []", "steps[1].on", "must be a list of 1 to 7"),
    ("on: [mon, tue]", "on: [mon, mon]", "steps[1].on", "stands twice"),
    ("on: [mon, tue]", "on: weekend", "steps[1].on", "use one of mon, tue"),
    ("on: [mon, tue]", "on: true", "steps[1].on", "true is not known; use one of mon, tue"),
    ("coupon: welcome-back", "coupon: 10%", "steps[1].coupon", NAMED),
    ("coupon: welcome-back", "coupon: welcome-back, tag: gift", "steps[1].coupon", "make a step of each"),
    ("coupon: welcome-back", "discount: welcome-back", "steps[1]", "did you mean coupon?"),
    ("tag: loyal", 'tag: "a,b"', "steps[3].else[0].tag", "write 1 to 40 characters without a comma"),
    ("tag: loyal", "tag: [loyal]", "steps[3].else[0].tag", "a list is no tag"),
    ("task: Write her a card", "task:", "steps[3].then[0].task", "is empty"),
    ("task: Write her a card", "task: 5", "steps[3].then[0].task", "5 is no text"),
    ("webhook: crm", "webhook: https://crm.test/in", "steps[4].split[0].steps[0].webhook", NAMED),
    ("    branch: {customer.spent", "    when: {customer.spent", "steps[3]", "does nothing; add"),
    (
        "branch: {customer.spent",
        "branch: {customer.spend",
        "steps[3].branch.customer.spend",
        "did you mean customer.spent?",
    ),
    ("    then: [{step: card, task: Write her a card}]\n", "", "steps[3].then", "is missing; add it"),
    ("then: [{step: card, task: Write her a card}]", "then: {step: card, task: Hi}", "steps[3].then", "is no list"),
    ("then: [{step: card, task: Write her a card}]", "then: card", "steps[3].then", "is no list"),
    ("then: [{step: card, task: Write her a card}]", "then: []", "steps[3].then", "must be a list of 1 to 20"),
    ("    else: [", "    otherwise: [", "steps[3].otherwise", "did you mean else?"),
    ("  - step: rich\n", "  - step: rich\n    if: {order.nth: 1}\n", "steps[3].if", "ask it in branch"),
    ("share: 70", "share: 60", "steps[4].split", "the shares come to 90; make them come to 100"),
    ("share: 70", "share: 70%", "steps[4].split[0].share", "whole number from 1 to 99"),
    ("share: 70", "share: 100", "steps[4].split[0].share", "whole number from 1 to 99"),
    ("share: 70", "percent: 70", "steps[4].split[0].percent", "did you mean share?"),
    ("      - {share: 30}\n", "", "steps[4].split", "has 1 entries; it must be a list of 2 to 10"),
    ("wait_for: ordered", "wait_for: opened", "steps[5].wait_for", "use one of paid, fulfilled"),
    ("wait_for: ordered", "wait_for: ordered, if: {order.nth: 1}", "steps[5].if", "put this step into a branch"),
    ("timeout: 14d, ", "", "steps[5].timeout", "is missing; add it, such as timeout: 14d"),
    ("timeout: 14d", "timeout: 0h", "steps[5].timeout", "longer than nothing"),
    (
        "timeout: 14d",
        "timeout: 14d, max_late: 3d",
        "steps[5].max_late",
        "is not known here; use step, wait_for, timeout",
    ),
    ("stop: true", "stop: false", "steps[5].then[0].stop", "write stop: true, or take the step out"),
    ("stop: true", "stop: done", "steps[5].then[0].stop", "neither true nor false"),
    ("stop: true", "stop: true, wait: 1d", "steps[5].then[0].wait", "is not known here; use step, stop"),
    ("stop: true}]", "stop: true}, {step: more, tag: more}]", "steps[5].then[1]", "is never reached"),
    (
        "then: [{step: done, stop: true}]}",
        "then: [{step: a1, stop: true}], else: [{step: a2, stop: true}]}",
        "steps[6]",
        "never",
    ),
    # how it is written
    ("version: 3", "version: 3\nversion: 4", "version", "stands twice here, first in line 3; keep one"),
    ("wait: 14d}", "wait: 14d, wait: 15d}", "starts[0].wait", "stands twice here"),
    ("version: 3", "\tversion: 3", "(file)", "a tab stands here; put spaces in its place"),
    ("version: 3", "version 3", "(file)", "has no colon after its first word; write it as field: value"),
    ("version: 3", "version: 3: 4", "(file)", "put the text in quotes"),
    ("topic: offers", "topic: @offers", "(file)", "put the word in quotes"),
    ("topic: offers", "topic: *offers", "topic", "write the value out"),
    ("topic: offers", "topic: &o offers", "topic", "write the value out"),
    ("topic: offers", "topic: !offers", "topic", "begins with !"),
    ("topic: offers", 'topic: "offers', "(file)", "a quotation mark above is not closed"),
    ("send: second-order-last", 'send: "second-order-last', "(file)", "a quotation mark is not closed; close it"),
    ("title: {en: The second order, fa: خرید دوم}", 'title: "50\\% off"', "(file)", "use single quotes"),
    (
        "title: {en: The second order, fa: خرید دوم}",
        "title: {en: How?, fa: چطور}",
        "(file)",
        "a text with , ? [ ] { } in it in quotes",
    ),
    ("segment: vip}", "segment: vip", "(file)", "a bracket or a comma is missing"),
    ("  - {step: again", " - {step: again", "(file)", "the indent is not even"),
    ("exits: [", " exits: [", "(file)", "the indent is not even"),
    ("version: 3", "? [a]\n: 3", "(file)", "write field: value"),
    ("exits: [", '"": 1\nexits: [', "(file)", "a field needs a name before its colon"),
    ("flow: second-order", "%YAML 1.1\n---\nflow: second-order", "(file)", "take it out"),
    ("version: 3", "version: 3\n---\nflow: two", "(file)", "make a file of each"),
    ("version: 3", "version: 3\x07", "(file)", "hidden character"),
    ("version: 3", 'title: "\\ud83d"', "title", "stands twice"),
    ("version: 3", '"\\ud83d": 3', "(file)", "half a character"),
    ("version: 3", 'version: "\\Uffffffff"', "(file)", "single quotes"),
]
# (file, what stands in it, what stands there instead, field, words): of flows of other kinds
OTHERS: list[tuple[str, str, str, str, str]] = [
    (CARE, "when: paid", "when: no_next_order", "starts[0].when", "write purpose: marketing"),
    (CARE, "when: paid", "when: birthday", "starts[0].when", "needs her consent; write purpose: marketing"),
    (CARE, "when: paid", "when: cart_abandoned", "starts[0].when", "write purpose: marketing"),
    (CARE, "wait: 1h", "rhythm: {of: product, usual: 9d}", "starts[0].rhythm", "A rhythm sells"),
    (CARE, "channel: email", "coupon: gift", "steps[0].coupon", "A coupon sells, and a transactional flow must not"),
    (CARE, "version: 1", "version: 1\ntopic: offers", "topic", "write topic: orders, or purpose: marketing"),
    (CARE, "version: 1", "version: 1\nonly_if: {arm: treated}", "only_if.arm", "about marketing"),
    (CARE, "{step: mail, channel: email}", "{step: done, stop: true}", "steps", "do nothing; add a step"),
    (CARE, "exits: [refunded]", "exits: [left_segment]", "exits[0]", "no start says segment_entered"),
    (CARE, "  - {step: mail, channel: email}\n", "", "steps", "is empty"),
    (CARE, "  - {when: paid, wait: 1h}\n", "", "starts", "is empty"),
    (CARE, "starts:\n  - {when: paid, wait: 1h}\n", "starts: {when: paid, wait: 1h}\n", "starts", "is no list"),
    (CARE, "starts:\n  - {when: paid, wait: 1h}\n", "trigger: paid\n", "trigger", "did you mean starts?"),
    (
        CART,
        'only_if: {cart.total: {at_least: "20 EUR"}}',
        "only_if: {order.nth: 1}",
        "only_if.order.nth",
        "about an order",
    ),
    (CART, "exits: [bought_again]", "exits: [refunded]", "exits[0]", "no start is about an order; take it out"),
    (CART, "channel: email", "wait_for: paid, timeout: 1d", "steps[0].wait_for", "use one of ordered"),
    (CART, "channel: email", "task: Call, if: cash_on_delivery", "steps[0].if", "asks nothing"),
]
# Every answer says what to do.
MENDS = re.compile(
    r"\b(write|change|use|add|take|put|keep|give|make|move|ask|close|begin|check|save|shorten|delete"
    r"|must be a list|must say)\b"
)


def broken(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1 or text.index(old) >= 0
    return text.replace(old, new, 1)


@cache
def refused(text: str | bytes) -> BadFlow:
    with pytest.raises(BadFlow) as caught:
        parse_text(text)
    return caught.value


TABLE = [(FULL, *slip) for slip in SLIPS] + OTHERS


@pytest.mark.parametrize(
    ("text", "old", "new", "field", "told"), TABLE, ids=[f"{old}->{new}"[:60] for _, old, new, *_ in TABLE]
)
def test_a_mistake_is_answered_with_its_field_and_its_remedy(
    text: str, old: str, new: str, field: str, told: str
) -> None:
    error = refused(broken(text, old, new))
    assert error.field == field
    assert told in error.reason
    assert MENDS.search(error.reason), error.reason
    assert len(error.reason) <= 420


def test_the_files_that_are_broken_are_whole_before() -> None:
    for text in (FULL, CARE, CART):
        parse_text(text)


def test_no_answer_speaks_the_language_of_programmers() -> None:
    words = re.compile(
        r"None|True|False|dict|tuple|\bstr\b|\bint\b|float|<class|Error|regex|schema|null|\\x|mapping|parse"
    )
    for text, old, new, *_ in TABLE:
        error = refused(broken(text, old, new))
        assert not words.search(error.reason), error.reason


def test_every_answer_names_the_line_where_the_mistake_stands() -> None:
    for text, old, new, field, _ in TABLE:
        error = refused(broken(text, old, new))
        assert error.line is not None, (old, new)
        changed = text[: text.index(old)].count("\n") + 1
        here = broken(text, old, new).splitlines()[error.line - 1]
        word = re.sub(r"\[[0-9]+\]", "", field).split(".")[-1]
        near = changed - 1 <= error.line <= changed + 1 + new.count("\n")
        assert near or word in here or "missing" in error.reason or (field == "(file)" and error.line > changed)


def test_a_line_is_counted_from_one() -> None:
    assert refused(FULL.replace("priority: 60", "priority: 0")).line == 7
    assert refused(FULL.replace("tag: loyal", "tag: [x]")).line == 22
    assert str(refused(FULL.replace("priority: 60", "priority: 0"))).startswith("line 7: priority: 0 cannot stand here")


WHOLE_FILES: list[tuple[str | bytes, str]] = [
    ("", "is empty; write a flow"),
    ("   \n# nothing but a remark\n", "is empty"),
    ("---\n...\n", "is no group of fields"),
    ("hello", "is no group of fields; begin with flow: come-back"),
    ("- flow: a\n", "is no group of fields"),
    ("flow: [" + "[" * 40, "more than 20 deep"),
    ("a: " + "x" * 70_000, "is larger than 64 KB"),
    ("a: " + "س" * 40_000, "is larger than 64 KB"),
    ("[" + "a," * 32_000 + "]", "more than 5000 values"),
    ("a: &a [1]\nb: [*a, *a]", "write the value out"),
    ("flow: caf\xe9".encode("latin-1"), "is not saved as UTF-8"),
    ("flow: خرید".encode("utf-16"), "is not saved as UTF-8"),
    ("flow: a\x00b", "hidden character"),
    ("<<: {flow: a}\n", "<<: is not known here"),
]


@pytest.mark.parametrize(("text", "told"), WHOLE_FILES, ids=[told for _, told in WHOLE_FILES])
def test_what_is_no_flow_file_at_all_is_refused(text: str | bytes, told: str) -> None:
    assert told in str(refused(text))


def test_the_answers_in_the_docs_are_the_answers_given() -> None:
    told = (HERE.parents[1] / "docs" / "flows.md").read_text(encoding="utf-8")
    for old, new in (
        ("wait: 14d}", "wait: 14 days}"),
        ("{order.nth: 1}", "{order.total: {at_least: €50}}"),
        ("coupon: welcome-back", "discount: welcome-back"),
    ):
        assert str(refused(FULL.replace(old, new)))[:110] in told


def test_a_flow_has_forty_steps_at_most_and_four_lists_within_lists() -> None:
    many = [
        f"{{step: s{i}, branch: {{order.nth: 1}}, then: [{{step: t{i}, tag: x}}, {{step: u{i}, tag: y}}]}}"
        for i in range(14)
    ]
    text = CARE.replace("  - {step: mail, channel: email}\n", "".join(f"  - {one}\n" for one in many))
    assert "a flow has at most 40" in refused(text).reason
    deep = "{step: end, tag: x}"
    for i in range(5):
        deep = f"{{step: b{i}, branch: {{order.nth: 1}}, then: [{deep}]}}"
    assert "4 deep at most" in refused(CARE.replace("{step: mail, channel: email}", deep)).reason


def test_what_other_readers_of_yaml_made_of_a_file_is_explained() -> None:
    data = reading.read(FULL)
    switched = {True if key == "on" else key: value for key, value in data.items()}
    with pytest.raises(
        BadFlow, match='true: is no field: some programs read the word on as true, so write "on" in quotes'
    ):
        parse(switched)
    timed = copy.deepcopy(data)
    timed["steps"][1]["at"] = 600
    with pytest.raises(BadFlow, match='600 is no time of day; write hours and minutes in quotes, as in "10:00"'):
        parse(timed)
    with pytest.raises(BadFlow, match="if Norway is meant"):
        parse(data | {"only_if": {"order.country": False}})


@pytest.mark.parametrize("odd", [None, [], "flow", 7, True, {1: 2}, {}, {"flow": {}}, {None: None}])
def test_what_is_no_flow_at_all_is_refused(odd: object) -> None:
    with pytest.raises(BadFlow):
        parse(odd)


def test_a_refused_file_is_left_as_it_was() -> None:
    for text, old, new, *_ in TABLE[::4]:
        try:
            data = reading.read(broken(text, old, new))
        except BadFlow:
            continue
        before = copy.deepcopy(data)
        with pytest.raises(BadFlow):
            parse(data)
        assert data == before


def answer(text: str | bytes) -> str:
    """What is said of the file, or that it is good; nothing else may come of it, and not late."""
    begun = time.process_time()
    try:
        said = parse_text(text).name
    except BadFlow as bad:
        said = bad.reason
    assert at_most(0.5, time.process_time() - begun)
    return said


def answer_to(data: Any) -> str:
    try:
        return parse(data).name
    except BadFlow as bad:
        return bad.reason


PIECES = [
    *re.findall(r"\w+|[^\w\s]|\s+", FULL),
    *("\t", "&a", "*a", "!!x", "<<", "%", "|", ">", "~", "\u202e", "\x00", "'"),
]
SIGNS = "[]{}:,-? \n\"'&*!|>#ab1%\\uU"
FIELDS = ["step", "send", "when", "if", "all", "order.nth", "steps", "share", "split", "branch", "in", "has", "wait"]
DATA = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.sampled_from(FIELDS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)


GOOD = reading.read(FULL)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60), st.integers(0, len(FULL)), st.integers(0, 40))
def test_a_file_with_anything_in_it_is_read_or_refused_in_half_a_second(put_in: list[str], at: int, cut: int) -> None:
    assert answer(FULL[:at] + "".join(put_in) + FULL[at + cut :])


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300) | st.text(alphabet=SIGNS, max_size=300))
def test_any_text_is_read_or_refused_in_half_a_second(text: str | bytes) -> None:
    assert answer(text)


@settings(max_examples=200, deadline=None)
@given(DATA, st.sampled_from(sorted(GOOD)))
def test_any_data_in_any_field_is_read_or_refused(value: Any, field: str) -> None:
    assert answer_to(GOOD | {field: value})


BOMBS = {
    "many values": "[" + "a," * 32_000 + "]",
    "deep lists": "[" * 65_000,
    "deep blocks": "- " * 32_000,
    "one long word": "a: " + "1" * 65_000,
    "many fields": "".join(f"k{i}: v\n" for i in range(6_500)),
    "many lines": "a: " + "b\n " * 21_000,
    "many escapes": 'a: "' + "\\x41" * 16_000 + '"',
    "many questions": "? " * 32_000,
    "much nothing": "\n" * 65_000 + "a: b",
    "a long version": "%YAML 1." + "1" * 5_000 + "\n---\na: b",
    "many names": "a: &" + "a" * 65_000 + " b",
    "laughs": "a: &a [x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "a wide word": "purpose: " + "marketin" * 8_000,
    "a wide condition": CARE + "only_if: {" + "not.a.fact" * 6_000 + ": 1}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_file_that_is_made_to_be_slow_is_answered_in_half_a_second(text: str) -> None:
    assert answer(text)


def test_shuffled_lines_are_read_or_refused() -> None:
    order = random.Random(5)
    for _ in range(30):
        lines = FULL.splitlines(keepends=True)
        order.shuffle(lines)
        assert answer("".join(lines))
