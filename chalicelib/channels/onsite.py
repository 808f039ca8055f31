"""Messages that wait in the shop until she comes by: put on her shelf, shown by the storefront.

The same message put there twice lies there once.
"""

from __future__ import annotations

from chalicelib.channels import Message, Receipt, Refused, Trouble, Way

REACHES = "visitor"
CONFIRMS = "idempotent"

LONGEST = 500  # characters


def send(message: Message, way: Way) -> Receipt:
    """Put one message on her shelf. Raises Refused for one that says nothing or too much, Trouble."""
    if not 1 <= len(message.text.strip()) <= LONGEST:
        raise Refused("too_long")
    if way.shelve is None:
        raise Trouble("no shelf")
    way.shelve(message, way.now)
    return Receipt(message.id)
