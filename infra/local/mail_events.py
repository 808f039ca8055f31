"""What SES tells an SNS topic about a message, in SES's own shape, and which recipients make which trouble.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html (the mailbox simulator)
"""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

from infra.local.mail_store import recipients

ACCOUNT = "000000000000"
# local part of a recipient -> what becomes of the mail; a label (`bounce+anna@`) does not matter
_FATES = {"bounce": "bounced", "softbounce": "bounced", "complaint": "complained"}


def fate(request: dict[str, Any]) -> str:
    """delivered, bounced or complained."""
    return next((_FATES[local] for local in map(_local, recipients(request)) if local in _FATES), "delivered")


def events(request: dict[str, Any], message_id: str, at: str) -> list[dict[str, Any]]:
    """Everything SES would publish about an accepted message, in order."""
    mail = _mail(request, message_id, at)
    becomes = fate(request)
    told = [{"eventType": "Send", "mail": mail, "send": {}}]
    if becomes == "bounced":
        return [*told, {"eventType": "Bounce", "mail": mail, "bounce": _bounce(request, message_id, at)}]
    told.append({"eventType": "Delivery", "mail": mail, "delivery": _delivery(request, at)})
    if becomes == "complained":
        told.append({"eventType": "Complaint", "mail": mail, "complaint": _complaint(request, message_id, at)})
    return told


def _local(address: str) -> str:
    return parseaddr(address)[1].split("@")[0].split("+")[0].lower()


def _mail(request: dict[str, Any], message_id: str, at: str) -> dict[str, Any]:
    simple, sender = request["Content"]["Simple"], request["FromEmailAddress"]
    subject, to = simple["Subject"]["Data"], recipients(request)
    standing = [("From", sender), ("To", ", ".join(to)), ("Subject", subject), ("MIME-Version", "1.0")]
    own = [(header["Name"], header["Value"]) for header in simple.get("Headers") or []]
    tags = {tag["Name"]: [tag["Value"]] for tag in request.get("EmailTags") or []}
    return {
        "timestamp": at,
        "source": sender,
        "sendingAccountId": ACCOUNT,
        "messageId": message_id,
        "destination": to,
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in standing + own],
        "commonHeaders": {"from": [sender], "to": to, "messageId": message_id, "subject": subject},
        "tags": {
            "ses:source-ip": ["127.0.0.1"],
            "ses:configuration-set": [request.get("ConfigurationSetName", "")],
            "ses:from-domain": [parseaddr(sender)[1].rpartition("@")[2]],
            **tags,
        },
    }


def _delivery(request: dict[str, Any], at: str) -> dict[str, Any]:
    return {
        "timestamp": at,
        "processingTimeMillis": 546,
        "recipients": recipients(request),
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.example.test",
    }


def _bounce(request: dict[str, Any], message_id: str, at: str) -> dict[str, Any]:
    soft = any(_local(address) == "softbounce" for address in recipients(request))
    status, said = ("4.2.2", "smtp; 452 4.2.2 mailbox full") if soft else ("5.1.1", "smtp; 550 5.1.1 user unknown")
    return {
        "feedbackId": f"{message_id}-bounce",
        "bounceType": "Transient" if soft else "Permanent",
        "bounceSubType": "MailboxFull" if soft else "General",
        "bouncedRecipients": [
            {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": said}
            for address in recipients(request)
        ],
        "timestamp": at,
        "reportingMTA": "dns; mta.example.test",
    }


def _complaint(request: dict[str, Any], message_id: str, at: str) -> dict[str, Any]:
    return {
        "complainedRecipients": [{"emailAddress": address} for address in recipients(request)],
        "timestamp": at,
        "feedbackId": f"{message_id}-complaint",
        "complaintSubType": None,
        "complaintFeedbackType": "abuse",
        "userAgent": "Mailbox simulator",
        "arrivalDate": at,
    }
