"""A text's body read: Markdown (a small part of it) with Liquid in it, as a tree that both parts of a mail are made of.

Liquid's marks are set aside first, one private character each, so that Markdown sees a letter where a value will stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from chalicelib.domain.text import BadTemplate
from chalicelib.languages import marks

FIRST_PRIVATE, MOST_MARKS = 0xE000, 1_000
MOST_BRACKETS = 400  # of links, emphasis and nesting in a text: Markdown's time grows with their square
_PRIVATE = re.compile(f"[{chr(FIRST_PRIVATE)}-{chr(FIRST_PRIVATE + MOST_MARKS)}]")
_SYMBOLS = re.compile(r"[\[\]*_<>!`(]")
_PATH = re.compile(r"links\.[a-z_]+|[a-z_]+(?:\.[a-z_0-9]+)*\.url")
_ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)[^\s\"'<>\\]+", re.IGNORECASE)
_OFF = ("code", "fence", "hr", "html_block", "lheading", "reference", "backticks", "autolink", "html_inline", "entity")
_UNKNOWN = {
    "ordered_list": "numbered lists are not known here; begin each line with a hyphen",
    "image": "pictures cannot be put in; {{ picks }} and {{ order.items }} bring those of the products",
}


@dataclass(slots=True)
class Node:
    """`kind`: h1 | h2 | p | small | ul | li | tag | block of a page; text | value | tag | br | strong | em | a of a
    line. `value`: a mark, a text, or a link's address (a path such as links.shop, or written out)."""

    kind: str
    line: int
    value: str = ""
    inside: list[Node] = field(default_factory=list)


def tree(name: str, body: str, first: int) -> list[Node]:
    """What `body` says, beginning at line `first` of its file. Raises BadTemplate with line and remedy."""
    _not_too_much(name, body, first)
    aside = marks.MARK.findall(body)
    if len(aside) > MOST_MARKS:
        raise BadTemplate(f"{name}: has more than {MOST_MARKS} values and tags; shorten it")
    number = iter(range(FIRST_PRIVATE, FIRST_PRIVATE + MOST_MARKS))
    lines = marks.MARK.sub(lambda _: chr(next(number)), body).split("\n")
    reader = _Reader(name, aside, list(range(first, first + len(lines))))
    read = _parser().parse("\n".join(reader.apart(lines)))
    return reader.merged(reader.blocks(SyntaxTreeNode(read).children))


def _not_too_much(name: str, body: str, first: int) -> None:
    for number, line in enumerate(body.split("\n"), first):
        # Possessive: what blanks took they keep, or a line of blanks would be split in every way there is.
        if re.match(r"[\s>]*>[\s]*>|(?:\s*+[-+*]\s++){3}", line):
            raise BadTemplate(f"{name} line {number}: puts a list or quotation into another; take the inner one out")
    if len(_SYMBOLS.findall(marks.MARK.sub("", body))) > MOST_BRACKETS:
        raise BadTemplate(f"{name}: has more than {MOST_BRACKETS} brackets, stars and the like; shorten it")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable(list(_OFF))
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return parser


