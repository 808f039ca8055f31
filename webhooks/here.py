"""Which world a command works on: the local one, asked for its names and its clock, or a stage on AWS."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.settings import Settings, adopt, settings
from webhooks import local
from webhooks.arguments import BadArgument, checked_slug
from webhooks.outcomes import NeedsOwner

_OURS = ("ECRM_", "AWS_")


def flags(parser: argparse.ArgumentParser) -> None:
    """`--api` or `--stage`: every command has them."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--api", metavar="URL", help=f"the local world (default {local.USUAL})")
    where.add_argument("--stage", metavar="NAME", help="a stage deployed to AWS, with this machine's AWS credentials")


def enter(given: dict[str, Any]) -> Settings:
    """Make that world this process's own, its clock included. Raises BadArgument where it cannot be reached."""
    if given.get("stage"):
        adopt_stage(given["stage"])
    else:
        _adopt_local((given.get("api") or local.USUAL).rstrip("/"))
    return settings()


def again(given: dict[str, Any]) -> str:
    """The flag that leads to the same world, for commands that we tell people to type; with a space before it."""
    if given.get("stage"):
        return f" --stage {given['stage']}"
    return f" --api {given['api']}" if given.get("api") else ""


def look_at_clock(given: dict[str, Any]) -> None:
    """Follow a local world whose clock was moved meanwhile."""
    if not given.get("stage"):
        _use_clock((given.get("api") or local.USUAL).rstrip("/"))


def _adopt_local(api: str) -> None:
    found = local.asked(api, "GET", "/_local/environment")
    adopt({name: str(value) for name, value in found.items() if name.startswith(_OURS)})
    _use_clock(api)


def _use_clock(api: str) -> None:
    ahead = moment(local.asked(api, "GET", "/_local/clock")["now"]) - clock.real()
    if abs(ahead) < timedelta(seconds=1):
        ahead = timedelta()
    clock.use(lambda: clock.real() + ahead)


def adopt_stage(stage: str) -> None:
    """Take a deployed stage's names for this process's own."""
    import boto3  # only here: the local world needs none of it

    from webhooks.stage import credentials, variables

    session = boto3.Session()
    if session.get_credentials() is None:
        raise BadArgument("stage", "this machine has no AWS credentials; sign in first, as for the AWS CLI")
    adopt({**variables(stage, session.client("cloudformation")), **credentials(session)})


def shop_of(given: dict[str, Any]) -> Shop:
    """The shop that --shop names. Raises BadArgument where there is none."""
    from chalicelib.table import base, shops

    slug = checked_slug(given.get("shop"))
    base.connect()
    found = shops.get(slug)
    if found is None:
        known = ", ".join(sorted(shops.all_slugs())[:10]) or "none yet"
        raise BadArgument(
            "shop", f"there is no shop {slug} here (there are: {known}); `connect --shop {slug}` makes one"
        )
    return found


def shops_of(given: dict[str, Any]) -> list[Shop]:
    """The shop that --shop names, or all of them where it says `all` or nothing."""
    from chalicelib.table import base, shops

    if given.get("shop") not in (None, "all"):
        return [shop_of(given)]
    base.connect()
    return [shop for shop in map(shops.get, sorted(shops.all_slugs())) if shop]


def can_be_asked(shop: Shop) -> None:
    """Raises BadArgument for a shop without an API, NeedsOwner for one that we may not ask."""
    from chalicelib import platforms

    if platforms.load_api(shop.platform) is None:
        raise BadArgument(
            "shop",
            f"{shop.slug} is {shop.platform}: such shops send by themselves and cannot be asked. What they did not "
            f"send comes from a file: `import --shop {shop.slug} --csv FILE`",
        )
    if shop.state == "off":
        raise off(shop)
    if not shop.access:
        raise NeedsOwner(f"we have no key to the API of {shop.slug}: `connect --shop {shop.slug}`", "not_connected")


def off(shop: Shop) -> NeedsOwner:
    """What to say of a shop that is switched off."""
    on = f"`add-shop --shop {shop.slug} --platform {shop.platform} --state on`"
    return NeedsOwner(f"{shop.slug} is switched off: `connect --shop {shop.slug}`, or {on}", "switched_off")


def aws_client(service: str, given: Settings) -> Any:
    """A boto3 client of this world, for what commands alone ask."""
    import boto3

    return boto3.client(service, region_name=given.region, endpoint_url=given.endpoint_url or None)
