"""The house: imports point down, the environment has one reader, and the tree says nothing about where it was made."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = ("app", "chalicelib", "infra", "webhooks")
# A room may import itself, everything below it, and nothing else of ours. `top` are the modules right under chalicelib:
# settings, keys, clock and what accept is made of.
BELOW = {
    "domain": set(),
    "top": {"domain", "platforms"},
    "platforms": {"domain", "top"},
    "channels": {"domain", "top"},
    "table": {"domain", "top"},
    "flows": {"domain"},
    "languages": {"domain", "flows"},
    "work": {"domain", "top", "platforms", "channels", "table", "flows", "languages"},
    "routes": {"domain", "top", "platforms", "table", "flows", "languages", "work"},
    "functions": {"domain", "top", "channels", "work"},
    "app": {"top", "functions", "routes"},
    "webhooks": {"domain", "top", "platforms", "table", "flows", "languages", "work"},
    "infra": {
        *(
            "domain",
            "top",
            "platforms",
            "channels",
            "table",
            "flows",
            "languages",
            "work",
            "functions",
            "routes",
            "app",
            "webhooks",
        ),
    },
}
PURE = {"babel", "jdatetime", "phonenumbers", "email_validator", "fastjsonschema", "liquid"}


def modules() -> Iterator[Path]:
    for top in OURS:
        yield from [ROOT / "app.py"] if top == "app" else sorted((ROOT / top).rglob("*.py"))


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    parts = module.split(".")
    if parts[0] != "chalicelib":
        return parts[0]
    return parts[1] if len(parts) > 1 and parts[1] in BELOW else "top"


def imported(file: Path) -> Iterator[str]:
    """Full names of everything a module imports, also inside functions; `from a import b` counts as `a.b`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(file: Path) -> set[str]:
    """The top names of what a module imports."""
    return {name.split(".")[0] for name in imported(file)}


@pytest.mark.parametrize("file", list(modules()), ids=name_of)
def test_imports_point_down(file: Path) -> None:
    own = room(name_of(file))
    for found in imported(file):
        if found.split(".")[0] in OURS:
            assert room(found) in BELOW[own] | {own}, f"{name_of(file)} is in {own} and imports {found}"


def test_only_the_doors_know_chalice() -> None:
    """The local world plays API Gateway and Lambda for it, so it knows it too."""
    knowing = {room(name_of(file)) for file in modules() if "chalice" in packages(file)}
    assert knowing <= {"app", "routes", "infra"}


def test_only_the_table_knows_pynamodb() -> None:
    knowing = {room(name_of(file)) for file in modules() if "pynamodb" in packages(file)}
    assert knowing == {"table"}


def test_the_domain_needs_nothing_but_data_libraries() -> None:
    allowed = PURE | set(sys.stdlib_module_names) | {"chalicelib"}
    for file in (ROOT / "chalicelib" / "domain").rglob("*.py"):
        assert packages(file) <= allowed, name_of(file)


def test_the_domain_asks_neither_the_clock_nor_chance() -> None:
    asking = re.compile(r"\.now\(|\.today\(|utcnow|time\.time|\brandom\b|uuid4|\bsecrets\b|token_hex|\bopen\(")
    for file in (ROOT / "chalicelib" / "domain").rglob("*.py"):
        assert not asking.search(_code(file)), name_of(file)


def test_the_environment_has_one_reader() -> None:
    reading = re.compile(r"\bos\.environ\b|\bgetenv\b|\benviron\[")
    readers = {name_of(file) for file in modules() if reading.search(_code(file)) and room(name_of(file)) != "infra"}
    assert readers == {"chalicelib.settings"}


def test_nobody_scans_the_table_but_the_local_world() -> None:
    scanning = re.compile(r"\.scan\(|\bScan\b|rate_limited_scan")
    scanners = {name_of(file) for file in modules() if scanning.search(_code(file))}
    assert {name.split(".")[0] for name in scanners} <= {"infra"}


def test_accept_loads_nothing_heavy() -> None:
    """What accept loads decides its cold start: no Chalice, PynamoDB, Powertools, boto."""
    seen, todo = set(), ["chalicelib.accept"]
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        file = _file(module)
        todo += [found for found in imported(file) if found.startswith("chalicelib")] if file else []
        assert not file or not packages(file) & _HEAVY, module


_HEAVY = {"chalice", "pynamodb", "aws_lambda_powertools", "boto3", "botocore", "liquid", "babel"}


def tracked() -> list[Path]:
    """Every text of the project: what git knows or would take in."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def test_the_tree_names_no_machine_and_no_registry() -> None:
    # Put together so that this file does not name them either.
    words = ["/" + "work/", "/" + "root/", "/" + "opt/", "/" + "home/", "--index" + "-url", "find" + "-links="]
    for file in tracked():
        text = file.read_bytes().decode("utf-8", "ignore")
        assert not [word for word in words if word in text], file.relative_to(ROOT)


def test_the_locks_pin_every_package_with_hashes_and_name_no_place() -> None:
    for lock in (ROOT / "requirements.txt", ROOT / "requirements" / "dev.txt", ROOT / "requirements" / "ministack.txt"):
        entries = [entry for entry in lock.read_text().replace("\\\n", " ").splitlines() if entry.strip()]
        assert entries, lock
        for entry in entries:
            assert re.match(r"[A-Za-z0-9_.-]+(\[[a-z0-9,]+\])?==\S+ ", entry), f"{lock.name}: {entry[:60]}"
            assert "--hash=sha256:" in entry, entry[:60]
            assert "://" not in entry, entry[:60]


def test_what_runs_on_aws_is_what_was_tested() -> None:
    runtime, dev = (_pins(ROOT / name) for name in ("requirements.txt", "requirements/dev.txt"))
    assert runtime.items() <= dev.items()


def test_pip_is_one_that_chalice_takes() -> None:
    assert tuple(map(int, _pins(ROOT / "requirements.txt")["pip"].split(".")[:2])) < (26, 3)


def test_modules_hold_one_subject() -> None:
    """Long modules hold two."""
    long = {name_of(file): lines for file in modules() if (lines := len(file.read_text().splitlines())) > 320}
    assert not long


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for file in modules():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 40:
                long.append(f"{name_of(file)}.{node.name}")
    assert not long


def test_every_module_says_what_it_is_for() -> None:
    silent = [name_of(file) for file in modules() if not ast.get_docstring(ast.parse(file.read_text()))]
    assert not silent


def _code(file: Path) -> str:
    """The module without comments and texts."""
    return ast.unparse(_Textless().visit(ast.parse(file.read_text())))


class _Textless(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant("")


def _file(module: str) -> Path | None:
    """The file of a module; of `a.b` also where b is a name inside a."""
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py", path.parent.with_suffix(".py")):
        if candidate.exists():
            return candidate
    return None


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;]+)", lock.read_text(), re.MULTILINE))