class _Reader:
    """`origin`: the file's line of each line that Markdown reads."""

    def __init__(self, name: str, aside: list[str], origin: list[int]) -> None:
        self.name, self.aside, self.origin = name, aside, origin

    def bad(self, line: int, reason: str) -> BadTemplate:
        return BadTemplate(f"{self.name} line {line}: {reason}")

    def mark(self, char: str) -> str:
        return self.aside[ord(char) - FIRST_PRIVATE]

    def apart(self, lines: list[str]) -> list[str]:
        """A line of nothing but tags and blocks becomes a paragraph for each of them."""
        origin, told = self.origin, []
        self.origin = []
        for line, text in zip(origin, lines, strict=True):
            chars = text.replace(" ", "").strip()
            alone = bool(chars) and all(_PRIVATE.match(c) and marks.kind(self.mark(c)) != "value" for c in chars)
            indent = text[: len(text) - len(text.lstrip())]
            parts = [part for c in chars for part in ("", indent + c)] + [""] if alone else [text]
            told += parts
            self.origin += [line] * len(parts)
        return told

    def blocks(self, nodes: list[SyntaxTreeNode], kind: str = "p") -> list[Node]:
        found = [made for node in nodes for made in self._block(node, kind)]
        self.check(found)
        return found

    def check(self, nodes: list[Node]) -> None:
        marks.check_pairs(self.name, ((node.line, node.value) for node in nodes if node.kind == "tag"))

    def _block(self, node: SyntaxTreeNode, kind: str) -> Iterator[Node]:
        line = self.origin[node.map[0]] if node.map else self.origin[0]
        if node.type == "paragraph":
            yield self._paragraph(node, kind, line)
        elif node.type == "heading" and kind == "p" and node.tag in ("h1", "h2"):
            yield Node(node.tag, line, inside=self.line(node.children[0].children, line))
        elif node.type == "bullet_list" and kind == "p":
            yield Node("ul", line, inside=[self._item(item) for item in node.children])
        elif node.type == "blockquote" and kind == "p":
            yield from self.blocks(node.children, "small")
        else:
            raise self.bad(line, _UNKNOWN.get(node.type) or self._misplaced(node, kind))

    def _misplaced(self, node: SyntaxTreeNode, kind: str) -> str:
        if node.type == "heading" and kind == "p":
            return "headings are # or ##; take one of them"
        where = {"li": "a list", "small": "small print"}.get(kind, "a text")
        return f"in {where} there are paragraphs only; take the {node.type.replace('_', ' ')} out of it"

    def _paragraph(self, node: SyntaxTreeNode, kind: str, line: int) -> Node:
        content = node.children[0].content.strip()
        mark = self.mark(content) if _PRIVATE.fullmatch(content) else ""
        if mark and marks.kind(mark) == "block":
            if kind != "p":
                raise self.bad(line, f"{mark} stands by itself, not in a list or small print; move it out")
            if marks.filtered(mark):
                raise self.bad(line, f"{mark} takes no filter; leave away what follows |")
            return Node("block", line, mark)
        if mark and marks.kind(mark) == "tag":
            return Node("tag", line, mark)
        return Node(kind, line, inside=self.line(node.children[0].children, line))

    def _item(self, item: SyntaxTreeNode) -> Node:
        line = self.origin[item.map[0]] if item.map else self.origin[0]
        return Node("li", line, inside=self.blocks(item.children, "li"))

    def line(self, nodes: list[SyntaxTreeNode], line: int) -> list[Node]:
        found: list[Node] = []
        for node in nodes:
            if node.type in ("softbreak", "hardbreak"):
                line += 1
                found.append(Node("br", line))
            elif node.type == "text":
                found += self._text(node.content, line)
            elif node.type in ("strong", "em"):
                found.append(Node(node.type, line, inside=self.line(node.children, line)))
            elif node.type == "link":
                address = self._address(str(node.attrs.get("href", "")), line)
                found.append(Node("a", line, address, self.line(node.children, line)))
            else:
                raise self.bad(line, _UNKNOWN.get(node.type, f"{node.type} is not known here; write it plainly"))
        self.check(found)
        return found

    def _text(self, content: str, line: int) -> Iterator[Node]:
        for part in re.split(f"({_PRIVATE.pattern})", content):
            if _PRIVATE.fullmatch(part):
                mark = self.mark(part)
                if marks.kind(mark) == "block":
                    raise self.bad(line, f"{mark} stands alone in a paragraph; put a blank line before and after it")
                yield Node(marks.kind(mark), line, mark)
            elif part:
                yield Node("text", line, part)

    def _address(self, href: str, line: int) -> str:
        if _PRIVATE.fullmatch(href) and _PATH.fullmatch(path := marks.inside(self.mark(href))):
            return path
        if _ADDRESS.fullmatch(href) and not _PRIVATE.search(href):
            return href
        raise self.bad(
            line, "a link leads to one value such as {{ links.shop }} or to an address that begins with https://"
        )

    def merged(self, nodes: list[Node]) -> list[Node]:
        """Lists with nothing but whole tags between them are one list: `- a`, `{% if x %}`, `- b`, `{% endif %}`."""
        told: list[Node] = []
        while nodes:
            count = _one_list(nodes) if nodes[0].kind == "ul" else 1
            taken, nodes = nodes[:count], nodes[count:]
            parts = [part for node in taken for part in (node.inside if node.kind == "ul" else [node])]
            told.append(Node("ul", taken[0].line, inside=parts) if count > 1 else taken[0])
        return told


def _one_list(nodes: list[Node]) -> int:
    """How many of the first nodes make one list: up to where every tag that opened has closed."""
    depth, count = 0, 1
    for at, node in enumerate(nodes):
        if node.kind not in ("ul", "tag"):
            break
        if node.kind == "tag":
            word = marks.inside(node.value).split()[0]
            depth += 1 if word in marks.OPENS else -1 if word.startswith("end") else 0
        if depth < 0:
            break
        if depth == 0:
            count = at + 1
    return count
