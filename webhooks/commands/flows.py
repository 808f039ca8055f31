"""`flows`: a shop's flows: list, show, save, switch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chalicelib import clock
from chalicelib.domain.shop import Shop
from webhooks import here
from webhooks.arguments import BadArgument
from webhooks.flags import names_shop, text_of, usual
from webhooks.show import Screen

ABOUT = """Lists a shop's flows. Or one thing: shows a flow as it was written (--show), saves one with its texts and
makes it live (--save, with --dry-run only checks it), switches one on or off, makes an older version live again
(--use), goes back to the one that ships (--reset). A flow that is switched on follows up only what happens from then
on."""
EXAMPLE = """examples:
  .venv/bin/python -m webhooks flows --shop acme
  .venv/bin/python -m webhooks flows --shop acme --show come-back
  .venv/bin/python -m webhooks flows --shop acme --show come-back --to my-flows
  .venv/bin/python -m webhooks flows --shop acme --save my-flows/come-back.yaml --texts my-flows --dry-run
  .venv/bin/python -m webhooks flows --shop acme --on win-back
  .venv/bin/python -m webhooks flows --shop acme --use come-back --version 1
"""
WHO = "command"
_DEEDS = ("show", "save", "on", "off", "use", "reset")


def flags(parser: argparse.ArgumentParser) -> None:
    names_shop(parser)
    deed = parser.add_mutually_exclusive_group()
    deed.add_argument("--show", metavar="NAME", help="its file, its texts, its versions")
    deed.add_argument("--save", metavar="FILE", help="a flow file (YAML); its version must be greater than the newest")
    deed.add_argument("--on", metavar="NAME", help="switch it on")
    deed.add_argument("--off", metavar="NAME", help="switch it off; what waits is not sent, and says so")
    deed.add_argument("--use", metavar="NAME", help="make the version that --version names live again")
    deed.add_argument("--reset", metavar="NAME", help="back to the flow that ships; your own alone is switched off")
    parser.add_argument("--version", metavar="N", type=int, help="with --show and --use: which version")
    parser.add_argument("--texts", metavar="FOLDER", help="with --save: its texts, as LANGUAGE/NAME.md")
    parser.add_argument("--to", metavar="FOLDER", help="with --show: write the file and its texts there, to be changed")
    usual(parser)


def run(given: dict[str, Any], screen: Screen) -> int:
    here.enter(given)
    shop = here.shop_of(given)
    deed = next((name for name in _DEEDS if given[name]), "")
    _fits(given, deed)
    if deed == "save":
        return _save(given, shop, screen)
    if deed == "show":
        return _show(given, shop, screen)
    return _switch(given, deed, shop, screen) if deed else _list(shop, screen)


def _fits(given: dict[str, Any], deed: str) -> None:
    belongs = {"version": ("show", "use"), "texts": ("save",), "to": ("show",)}
    for flag, deeds in belongs.items():
        if given[flag] is not None and deed not in deeds:
            raise BadArgument(flag, f"goes with {' or '.join(f'--{name}' for name in deeds)} only")
    if deed == "use" and given["version"] is None:
        raise BadArgument("version", "is missing: which version is to be live")


def _list(shop: Shop, screen: Screen) -> int:
    from chalicelib.work import read_flows

    found = read_flows.listed(shop)
    if screen.machine:
        screen.json({"shop": shop.slug, "flows": found})
    for flow in found:
        state = screen.paint("on ", "32") if flow["on"] else screen.dim("off")
        screen.say(f"  {state}  {flow['name']:16} {flow['title']}")
        version = f"version {flow['version']}" + (" of yours" if flow["is"] == "own" else "")
        screen.say(screen.dim(f"       {version}; {flow['purpose']}, {flow['topic']}; {in_short(flow['steps'])}"))
    return 0


def in_short(steps: list[dict[str, Any]]) -> str:
    """`send come-back by email, coupon win-back`."""
    told = []
    for step in steps:
        by = f" by {' or '.join(step['channels'])}" if step["channels"] else ""
        told.append(f"{step['kind'].replace('_', ' ')} {step['what']}".strip() + by)
    return ", ".join(told)


def _show(given: dict[str, Any], shop: Shop, screen: Screen) -> int:
    from chalicelib.work import read_flows

    found = read_flows.one(shop, given["show"], given["version"])
    if found is None:
        raise BadArgument("show", f"{shop.slug} has no such flow, or no such version of it; `flows --shop {shop.slug}`")
    if given["to"] and not given["dry_run"]:
        _write(Path(given["to"]), found, screen)
    if screen.machine:
        screen.json({"shop": shop.slug, **found})
    elif not given["to"]:
        _print(found, screen)
    return 0


def _print(found: dict[str, Any], screen: Screen) -> None:
    screen.head(f"{found['name']}, version {found['shown']}")
    screen.say(found["flow"].rstrip())
    for language, texts in found["texts"].items():
        for name, text in texts.items():
            screen.say()
            screen.head(f"{language}/{name}.md")
            screen.say(text.rstrip())
    screen.say()
    for one in found["versions"]:
        saved = one["saved_at"] or "ships"
        screen.mark(
            "ok" if one["live"] else "wait", f"version {one['version']}: {saved}{', live' if one['live'] else ''}"
        )


def _write(folder: Path, found: dict[str, Any], screen: Screen) -> None:
    """Never over a file that is there: it may be what the owner is working on."""
    files = {folder / f"{found['name']}.yaml": found["flow"]}
    for language, texts in found["texts"].items():
        files |= {folder / language / f"{name}.md": text for name, text in texts.items()}
    there = [str(file) for file in files if file.exists()]
    if there:
        raise BadArgument("to", f"{there[0]} is there already; name another folder")
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        screen.mark("ok", str(file))


def drafted(given: dict[str, Any], flag: str, shop: Shop) -> Any:
    """The flow file that a flag names, with its texts. Raises BadArgument with what an owner should change."""
    from chalicelib.domain.flow_file import BadFlow
    from chalicelib.work import flow_saving

    written = text_of(given[flag], flag)
    try:
        return flow_saving.draft(shop, written, texts_in(given.get("texts")))
    except BadFlow as bad:
        raise BadArgument(flag, f"{given[flag]}: {bad}") from None
    except flow_saving.Unfit as unfit:
        raise BadArgument(flag, f"{unfit.field}: {unfit.reason}") from None


def texts_in(folder: str | None) -> dict[str, dict[str, str]]:
    """language -> name -> text, of the files LANGUAGE/NAME.md in a folder. Raises BadArgument."""
    if folder is None:
        return {}
    root, found = Path(folder), {}
    if not root.is_dir():
        raise BadArgument("texts", f"there is no folder {folder}")
    for file in sorted(root.glob("*/*.md")):
        found.setdefault(file.parent.name, {})[file.stem] = text_of(str(file), "texts")
    return found


def _save(given: dict[str, Any], shop: Shop, screen: Screen) -> int:
    from chalicelib.work import flow_saving

    made = drafted(given, "save", shop)
    try:
        if given["dry_run"]:
            what = flow_saving.outcome(shop, made)
        else:
            what, shop = flow_saving.save(shop, made, clock.now(), WHO)
    except flow_saving.Taken as taken:
        raise BadArgument("save", f"version {taken}") from None
    said = {"saved": "would be saved" if given["dry_run"] else "saved and live", "unchanged": "is there already"}[what]
    screen.mark("ok", f"{made.flow.name}, version {made.flow.version}: {said}")
    for warning in made.warnings:
        screen.mark("warn", warning)
    if screen.machine:
        answer = {"shop": shop.slug, "flow": made.flow.name, "version": made.flow.version, "outcome": what}
        screen.json({**answer, "dry_run": given["dry_run"], "warnings": list(made.warnings)})
    return 0


def _switch(given: dict[str, Any], deed: str, shop: Shop, screen: Screen) -> int:
    from chalicelib.work import flow_book, flow_switch, read_flows

    name = given[deed]
    if name not in flow_book.every(shop):
        raise BadArgument(deed, f"{shop.slug} has no flow {name}; `flows --shop {shop.slug}` lists them")
    if given["dry_run"]:
        screen.say("Nothing was changed (--dry-run).")
    else:
        try:
            shop = _switched(given, deed, name, shop)
        except flow_switch.NoSuchFlow:
            raise BadArgument("version", f"{name} has no version {given['version']}") from None
    told = read_flows.summary(shop, flow_book.every(shop)[name])
    warnings = _warned(shop, name) if deed in ("on", "use") else []
    screen.mark("ok", f"{name}: {'on' if told['on'] else 'off'}, version {told['version']}")
    for warning in warnings:
        screen.warn(warning)
    if screen.machine:
        screen.json({"shop": shop.slug, **told, "warnings": warnings, "dry_run": given["dry_run"]})
    return 0


def _warned(shop: Shop, name: str) -> list[str]:
    """What keeps the flow from working as it reads: a coupon rule, a channel, an endpoint that is not there."""
    from chalicelib.work import flow_book, flow_checks

    return flow_checks.missing(shop, flow_book.every(shop)[name])


def _switched(given: dict[str, Any], deed: str, name: str, shop: Shop) -> Shop:
    from chalicelib.work import flow_switch

    now = clock.now()
    if deed == "use":
        return flow_switch.use(shop, name, given["version"], now, WHO)
    if deed == "reset":
        return flow_switch.take_back(shop, name, now, WHO)
    return flow_switch.switch(shop, name, deed == "on", now, WHO)
