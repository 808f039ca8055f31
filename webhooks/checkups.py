"""What `doctor` looks at in the system itself: settings, table, queues, directory, the mails' sender."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parseaddr
from typing import Any

from chalicelib import directory
from chalicelib.domain.shop import Shop
from chalicelib.platforms.shop_api import Finding
from chalicelib.settings import MissingSetting, Settings
from webhooks.here import aws_client
from webhooks.keeping import everybody
from webhooks.show import plural
from webhooks.words import no_sender

_NEEDED = (
    "public_url",
    "outbox_url",
    "feedback_url",
    "unverified_url",
    "fetch_url",
    "learn_url",
    "events_url",
    "mail_configuration_set",
)
# More than this on the inbox is not a busy minute any more.
MANY_WAITING = 10_000


def guarded(what: str, remedy: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """The findings; or, where looking itself fails, one that says so."""
    try:
        return list(look())
    except Exception as error:  # a doctor does not fall ill: whatever is wrong is a finding
        return [Finding("fail", f"{what}: {type(error).__name__}", remedy)]


def settings_are_set(settings: Settings) -> Iterator[Finding]:
    """Everything that a function needs."""
    missing = 0
    for name in _NEEDED:
        try:
            settings.need(name)
        except MissingSetting as error:
            missing += 1
            yield Finding("fail", f"{error.variable} is not set", "deploy again: `make deploy STAGE=…`")
    if not missing:
        yield Finding("ok", f"settings: stage {settings.stage}, reached at {settings.public_url}")
    if settings.public_url.startswith("http://") and not settings.local:
        yield Finding(
            "warn", "the public address is plain http", "WooCommerce and Shopify want https: see docs/deploy.md"
        )


def table_answers(settings: Settings) -> Iterator[Finding]:
    shops = list(everybody())
    yield Finding("ok", f"table {settings.table}: {plural(len(shops), 'shop')}")


def queues_flow(settings: Settings, sqs: Any = None) -> Iterator[Finding]:
    """How much waits, and whether anything ended in a dead-letter queue."""
    from webhooks.queues import count, queues

    sqs = sqs or aws_client("sqs", settings)
    waiting = []
    for queue in queues(settings, sqs):
        held = count(sqs, queue.url)
        waiting.append(f"{queue.name} {held}")
        if held > MANY_WAITING:
            yield Finding("warn", f"{held:,} messages wait on {queue.name}", "its function's log says why it is slow")
        dead = count(sqs, queue.dead_url) if queue.dead_url else 0
        if dead:
            remedy = "read the function's log of that time, mend, then `replay --shop all --dead`"
            yield Finding("fail", f"{plural(dead, 'message')} of {queue.name} could not be worked off", remedy)
    yield Finding("ok", f"queues: {', '.join(waiting)} waiting")


def directory_is_fresh(read: Callable[[str], bytes | None]) -> Iterator[Finding]:
    """What the door knows of the shops is what the table says."""
    text = read(directory.KEY)
    shops = list(everybody())
    if text == directory.text_of(shops):
        yield Finding("ok", "the shop directory says what the table says")
    elif text is None and not shops:
        yield Finding("ok", "no shop yet, and no directory")
    else:
        remedy = "`doctor --mend` writes it again"
        yield Finding("fail", "the shop directory is not what the table says: deliveries may be refused", remedy)


def sender_may_send(shop: Shop, settings: Settings, ses: Any = None) -> Iterator[Finding]:
    """SES sends for addresses and domains that were proven to be ours."""
    if not shop.sender:
        yield no_sender(shop)
        return
    if settings.local:
        yield Finding("ok", f"mails come from {shop.sender}")
        return
    address = parseaddr(shop.sender)[1]
    ses = ses or aws_client("sesv2", settings)
    if any(_verified(ses, name) for name in (address, address.rpartition("@")[2])):
        yield Finding("ok", f"SES sends for {shop.sender}")
    else:
        yield Finding("fail", f"SES does not send for {shop.sender}", "verify the address or its domain in SES")


def _verified(ses: Any, name: str) -> bool:
    try:
        return bool(ses.get_email_identity(EmailIdentity=name).get("VerifiedForSendingStatus"))
    except ses.exceptions.NotFoundException:
        return False
