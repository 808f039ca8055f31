"""Product pictures, drawn here: a motif in the product's colours on a tinted square."""

from __future__ import annotations

from functools import cache, lru_cache
from string import Template

from infra.local.shopfront.catalogue import DATA, Product

# A motif a line: its name, then shapes on a square of 200. $a the thing's own colour and pattern, $m its colour
# alone, $d a darker one, $w light.
FILE = DATA / "shopfront_motifs.txt"
# colour -> ground, the thing itself, its darker side
COLOURS = {
    "red": ("#fbeae5", "#d65745", "#a83a2e"),
    "rose": ("#fcedf0", "#e28a9d", "#b85f76"),
    "amber": ("#fdf2dd", "#e3a13b", "#a96c1f"),
    "green": ("#e9f3e8", "#6fa07a", "#44714f"),
    "blue": ("#e6f0f6", "#5b8fb9", "#38648a"),
    "plum": ("#f3ebf5", "#9a6aa5", "#6c4178"),
    "slate": ("#eceef0", "#66727d", "#434d57"),
    "sand": ("#f6f0e4", "#c9ab7c", "#8f7448"),
    "white": ("#e7eeee", "#fbfaf5", "#a9b4b3"),
}
_LIGHT = "#fffaf2"
_PATTERNS = {
    "spots": '<circle cx="9" cy="9" r="4.5" fill="{w}"/><circle cx="23" cy="23" r="4.5" fill="{w}"/>',
    "stripes": '<rect width="9" height="32" fill="{w}" opacity=".75"/>',
    "hearts": '<path d="M11 20C2 14 4 6 9 7q2 0 2 3 1-3 3-3c5-1 6 7-3 13z" fill="{w}"/>',
}
_PICTURE = Template(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="400" height="400">$pattern'
    '<rect width="200" height="200" fill="$ground"/><ellipse cx="100" cy="172" rx="64" ry="6" fill="$d" opacity=".16"/>'
    "$motif</svg>"
)


@cache
def motifs() -> dict[str, Template]:
    """All that can be drawn, by name."""
    pairs = (line.split(" ", 1) for line in FILE.read_text("utf-8").splitlines())
    return {name: Template(shapes) for name, shapes in pairs}


@lru_cache(maxsize=256)
def drawn(product: Product) -> bytes:
    """The picture as SVG."""
    colour, _, pattern = product.look.partition(" ")
    ground, main, dark = COLOURS[colour]
    fill = "url(#p)" if pattern else main
    motif = motifs()[product.motif].substitute(a=fill, d=dark, w=_LIGHT, m=main)
    return _PICTURE.substitute(pattern=_pattern(pattern, main), ground=ground, d=dark, motif=motif).encode()


def _pattern(name: str, main: str) -> str:
    if not name:
        return ""
    return (
        '<pattern id="p" width="28" height="28" patternUnits="userSpaceOnUse">'
        f'<rect width="28" height="28" fill="{main}"/>{_PATTERNS[name].format(w=_LIGHT)}</pattern>'
    )


def badge(letter: str, colour: str) -> bytes:
    """The shop's sign in the browser's tab."""
    _, main, _ = COLOURS[colour]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f'<rect width="64" height="64" rx="18" fill="{main}"/>'
        f'<text x="32" y="45" font-size="36" font-family="Georgia,serif" text-anchor="middle" fill="{_LIGHT}">{letter}'
        "</text></svg>"
    ).encode()
