"""`make widget`: writes the storefront script that is served, out of the sources that people read.

A version is named by what is in it. Those that pages may have named stay where they are: `--replace` takes the one away
that was newest until now, for as long as nobody got it.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

STOREFRONT = Path(__file__).resolve().parents[1] / "chalicelib" / "storefront"
SERVED = STOREFRONT / "served"
SOURCES = ("widget.js", "widget.css")
MOST = 3000  # bytes, gzipped: what a page pays for it


class TooLarge(ValueError):
    """More than MOST."""


def written(folder: Path) -> tuple[str, str]:
    """The version and the script itself. Raises minify.MinifyError for what is no JavaScript."""
    import minify  # lives in an environment of its own

    style = minify.string("text/css", (folder / "widget.css").read_text(encoding="utf-8"))
    source = (folder / "widget.js").read_text(encoding="utf-8")
    # one word for both packs better
    source = re.sub(r"\bconst\b", "let", source).replace("STYLE", f"`{style}`")
    bare = minify.string("application/javascript", source.replace("VERSION", '"00000000"'))
    version = hashlib.sha256(bare.encode()).hexdigest()[:8]
    return version, minify.string("application/javascript", source.replace("VERSION", f'"{version}"'))


def facts(version: str, script: str) -> dict[str, Any]:
    """What is told of a script: sizes in bytes, the hash that pages name. Raises TooLarge."""
    raw = script.encode()
    gzipped = len(gzip.compress(raw, 9, mtime=0))
    if gzipped > MOST:
        raise TooLarge(f"the script is {gzipped} bytes gzipped, and may be {MOST}")
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(raw).digest()).decode()
    return {"version": version, "integrity": integrity, "bytes": len(raw), "gzipped": gzipped, "sources": sources()}


def sources(folder: Path = STOREFRONT) -> str:
    """SHA-256 of what people read, as hex digits: whether what is served was made of it."""
    return hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in SOURCES)).hexdigest()


def main() -> None:
    """Writes `served/`."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--replace", action="store_true", help="take the version away that was newest until now")
    replaces = asked.parse_args().replace
    version, script = written(STOREFRONT)
    told = facts(version, script)
    SERVED.mkdir(exist_ok=True)
    newest = SERVED / "newest.json"
    if replaces and newest.exists():
        (SERVED / f"{json.loads(newest.read_text())['version']}.js").unlink(missing_ok=True)
    (SERVED / f"{version}.js").write_text(script, encoding="utf-8")
    newest.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{version}: {told['bytes']} bytes, {told['gzipped']} gzipped of {MOST}")


if __name__ == "__main__":
    main()
