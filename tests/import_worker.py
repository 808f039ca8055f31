"""A process that works on an import as the function does, until there is nothing left to do; made to be killed.

    python -m tests.import_worker SHOP AHEAD SECONDS

AHEAD: so many seconds its clock is ahead of this machine's. SECONDS: what one call may take, as in Lambda. It ends with
status 1 where a message should have come again.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

from chalicelib import clock
from chalicelib.functions import fetch
from chalicelib.work import sync


class Call:
    """What Lambda tells a function about the time it has."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - time.monotonic()) * 1000))


def main(shop: str, ahead: float, seconds: float) -> int:
    """Call after call, for as long as the import runs."""
    clock.use(lambda: clock.real() + timedelta(seconds=ahead))
    hint = json.dumps({"shop": shop, "task": sync.IMPORT})
    while True:
        if fetch.handler({"Records": [{"messageId": "1", "body": hint}]}, Call(seconds))["batchItemFailures"]:
            return 1
        held = sync.progress(shop)
        if held is None or held["state"] != "running":
            return 0
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
