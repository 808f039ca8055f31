"""Liquid with bounds of our own: owners write templates, and no template may hang or flood a worker.

python-liquid's limits are not enough: chained `replace` and `reversed` ranges use the memory before a limit is asked.
What a template may use is listed here; everything is checked before the work where its size can be known, after it
otherwise. Nothing reads files: there is no include, no render.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
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
from markupsafe import Markup, escape

SOURCE_LIMIT = 64_000  # characters of a template
TAG_LIMIT = 1_000  # characters between {{ and }} or {% and %}
OUTPUT_LIMIT = 100_000  # bytes; Gmail cuts a mail at 102 KB
TEXT_LIMIT = 20_000  # characters any filter may give
LIST_LIMIT = 1_000  # entries any filter may give, steps of a range
LOOP_LIMIT = 10_000  # turns of all loops of one rendering together
NUMBER_LIMIT = 10**15
SECONDS = 1.0

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
FILTERS: dict[str, Callable[..., Any]] = {
    "append": b.append,
    "at_least": b.at_least,
    "at_most": b.at_most,
    "capitalize": b.capitalize,
    "default": b.default,
    "divided_by": b.divided_by,
    "downcase": b.downcase,
    "escape": b.escape,
    "first": b.first,
    "join": b.join,
    "last": b.last,
    "minus": b.minus,
    "modulo": b.modulo,
    "plus": b.plus,
    "prepend": b.prepend,
    "remove": b.remove,
    "replace": b.replace,
    "size": b.size,
    "split": b.split,
    "strip": b.strip,
    "times": b.times,
    "truncate": b.truncate,
    "truncatewords": b.truncatewords,
    "upcase": b.upcase,
    "url_encode": b.url_encode,
}
_MARK = re.compile(r"\{\{|\{%|%\}|\}\}")
_ODD = re.compile(r"\s{60}|(?<=\{%)-?\s{0,60}(?:raw|doc)\b")
_CLOSE = {"{{": "}}", "{%": "%}"}


class BadTemplate(ValueError):
    """A template cannot be used: unknown name, broken syntax, or beyond a bound. The message says where and what."""


def render(name: str, source: str, values: Mapping[str, object], *, html: bool, seconds: float = SECONDS) -> str:
    """What `source` says with `values` (plain dicts, lists, texts, numbers). In HTML every value is escaped that is no
    Markup. `name` is shown in errors. Raises BadTemplate."""
    template = _parsed(name, source, html)
    context = _Context(template, globals=values)
    context.until = time.monotonic() + seconds
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
    if len(source) > SOURCE_LIMIT:
        raise BadTemplate(f"{name}: is longer than {SOURCE_LIMIT} characters; shorten it")
    _cheap(name, source)
    try:
        return (_HTML if html else _TEXT).from_string(source, name=name)
    except LiquidError as problem:
        raise _bad(name, problem) from problem


def _cheap(name: str, source: str) -> None:
    """Refuse what the library's patterns would search for minutes: unclosed and endless tags, long runs of blanks."""
    opened: re.Match[str] | None = None
    for mark in _MARK.finditer(source):
        if opened is None:
            opened = mark if mark[0] in _CLOSE else None
        elif mark[0] == _CLOSE[opened[0]] and mark.start() - opened.start() <= TAG_LIMIT:
            _plain(name, source, opened.end(), mark.start())
            opened = None
        else:
            break
    if opened is not None:
        raise BadTemplate(f"{_at(name, source, opened)}: {opened[0]} is not closed within {TAG_LIMIT} characters")


def _plain(name: str, source: str, start: int, end: int) -> None:
    odd = _ODD.search(source, start, end)
    if odd:
        raise BadTemplate(f"{_at(name, source, odd)}: raw, doc and long runs of blanks are not for tags; leave them out")


def _at(name: str, source: str, found: re.Match[str]) -> str:
    return f"{name} line {source.count(chr(10), 0, found.start()) + 1}"


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
        for name, function in FILTERS.items():
            self.add_filter(name, function)
        self.add_filter("button", _button)


class _Context(RenderContext):
    """Looks at the clock wherever a template can spend time, and leaves out the library's `now` and `today`."""

    __slots__ = ("turns", "until")

    def __init__(self, template: BoundTemplate, **kwargs: Any) -> None:
        super().__init__(template, **kwargs)
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.until, self.turns = 0.0, 0

    def check(self) -> None:
        if time.monotonic() > self.until:
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

    def loop(self, namespace: Mapping[str, object], forloop: Any) -> AbstractContextManager[RenderContext]:
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
            _foresee(name, args)
            return _bounded(name, function(*args, **kwargs))

        return bounded


class _Buffer(LimitedStringIO):
    def __init__(self, context: _Context, limit: int) -> None:
        super().__init__(limit)
        self.context = context

    def write(self, text: str, /) -> int:
        self.context.check()
        return super().write(text)


def _foresee(name: str, args: tuple[Any, ...]) -> None:
    """Refuse what would use the memory before its result could be measured."""
    for value in args:
        _bounded(name, value, limit=OUTPUT_LIMIT)
    if name == "replace" and len(args) >= 2:
        text, old, new = str(args[0]), str(args[1]), str(args[2]) if len(args) > 2 else ""
        grown = len(text) + text.count(old) * len(new)
    elif name == "join" and isinstance(args[0], list):
        between = len(str(args[1])) if len(args) > 1 else 1
        grown = sum(len(str(item)) + between for item in args[0])
    else:
        return
    if grown > TEXT_LIMIT:
        raise BadTemplate(f"filter {name} would give more than {TEXT_LIMIT} characters")


def _bounded(name: str, value: object, limit: int = TEXT_LIMIT) -> object:
    if isinstance(value, str) and len(value) > limit:
        raise BadTemplate(f"filter {name} would give more than {limit} characters")
    if isinstance(value, (list, tuple, range)) and len(value) > LIST_LIMIT:
        raise BadTemplate(f"filter {name} would give more than {LIST_LIMIT} entries")
    if isinstance(value, (int, float)) and not abs(value) <= NUMBER_LIMIT:
        raise BadTemplate(f"filter {name} would give a number beyond {NUMBER_LIMIT}")
    return value


def _button(label: object, href: object = None) -> Markup:
    """A link that looks like a button in Outlook too; nothing without an http address."""
    if not isinstance(href, str) or not href.startswith(("https://", "http://")):
        return Markup("")
    return Markup(
        '<table role="presentation" class="button" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td class="button-cell" bgcolor="#17594a"><a class="button-link" href="{escape(href)}">{escape(label)}</a></td>'
        "</tr></table>"
    )


def _short_range(_: RangeLiteral, start: Any, stop: Any) -> range:
    steps = range(_whole(start), _whole(stop) + 1)
    if steps and steps[-1] - steps[0] >= LIST_LIMIT:
        raise BadTemplate(f"a range has more than {LIST_LIMIT} steps")
    return steps


def _whole(value: object) -> int:
    try:
        number = int(value) if isinstance(value, (int, float, str)) and len(str(value)) < 20 else 0
    except (ValueError, OverflowError):
        return 0
    return number if abs(number) <= NUMBER_LIMIT else 0


# The library makes ranges by its own class, wherever an expression may stand, and offers no hook for it.
RangeLiteral._make_range = _short_range  # type: ignore[method-assign]

_HTML = _Environment(autoescape=True, undefined=StrictUndefined)
_TEXT = _Environment(autoescape=False, undefined=StrictUndefined)
