"""What one follow-up costs from due to sent: CPU, reads and writes, beside rendering alone in the same run."""

from __future__ import annotations

import os
import time
from collections import Counter
from datetime import timedelta
from typing import Any

from chalicelib import flows, languages
from chalicelib.settings import settings
from chalicelib.table import base
from chalicelib.work import send
from chalicelib.work.about import About
from chalicelib.work.render import render_mail
from tests.post_office import NOON, PostOffice, open_office, order

MANY = 300
READS = ("GetItem", "Query", "BatchGetItem")


def run() -> dict[str, Any]:
    """CPU milliseconds and calls per follow-up sent."""
    _settings()
    office = _due()
    calls: Counter[str] = Counter()
    office.dynamo.before = lambda operation, arguments: calls.update([operation])
    started = time.process_time()
    for number in range(MANY):
        send.send(office.shop, office.row(number, "thank-you").id, office.now, office.sending())
    sent = (time.process_time() - started) / MANY * 1000
    # Finding the row's id above read its order once more.
    reads = sum(calls[name] for name in READS) / MANY - 1
    rendered = _render()
    return {
        "render_ms": rendered,
        "send_ms": sent,
        "times_render": sent / rendered,
        "sent_per_second_per_core": 1000 / sent,
        "reads": reads,
        "single_writes": calls["PutItem"] / MANY,
        "transactions": calls["TransactWriteItems"] / MANY,
    }


def _settings() -> None:
    plain = {"ECRM_TABLE": "bench", "ECRM_INBOX_URL": "https://sqs.test/inbox", "ECRM_BUCKET": "bench"}
    os.environ.update(plain, ECRM_MASTER="5e" * 32, AWS_DEFAULT_REGION="us-east-1")
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    settings.cache_clear()
    base.connect()


def _due() -> PostOffice:
    office = open_office()
    for number in range(MANY):
        office.sell(order(number, email=f"buyer{number}@example.test"))
    office.now = NOON + timedelta(hours=1)
    flows.shipped()
    return office


def _render() -> float:
    office = open_office()
    text = languages.text("en", "thank-you")
    assert text is not None
    began = time.process_time()
    for number in range(MANY):
        about = About(
            shop=office.shop,
            language="en",
            purpose="transactional",
            now=NOON,
            name="Sara",
            links={"preferences": "https://ecrm.acme.test/m/x"},
            order=order(number),
        )
        render_mail(text, about)
    return (time.process_time() - began) / MANY * 1000
