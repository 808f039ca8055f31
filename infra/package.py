"""`make package`: what is deployed, into build/. Chalice makes the template and packs the app; the rest is ours.

accept.zip     the door for webhooks: a function of its own, nothing but the standard library
app.zip        everything else
template.json  the SAM template: Chalice's, with `template.json` (resources) and `doors.json` (what the functions
               get beyond Chalice) merged in
stack.json     the same in plain CloudFormation: what `make deploy` sends
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from chalicelib import flows, languages
from chalicelib.work import page_words
from infra import gather, sam, trim, zips

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


def package(build: Path, arch: str, stage: str = "prod", kept: Path | None = None) -> dict[str, Any]:
    """Fill `build` for machines of `arch`. Returns what `package.json` says: hash and size of each zip. `kept`: where
    installed dependencies stay for the next time.

    Raises CalledProcessError where Chalice or pip fail, and LookupError for a stage that config.json lacks."""
    build.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ecrm-package-") as scratch:
        project, made = Path(scratch) / "project", Path(scratch) / "made"
        _copy(project, ARCHITECTURES[arch], stage)
        _chalice(project, stage, made)
        app, accept = Path(scratch) / "app", Path(scratch) / "accept"
        _app(
            made / "deployment.zip",
            gather.dependencies(ROOT / "requirements.txt", ARCHITECTURES[arch], kept or build),
            app,
        )
        _accept(app, accept)
        facts: dict[str, Any] = {"arch": ARCHITECTURES[arch], "stage": stage}
        for name, folder in (("accept", accept), ("app", app)):
            zips.compiled(folder)
            digest = zips.zipped(folder, build / f"{name}.zip")
            facts[name] = {"sha256": digest, "bytes": (build / f"{name}.zip").stat().st_size}
        template = sam.finished(json.loads((made / "sam.json").read_text()), facts)
    _write(build / "template.json", template)
    _write(build / "stack.json", sam.translated(template))
    facts["stack"] = hashlib.sha256((build / "stack.json").read_bytes()).hexdigest()
    _write(build / "package.json", facts)
    return facts


def _copy(project: Path, architecture: str, stage: str) -> None:
    """What Chalice packs, told which machines it is for: it has no option for that. The dependencies come after it."""
    project.mkdir(parents=True)
    shutil.copy(ROOT / "app.py", project)
    (project / "requirements.txt").touch()
    for name in ("chalicelib", ".chalice", "infra/iam"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__", "deploy*", "*.pyc"))
    (project / "chalicelib" / "flows" / "compiled.json").write_text(flows.compiled(), encoding="utf-8")
    _compiled(project / "chalicelib" / "languages")
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    if stage not in config["stages"]:
        raise LookupError(f"stage {stage!r} is not one of {sorted(config['stages'])}: add it to .chalice/config.json")
    _write(project / ".chalice" / "config.json", {**config, "lambda_architecture": architecture})
    _write(project / "additions.json", sam.additions(stage))


def _compiled(folder: Path) -> None:
    """Texts and words as the cloud reads them."""
    (folder / "pages.json").write_text(page_words.compiled(), encoding="utf-8")
    (folder / "compiled").mkdir()
    for language in languages.names():
        (folder / "compiled" / f"{language}.json").write_text(languages.compiled(language), encoding="utf-8")


def _chalice(project: Path, stage: str, made: Path) -> None:
    command = [Path(sys.executable).with_name("chalice"), "package", "--stage", stage]
    # Chalice wants a region and no credentials; the template names neither.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    command += ["--merge-template", "additions.json", made]
    done = subprocess.run(command, env=environment, cwd=project, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()


def _app(packed: Path, dependencies: Path, target: Path) -> None:
    """Chalice's zip unpacked, with what is wanted of the dependencies."""
    spoken = languages.names()
    for file in sorted(dependencies.rglob("*")):
        path = PurePosixPath(file.relative_to(dependencies).as_posix())
        if file.is_file() and trim.wanted(path, spoken):
            path, data = trim.content(path, file)
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(data)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(target)


def _accept(app: Path, target: Path) -> None:
    for path in gather.accept_files(app):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(app / path, target / path)


def _write(file: Path, told: Any) -> None:
    file.write_text(json.dumps(told, indent=1) + "\n")


def main(words: Iterable[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.package")
    parser.add_argument("--arch", choices=sorted(ARCHITECTURES), default=os.uname().machine)
    parser.add_argument("--stage", default="prod")
    asked = parser.parse_args(list(words))
    try:
        facts = package(ROOT / "build", asked.arch, asked.stage)
    except LookupError as error:
        print(error.args[0], file=sys.stderr)
        return 2
    for name in ("accept", "app"):
        print(f"build/{name}.zip  {facts[name]['bytes'] / 1e6:.2f} MB  {facts[name]['sha256'][:16]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
