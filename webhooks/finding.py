"""Orders and customers as an owner names them on the command line."""

from __future__ import annotations

from chalicelib.domain.customer import Customer
from chalicelib.domain.shop import Shop
from webhooks.arguments import BadArgument


def order_of(shop: Shop, named: str) -> str:
    """The platform's id of an order named by its id or by the number that people see. Raises BadArgument."""
    from chalicelib.table import customers, orders

    ids = [named, *customers.look_up(shop, f"number:{named}")]
    found = orders.of_ids(shop.slug, ids)
    for order_id in ids:
        if order_id in found:
            return order_id
    raise BadArgument("order", f"{shop.slug} has no order {named}")


def customer_of(shop: Shop, named: str) -> Customer:
    """A customer named by id, e-mail address or phone number. Raises BadArgument."""
    from chalicelib.table import customers
    from chalicelib.work import read_customers

    if named.startswith("c_"):
        person = customers.person(shop.slug, named)
        if person is None:
            raise BadArgument("customer", f"{shop.slug} has no customer of this id")
        if person.erased:
            raise BadArgument("customer", "was erased: nothing is known of them, and nothing is sent")
        return person
    way = "email" if "@" in named else "phone"
    try:
        found = read_customers.search(shop, {way: named}, 2, None).items
    except read_customers.BadSearch as bad:
        raise BadArgument("customer", f"{bad.reason}; or an id, such as c_…") from None
    if not found:
        raise BadArgument("customer", f"nobody is known by this {'address' if way == 'email' else 'number'}")
    if len(found) > 1:
        raise BadArgument("customer", f"several share it; name one: {', '.join(one['id'] for one in found)}")
    person = read_customers.one(shop, found[0]["id"])
    if person is None:
        raise BadArgument("customer", "was erased just now")
    return person
