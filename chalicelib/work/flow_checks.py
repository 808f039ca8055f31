"""Whether a flow and its texts would work in this shop: what forbids it, and what the owner should know."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib import languages
from chalicelib.domain.conditions import All, Condition, Not, Some, Test
from chalicelib.domain.flow import ORDER_MOMENTS, Flow, Step
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import pick_language
from chalicelib.work import ways
from chalicelib.work.wording import Wording, messages, text_name

_PRODUCT_MOMENTS = ("cart_abandoned", "back_in_stock")


class Unfit(ValueError):
    """The flow cannot be used in this shop. `field` says where, the message what and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def must_hold(shop: Shop, flow: Flow, words: Wording) -> None:
    """Raises Unfit: a segment that there is not, words that are missing or would fail for somebody."""
    for name in sorted(_segments(flow)):
        if name not in shop.segments:
            known = ", ".join(sorted(shop.segments)) or "none yet"
            raise Unfit("segment", f"there is no segment {name} (there are: {known}); make it first, or spell it so")
    own = words.tried or {}
    sent = {text_name(flow, step) for step in messages(flow)}
    for language, texts in own.items():
        if language not in languages.names():
            raise Unfit(f"texts.{language}", f"there is no such language; there are {', '.join(languages.names())}")
        for name in texts:
            if name not in sent:
                steps = ", ".join(sorted(sent)) or "no text at all"
                raise Unfit(f"texts.{language}.{name}", f"no step sends a text of this name; the steps send {steps}")
    for step in messages(flow):
        _has_words(shop, flow, step, words)
        for language in _looked_at(shop, flow, step, words):
            _reads_well(flow, step, words, language)


def _has_words(shop: Shop, flow: Flow, step: Step, words: Wording) -> None:
    name = text_name(flow, step)
    there = words.languages(name)
    if "en" not in there and pick_language(None, shop.locale, there or ("",)) not in _home(shop):
        where = f"texts.{_home(shop)[0]}.{name}"
        raise Unfit(
            where, f"the step {step.name} sends this text, and there is none; write it in this language or in English"
        )


def _home(shop: Shop) -> tuple[str, ...]:
    return (shop.locale.replace("_", "-").split("-")[0].lower() or "en",)


def _looked_at(shop: Shop, flow: Flow, step: Step, words: Wording) -> list[str]:
    """The owner's own texts in every language; of those that ship, elsewhere than in their own flow, two languages."""
    name, tried = text_name(flow, step), words.tried or {}
    own = [language for language in words.languages(name) if name in tried.get(language, {})]
    return own or [language for language in dict.fromkeys(("en", *_home(shop))) if words.text(name, language)]


def _reads_well(flow: Flow, step: Step, words: Wording, language: str) -> None:
    name = text_name(flow, step)
    text, where = words.text(name, language), f"texts.{language}.{name}"
    if text is None:
        return
    for channel in ("sms", "onsite"):
        if channel in step.channels and not getattr(text, channel):
            raise Unfit(
                where, f"the step {step.name} sends it by {channel}; add a line {channel}: … above its second ---"
            )
    from chalicelib.work.render import check_text  # a sixth of the start of the whole API, which seldom saves a flow

    problems = check_text(text, flow.purpose, sorted(given(flow, step)))
    if problems:
        raise Unfit(where, "\n".join(problems))


def given(flow: Flow, step: Step) -> set[str]:
    """What every message of the step has: order, product, coupon."""
    moments = {start.when for start in flow.starts}
    found = {"order"} if moments <= set(ORDER_MOMENTS) else set()
    found |= {"product"} if moments <= set(_PRODUCT_MOMENTS) else set()
    return found if _reached_without_coupon(flow, step) else found | {"coupon"}


def _reached_without_coupon(flow: Flow, wanted: Step) -> bool:
    ahead: list[str | None] = [flow.steps[0].name]
    seen: set[str] = set()
    while ahead:
        step = flow.step(ahead.pop())
        if step is None or step.name in seen or (step.kind == "coupon" and step.only_if is None):
            continue
        if step.name == wanted.name:
            return True
        seen.add(step.name)
        ahead += [step.next, step.then, step.other, *(way for _, way in step.shares)]
    return False


def worth_knowing(shop: Shop, flow: Flow, words: Wording) -> list[str]:
    """What keeps nobody from saving the flow, and the flow from working as it reads."""
    return list(dict.fromkeys([*missing(shop, flow), *_never_done(flow), *_wordings(shop, flow, words)]))


def _never_done(flow: Flow) -> Iterator[str]:
    """Steps for who has ordered, in a flow that ends when she does."""
    for step in flow.steps if "bought_again" in flow.exits else ():
        first = flow.step(step.then) if (step.kind, step.value) == ("wait_for", "ordered") else None
        if first and first.kind != "stop" and step.then != step.next:
            yield f"{step.name}: {first.name} is never done, because bought_again ends the flow once she has ordered"


def missing(shop: Shop, flow: Flow) -> list[str]:
    """What the flow needs and the shop does not have, each with the command that mends it."""
    return list(_missing(shop, flow))


def _missing(shop: Shop, flow: Flow) -> Iterator[str]:
    set_up = ways.set_up(shop)
    for step in flow.steps:
        if step.kind == "coupon" and step.value not in shop.coupons:
            how = f"`python -m webhooks coupons --shop {shop.slug} --rule {step.value} --percent 10`"
            yield f"{step.name}: there is no coupon rule {step.value}, so that the flow ends there; {how} makes one"
        if step.kind == "webhook" and "http" not in set_up and f"http:{step.value}" not in set_up:
            yield f"{step.name}: there is no endpoint {step.value or 'http'}; the step fails until you add it"
        for channel in step.channels if step.kind == "send" else ():
            if channel not in set_up:
                yield f"{step.name}: {_not_set_up(shop, channel)}"


def _not_set_up(shop: Shop, channel: str) -> str:
    if channel == "email":
        return "the shop has no sender, so that no mail goes out; add one with add-shop --from"
    return f"no provider is set up for {channel}; nothing is sent that way"


def _wordings(shop: Shop, flow: Flow, words: Wording) -> Iterator[str]:
    own = words.tried or {}
    for name in dict.fromkeys(text_name(flow, step) for step in messages(flow)):
        there = words.languages(name)
        mine = [language for language in there if name in own.get(language, {})]
        others = [language for language in there if language not in mine]
        if mine and others:
            yield f"{name}: your words are in {', '.join(mine)}; whoever reads {', '.join(others)} gets those that ship"
        if _home(shop)[0] not in there:
            yield f"{name}: there are no words in {_home(shop)[0]}, the shop's language; such customers get English"


def _segments(flow: Flow) -> set[str]:
    conditions = (flow.only_if, *(s.only_if for s in flow.starts), *(s.only_if for s in flow.steps))
    asked = {value for condition in conditions for value in _asked(condition)}
    return asked | set(flow.segments)


def _asked(condition: Condition | None) -> Iterator[str]:
    """The segments that a condition asks for."""
    if isinstance(condition, Test):
        if condition.fact == "customer.segments":
            yield from condition.value if isinstance(condition.value, tuple) else (condition.value,)
    elif isinstance(condition, Not):
        yield from _asked(condition.part)
    elif isinstance(condition, All | Some):
        for part in condition.parts:
            yield from _asked(part)
