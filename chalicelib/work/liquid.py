"""Liquid with bounds of our own: owners write templates, and no template may hang or flood a worker.

python-liquid's limits are not enough: chained `replace` and `reversed` ranges use the memory before a limit is asked.
What a template may use is listed here; everything is checked before the work where its size can be known, after it
otherwise. Nothing reads files: there is no include, no render.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from io import StringIO
from typing import Any, TextIO

from liquid import BoundTemplate, Environment, RenderContext
from liquid import builtin as b
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError
from liquid.output import LimitedStringIO
from liquid.token import Token
from liquid.undefined import StrictUndefined
from liquid.utils import ReadOnlyChainMap
from markupsafe import Markup

from chalicelib.languages.cheap import cheap
from chalicelib.work.liquid_bounds import (
    LOOP_LIMIT,
    OUTPUT_LIMIT,
    SECONDS,
    BadTemplate,
    foresee,
    short_range,
    within,
)

TAGS = (
    b.content.Literal,
    b.output.Output,
    b.illegal.Illegal,
    b.if_tag.IfTag,
    b.unless_tag.UnlessTag,
    b.case_tag.CaseTag,
    b.for_tag.ForTag,
    b.for_tag.BreakTag,
    b.for_tag.ContinueTag,
    b.assign_tag.AssignTag,
    b.capture_tag.CaptureTag,
    b.comment_tag.CommentTag,
    b.inline_comment_tag.InlineCommentTag,
)
FILTERS = (
    *("append", "at_least", "at_most", "capitalize", "default", "divided_by", "downcase", "escape", "first", "join"),
    *("last", "minus", "modulo", "plus", "prepend", "remove", "replace", "size", "split", "strip", "times"),
    *("truncate", "truncatewords", "upcase", "url_encode"),
)


_BUTTON = Markup(
    '<table role="presentation" class="button" cellpadding="0" cellspacing="0" border="0"><tr>'
    '<td class="button-cell" bgcolor="#17594a"><a class="button-link" href="{href}">{label}</a></td>'
    "</tr></table>"
)


def render(name: str, source: str, values: Mapping[str, object], *, html: bool, seconds: float = SECONDS) -> str:
    """What `source` says with `values` (plain dicts, lists, texts, numbers). In HTML every value is escaped that is no
    Markup. `name` is shown in errors. Raises BadTemplate."""
    template = _parsed(name, source, html)
    context = _Context(template, globals=values)
    context.until, context.worked = time.monotonic() + seconds, time.thread_time() + seconds
    buffer = context.get_buffer()
    try:
        template.render_with_context(context, buffer)
    except BadTemplate as problem:
        raise BadTemplate(f"{name}: {problem}") from None
    except (LiquidError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError) as problem:
        raise _bad(name, problem) from problem
    return buffer.getvalue()


@lru_cache(maxsize=256)
def _parsed(name: str, source: str, html: bool) -> BoundTemplate:
    cheap(name, source)
    try:
        return (_HTML if html else _TEXT).from_string(source, name=name)
    except LiquidError as problem:
        raise _bad(name, problem) from problem


def _bad(name: str, problem: BaseException) -> BadTemplate:
    if not isinstance(problem, LiquidError):
        return BadTemplate(f"{name}: {type(problem).__name__}")
    found = problem.context()
    return BadTemplate(f"{name}{f' line {found[0]}' if found else ''}: {problem.message}")


class _Environment(Environment):
    block_nesting_limit = 20
    loop_iteration_limit = LOOP_LIMIT
    local_namespace_limit = 500_000
    output_stream_limit = OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in TAGS:
            self.add_tag(tag)
        for name in FILTERS:
            self.add_filter(name, getattr(b, name))
        self.add_filter("button", _button if self.autoescape else _button_in_text)


class _Context(RenderContext):
    """Looks at the clock wherever a template can spend time, and leaves out the library's `now` and `today`."""

    __slots__ = ("turns", "until", "worked")

    def __init__(self, template: BoundTemplate, **kwargs: Any) -> None:
        super().__init__(template, **kwargs)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.until, self.worked, self.turns = 0.0, 0.0, 0

    def check(self) -> None:
        # A machine that stalls is no fault of the template's; the clock of work alone costs too much to ask each time.
        if time.monotonic() > self.until and time.thread_time() > self.worked:
            raise BadTemplate("takes too long; simplify it")

    def get(self, path: list[object], **kwargs: Any) -> object:
        self.check()
        return super().get(path, **kwargs)

    def assign(self, key: str, val: Any) -> None:
        self.check()
        super().assign(key, val)

    def get_buffer(self, buf: TextIO | None = None) -> StringIO:
        taken = buf.size if isinstance(buf, LimitedStringIO) else 0
        return _Buffer(self, OUTPUT_LIMIT - taken)

    def loop(self, namespace: Mapping[str, object], forloop: Any) -> Any:
        forloop.it = self._counted(forloop.it)
        return super().loop(namespace, forloop)

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.turns += 1
            if self.turns > LOOP_LIMIT:
                raise BadTemplate(f"its loops turn more than {LOOP_LIMIT} times; loop over less")
            self.check()
            yield item

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        function = super().filter(name, token)

        def bounded(*args: Any, **kwargs: Any) -> object:
            self.check()
            foresee(name, args)
            return within(name, function(*args, **kwargs))

        return bounded


class _Buffer(LimitedStringIO):
    def __init__(self, context: _Context, limit: int) -> None:
        super().__init__(limit)
        self.context = context

    def write(self, text: str, /) -> int:
        self.context.check()
        return super().write(text)


def _button(label: object, href: object = None) -> Markup:
    """A link that looks like a button in Outlook too; nothing without an http address."""
    if not isinstance(href, str) or not href.startswith(("https://", "http://")):
        return Markup("")
    return _BUTTON.format(href=href, label=label)


def _button_in_text(label: object, href: object = None) -> str:
    """Its label and, on a line of its own, its address; nothing without an http address."""
    if not isinstance(href, str) or not href.startswith(("https://", "http://")):
        return ""
    return f"{label}:\n{href}"


# The library makes ranges by its own class, wherever an expression may stand, and offers no hook for it.
RangeLiteral._make_range = lambda _, start, stop: short_range(start, stop)  # type: ignore[method-assign,assignment]

_HTML = _Environment(autoescape=True, undefined=StrictUndefined)
_TEXT = _Environment(autoescape=False, undefined=StrictUndefined)
