"""Every mail that was ever accepted here, whole, in one file that outlives the process."""

from __future__ import annotations

import json
import sqlite3
import threading
from email.utils import parseaddr
from pathlib import Path
from typing import Any

_MADE = """
create table if not exists mail (
  number integer primary key, id text unique, at text, recipient text, became text, request text
);
create index if not exists mail_by_recipient on mail (recipient);
"""


class MailStore:
    """`file` None: in memory."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(str(file) if file else ":memory:", check_same_thread=False, isolation_level=None)
        self._base.execute("pragma journal_mode=wal")
        self._base.executescript(_MADE)

    def add(self, message_id: str, at: str, became: str, request: dict[str, Any]) -> None:
        """Keep one SendEmail request. `became`: delivered, bounced or complained."""
        recipient = "".join(f" {parseaddr(address)[1].lower()} " for address in recipients(request))
        row = (message_id, at, recipient, became, json.dumps(request, ensure_ascii=False))
        with self._lock:
            self._base.execute("insert into mail (id, at, recipient, became, request) values (?, ?, ?, ?, ?)", row)

    def list(self, to: str = "", limit: int = 100_000, part: bool = False) -> list[dict[str, Any]]:
        """Mails, oldest first, as `/_local/mail` shows them; `to`: only those to this address, or with `part` to any
        address it is part of."""
        # a `+` in an address that was typed arrives as a space
        to = f"+{to.strip()}" if to.strip().isdigit() else to.strip().lower()
        wanted = to if part or not to else f" {to} "
        where, values = ("where instr(recipient, ?)", (wanted,)) if wanted else ("", ())
        query = f"select id, at, became, request from mail {where} order by number desc limit ?"  # noqa: S608
        with self._lock:
            rows = self._base.execute(query, (*values, limit)).fetchall()
        return [_shown(*row) for row in reversed(rows)]

    def get(self, message_id: str) -> dict[str, Any] | None:
        """One mail, or None."""
        with self._lock:
            row = self._base.execute("select id, at, became, request from mail where id = ?", (message_id,)).fetchone()
        return _shown(*row) if row else None

    def count(self) -> int:
        with self._lock:
            return int(self._base.execute("select count(*) from mail").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._base.close()


def recipients(request: dict[str, Any]) -> list[str]:
    """All addresses of a SendEmail request."""
    destination = request.get("Destination") or {}
    return [address for kind in ("To", "Cc", "Bcc") for address in destination.get(f"{kind}Addresses") or []]


def _shown(message_id: str, at: str, became: str, request: str) -> dict[str, Any]:
    asked = json.loads(request)
    simple = asked["Content"]["Simple"]
    own = {header["Name"]: header["Value"] for header in simple.get("Headers") or []}
    body = simple["Body"]
    return {
        "id": message_id,
        "channel": asked.get("Channel", "email").lower(),
        "parts": asked.get("Parts", 1),
        "at": at,
        "became": became,
        "from": asked["FromEmailAddress"],
        "to": recipients(asked),
        "subject": simple["Subject"]["Data"],
        "headers": {"From": asked["FromEmailAddress"], "To": ", ".join(recipients(asked)),
                    "Subject": simple["Subject"]["Data"], "Date": at, "Message-ID": f"<{message_id}@local>", **own},
        "tags": {tag["Name"]: tag["Value"] for tag in asked.get("EmailTags") or []},
        "configuration_set": asked.get("ConfigurationSetName", ""),
        "text": body.get("Text", {}).get("Data", ""),
        "html": body.get("Html", {}).get("Data", ""),
    }  # fmt: skip
