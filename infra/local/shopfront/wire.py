"""The shop's line to the API: it signs and sends what happened, mints customer tokens, asks what time it is."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from chalicelib import keys
from chalicelib.domain.times import moment, stamp
from chalicelib.signatures import signature_of
from infra.local.shopfront import standard, woocommerce
from infra.local.shopfront.standard import Said

# What the shop says in its platform's format.
TONGUES: dict[str, ModuleType] = {"standard": standard, "woocommerce": woocommerce}
_TOKEN_LIFE = timedelta(minutes=10)
_PATIENCE = 10  # seconds
_LONG = 300
_MOST_WAITING = 1000


class Unreachable(Exception):
    """The API did not answer, or not with what was asked for."""


class Refused(Unreachable):
    """It answered no: asking again would not help."""


class Wire:
    """`given` is what `add-shop` printed; `url` the shop's own address."""

    def __init__(self, api: str, url: str, given: dict[str, Any]) -> None:
        self.api, self._url, self._given = api, url, given
        self.publishable_key: str = given["publishable_key"]
        self.tongue = TONGUES[given["platform"]]
        self._signature = signature_of(given["platform"])
        self._waiting: list[tuple[Said, str]] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """What the clock over there says. Raises Unreachable."""
        return moment(self._asked("/_local/clock")["now"])

    def jump(self, to: datetime, pace: str) -> None:
        """Have everything happen up to a moment. Raises Unreachable."""
        self._asked("/_local/clock", {"to": stamp(to), "every": pace, "learn": "once"}, _LONG)

    def tell(self, said: Said, id: str, now: datetime | None = None) -> bool:
        """Send one webhook, after those that could not be sent before; what cannot be sent now is kept. A shop goes on
        selling when nobody listens."""
        with self._lock:
            self._waiting = [*self._waiting, (said, id)][-_MOST_WAITING:]
            try:
                while self._waiting:
                    self._send(*self._waiting[0], now or self.now())
                    self._waiting.pop(0)
            except Refused:
                self._waiting.pop(0)
                return False
            except Unreachable:
                return False
        return True

    def token(self, account: str, now: datetime) -> str:
        """What proves to the API who is logged in here."""
        return keys.customer_token(self._given["identity_secret"], self._given["shop"], account, now + _TOKEN_LIFE)

    def ask(self, path: str, **query: str) -> Any:
        """Ask the partner API as the shop's owner. Raises Unreachable."""
        return self._asked(f"{path}?{urlencode(query)}", key=self._given["secret_key"])

    def put(self, path: str, body: Any) -> Any:
        """Change something through the partner API. Raises Unreachable."""
        return self._asked(path, body, key=self._given["secret_key"], method="PUT")

    def slots(self, names: str, token: str) -> Any:
        """Ask for slots as a page of this shop would. Raises Unreachable."""
        query = urlencode({"key": self.publishable_key, "slots": names, "limit": "1"})
        return self._asked(f"/v1/slots?{query}", key=token, origin=self._url)

    def _send(self, said: Said, id: str, now: datetime) -> None:
        topic, body = said
        secrets = self._given["secrets"]
        signed = self._signature.sign(body, secrets.get(topic) or secrets["*"], topic=topic, now=now, id=id)
        self._answer(urllib.request.Request(self._given["delivery_url"], body, signed | self.tongue.headers(self._url)))

    def _asked(
        self,
        path: str,
        body: Any = None,
        patience: float = _PATIENCE,
        key: str = "",
        origin: str = "",
        method: str | None = None,
    ) -> Any:
        headers = {"content-type": "application/json"}
        headers |= {"authorization": f"Bearer {key}"} if key else {}
        headers |= {"origin": origin} if origin else {}
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self._answer(urllib.request.Request(self.api + path, data, headers, method=method), patience))

    def _answer(self, request: urllib.request.Request, patience: float = _PATIENCE) -> bytes:
        try:
            with urllib.request.urlopen(request, timeout=patience) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            raise (Unreachable if error.code >= 500 or error.code == 429 else Refused)(str(error.code)) from None
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise Unreachable(type(error).__name__) from None
