"""The words of a flow's messages, of a flow that is saved or of one that is only being tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib import languages
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.shop import Shop
from chalicelib.domain.text import Text
from chalicelib.work import flow_book

Compiled = Mapping[str, Mapping[str, Mapping[str, str]]]  # language -> text's name -> its parts


@dataclass(frozen=True, slots=True)
class Wording:
    """`tried`: texts that come with a flow which is not saved; None for one that is."""

    shop: Shop
    flow: Flow
    tried: Compiled | None = field(default=None, repr=False)

    def text(self, name: str, language: str) -> Text | None:
        """The text of that name in a language, or None."""
        if self.tried is None:
            return flow_book.text(self.shop, self.flow, name, language)
        parts = self.tried.get(language, {}).get(name)
        return Text(name=name, language=language, **parts) if parts else languages.text(language, name)

    def languages(self, name: str) -> tuple[str, ...]:
        """The languages in which the text can be said."""
        return tuple(language for language in languages.names() if self.text(name, language))


def text_name(flow: Flow, step: Step) -> str:
    """What the words of a send step are called."""
    return step.text or flow.name


def messages(flow: Flow) -> list[Step]:
    """The steps that send, in the order of the file."""
    return [step for step in flow.steps if step.kind == "send"]
