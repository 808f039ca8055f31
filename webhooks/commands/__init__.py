"""One command per file: ABOUT and EXAMPLE for its help, `flags(parser)`, `run(given, screen) -> exit code`."""

from __future__ import annotations

# what is typed -> (module, a line for the list)
COMMANDS = {
    "platforms": ("platforms", "which shop platforms there are, and what each needs"),
    "connect": ("connect", "connect a shop: check, register, make its webhooks, bring its history"),
    "status": ("status", "how a shop fares: orders seen of orders in the shop, and what is wrong"),
    "flows": ("flows", "list, show, save and switch a shop's flows"),
    "preview": ("preview", "a flow's message as it would be read, or in your own mailbox"),
    "rehearse": ("rehearse", "what a flow would have done in the last months; nothing is sent"),
    "learn": ("learn", "what was learnt from a shop's orders, how good it is, and learning anew"),
    "slots": ("slots", "what the slots in a shop's pages did: seen, clicked and closed"),
    "audit": ("audit", "who erased, exported or changed what, month by month"),
    "explain": ("explain", "why a customer got what she got, and why nothing else"),
    "import": ("bring", "bring a shop's history, from its API or from a CSV file"),
    "export": ("take", "write a shop's orders or customers to a CSV file"),
    "reconcile": ("reconcile", "ask the shop now for what its webhooks did not tell"),
    "doctor": ("doctor", "look at everything that can be wrong, with a remedy for each"),
    "rotate": ("rotate", "new webhook secrets, without a gap"),
    "channel": ("channel", "text messages, endpoints, the shop's own pages: how messages go out besides e-mail"),
    "replay": ("replay", "try again what could not be taken in"),
    "disconnect": ("disconnect", "end it: our webhooks go, the data stays"),
    "coupons": ("coupons", "what coupons are worth, and codes of your own"),
    "add-shop": ("add_shop", "register a shop by hand, or change what you name of one"),
    "segments": ("segments", "list, define, count and remove a shop's segments of customers"),
    "shops": ("shops", "list the shops that are registered; shows no secrets"),
    "send-example": ("send_example", "send a signed, paid order to a standard shop of the local world"),
}
