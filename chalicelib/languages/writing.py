"""The two parts of a mail written from one tree: Liquid with HTML around it, and Liquid in plain text.

The HTML keeps the line numbers of the file, so that an error names the line that its author sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from chalicelib.languages.body import Node

_OPEN = {"small": '<p class="muted">', "em": "<em>", "strong": "<strong>"}
_CLOSE = {"small": "</p>"}


def html(nodes: list[Node]) -> str:
    """The Liquid source of the HTML part's body."""
    told = _Lines()
    for node in nodes:
        told.to(node.line)
        _html_block(told, node)
    return told.said


class _Lines:
    """Grows, and knows on which line it is."""

    def __init__(self) -> None:
        self.said, self.at = "", 1

    def add(self, text: str) -> None:
        self.said += text
        self.at += text.count("\n")

    def to(self, line: int) -> None:
        self.add("\n" * (line - self.at))


def _html_block(told: _Lines, node: Node) -> None:
    if node.kind in ("tag", "block"):
        told.add(node.value)
    elif node.kind in ("ul", "li"):
        told.add(f"<{node.kind}>")
        for count, part in enumerate(node.inside):
            told.to(part.line)
            if node.kind == "li" and part.kind == "li":
                told.add("<br>" if count else "")
                _html_line(told, part.inside)
            else:
                _html_block(told, part)
        told.add(f"</{node.kind}>")
    else:
        told.add(_OPEN.get(node.kind, f"<{node.kind}>"))
        _html_line(told, node.inside)
        told.add(_CLOSE.get(node.kind, f"</{node.kind}>"))


def _html_line(told: _Lines, nodes: list[Node]) -> None:
    for node in nodes:
        if node.kind in ("tag", "value"):
            told.add(node.value)
        elif node.kind == "text":
            told.add(_literal(node.value))
        elif node.kind == "br":
            told.add("<br>\n")
        elif node.kind == "a":
            _html_link(told, node)
        else:
            told.add(f"<{node.kind}>")
            _html_line(told, node.inside)
            told.add(f"</{node.kind}>")


def _html_link(told: _Lines, node: Node) -> None:
    """Where a value holds no address, its label alone."""
    if _written_out(node.value):
        told.add(f'<a href="{_literal(node.value)}">')
        _html_line(told, node.inside)
        told.add("</a>")
        return
    told.add(f'{{% if {node.value} %}}<a href="{{{{ {node.value} }}}}">{{% endif %}}')
    _html_line(told, node.inside)
    told.add(f"{{% if {node.value} %}}</a>{{% endif %}}")


def _written_out(address: str) -> bool:
    return ":" in address


def _literal(text: str) -> str:
    """Text as HTML that Liquid takes for text too."""
    return escape(text).replace("{", "&#123;")


def text(nodes: list[Node]) -> str:
    """The Liquid source of the text part's body. Tags bring no lines of their own."""
    return "".join(_text_blocks(nodes))


def _text_blocks(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node.kind == "tag":
            yield node.value
        elif node.kind == "block":
            yield f"{node.value}\n\n"
        elif node.kind == "ul":
            yield "".join(_text_items(node.inside)) + "\n"
        else:
            yield _text_line(node.inside) + "\n\n"


def _text_items(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node.kind == "tag":
            yield node.value
        else:
            parts = (part.value if part.kind == "tag" else _text_line(part.inside) + "\n" for part in node.inside)
            yield "- " + "".join(parts).replace("\n", "\n  ").removesuffix("  ")


def _text_line(nodes: list[Node]) -> str:
    return "".join(_text_part(node) for node in nodes)


def _text_part(node: Node) -> str:
    if node.kind in ("tag", "value"):
        return node.value
    if node.kind == "text":
        return node.value.replace("{", '{{ "{" }}')
    if node.kind == "br":
        return "\n"
    said = _text_line(node.inside)
    if node.kind != "a":
        return said
    if _written_out(node.value):
        return f"{said} <{node.value}>"
    return f"{said}{{% if {node.value} %}} <{{{{ {node.value} }}}}>{{% endif %}}"
