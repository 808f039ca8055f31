"""What a page hears that may not ask: words that its maker can act on, the same for what must not be told apart."""

from __future__ import annotations

from chalicelib.routes.problems import Problem, shown

# By how a key begins: what it is, and what makes another.
_SECRETS = {
    "sk_": ("a secret key", "--rotate-secret-key"),
    "ik_": ("an identity secret", "--rotate-identity-secret"),
}
NO_ORIGIN = "null"  # what a browser says of a file on the disk


def no_secret(key: str) -> None:
    """Raises Problem for one. Whether it opens anything is not said: only that it is none to be sent from a page, which
    its first letters say."""
    what, flag = _SECRETS.get(key[:3], ("", ""))
    if what:
        raise Problem(
            401,
            f"This is {what}, and must not stand in a page: whoever opened the page has it. Make a new one at once "
            f"(add-shop {flag}), and send the publishable key: key=pk_…",
            "key",
        )


def no_shop(key: str) -> str:
    """The same for a shop that never was, one that is gone, and a wrong key of one there is."""
    if not key.startswith(("pk_", "tk_")):
        return "Send the shop's publishable key: key=pk_…"
    return (
        "This key opens no shop here: it is cut off, mistyped or of another installation. "
        "`add-shop --dry-run` prints the right one."
    )


def no_page(origin: str | None) -> str:
    """Which origin came, told to the page itself and to no log."""
    if not origin:
        return (
            "No Origin came with it: events are told by pages, and a browser sends it by itself. "
            "A server may ask GET /v1/slots without one."
        )
    if origin == NO_ORIGIN:
        what = "This page has no origin (a file on the disk, or a frame in a sandbox): serve it from one of the shop's"
    else:
        what = f"{shown(origin) if is_origin(origin) else 'This origin'} is none of this shop's origins"
    return f"{what}; add-shop --origin names those that may ask. While a page is being made, the test key (tk_…) may."


def is_origin(text: str) -> bool:
    """Whether it can be what a browser says of a page."""
    return len(text) <= 300 and text.isascii() and text.isprintable() and text.startswith(("https://", "http://"))
