"""Customer tokens: what a shop's server makes in five languages is what we open, letter by letter."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib import keys

TOKENS = Path(__file__).parents[1] / "webhooks" / "storefront" / "tokens"
VECTORS: dict[str, Any] = json.loads((TOKENS / "vectors.json").read_text("utf-8"))
MADE: list[dict[str, Any]] = VECTORS["tokens"]
REFUSED: list[dict[str, Any]] = VECTORS["refused"]
SECRET = MADE[0]["secret"]
# What no language may make a token of: another key, half a key, nobody.
SENSELESS = [
    {"secret": SECRET.replace("ik_", "sk_"), "customer": "7", "expires": 1},
    {"secret": "whsec_c2VjcmV0", "customer": "7", "expires": 1},
    {"secret": "ik_acme", "customer": "7", "expires": 1},
    {"secret": SECRET, "customer": "", "expires": 1},
]

# Each reads the cases from standard input and prints a line for each: the token, or "refused".
PYTHON = """
import json, sys
from customer_token import customer_token
for case in json.load(sys.stdin):
    try: print(customer_token(case["secret"], case["customer"], case["expires"]))
    except ValueError: print("refused")
"""
PHP = """
require 'customer_token.php';
foreach (json_decode(stream_get_contents(STDIN), true) as $case) {
    try { echo ecrm_customer_token($case['secret'], $case['customer'], $case['expires']), "\\n"; }
    catch (InvalidArgumentException $error) { echo "refused\\n"; }
}
"""
RUBY = """
require "./customer_token"
JSON.parse($stdin.set_encoding("UTF-8").read).each do |c|
  puts Ecrm.customer_token(c["secret"], c["customer"], c["expires"])
rescue ArgumentError
  puts "refused"
end
"""
NODE = """
import { readFileSync } from "node:fs";
import { customerToken } from "./customer_token.js";
for (const { secret, customer, expires } of JSON.parse(readFileSync(0, "utf8"))) {
  try { console.log(customerToken(secret, customer, expires)); }
  catch (error) { if (!(error instanceof TypeError)) throw error; console.log("refused"); }
}
"""
GO = """
package main

import ("encoding/json"; "fmt"; "os"; "time"; ecrm "shop/tokens")

func main() {
	var cases []struct{ Secret, Customer string; Expires int64 }
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil { panic(err) }
	for _, c := range cases {
		token, err := ecrm.CustomerToken(c.Secret, c.Customer, time.Unix(c.Expires, 0))
		if err != nil { token = "refused" }
		fmt.Println(token)
	}
}
"""
COMMANDS = {
    "python3": ["python3", "-c", PYTHON],
    "php": ["php", "-d", "error_reporting=-1", "-d", "display_errors=stderr", "-r", PHP],
    "ruby": ["ruby", "-w", "-e", RUBY],
    "node": ["node", "--input-type=module", "-e", NODE],
    "go": ["go", "run", "."],
}


def said(language: str, cases: list[dict[str, Any]], folder: Path) -> list[str]:
    """What the language's own file makes of the cases. Skips where the language is not installed."""
    if shutil.which(language) is None:
        pytest.skip(f"{language} is not installed here: its customer_token file was not run")
    where = in_go_module(folder) if language == "go" else TOKENS
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    done = subprocess.run(
        COMMANDS[language], cwd=where, env=env, input=json.dumps(cases), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def in_go_module(folder: Path) -> Path:
    (folder / "tokens").mkdir()
    shutil.copy(TOKENS / "customer_token.go", folder / "tokens")
    (folder / "go.mod").write_text("module shop\n\ngo 1.18\n")
    (folder / "main.go").write_text(GO)
    return folder


@pytest.mark.parametrize("language", COMMANDS)
def test_each_language_makes_the_tokens_of_the_vectors_letter_by_letter(language: str, tmp_path: Path) -> None:
    assert said(language, [*MADE, *SENSELESS], tmp_path) == [case["token"] for case in MADE] + ["refused"] * 4


@pytest.mark.parametrize("case", MADE, ids=lambda case: case["name"])
def test_we_open_what_the_vectors_hold(case: dict[str, Any]) -> None:
    now = datetime.fromtimestamp(case["expires"] - 600, UTC)
    assert keys.open_customer_token(case["secret"], case["token"], case["shop"], now) == case["customer"]


@pytest.mark.parametrize("case", MADE, ids=lambda case: case["name"])
def test_we_would_make_them_ourselves(case: dict[str, Any]) -> None:
    expires = datetime.fromtimestamp(case["expires"], UTC)
    assert keys.customer_token(case["secret"], case["shop"], case["customer"], expires) == case["token"]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_what_must_be_refused_is_refused_for_the_reason_that_is_named(case: dict[str, Any]) -> None:
    with pytest.raises(keys.BadToken) as refused:
        keys.open_customer_token(case["secret"], case["token"], case["shop"], datetime.fromtimestamp(case["now"], UTC))
    assert str(refused.value) == case["reason"]


def test_every_reason_has_a_vector_and_a_line_in_the_docs() -> None:
    reasons = {case["reason"] for case in REFUSED}
    source = Path(keys.__file__).read_text()
    opening = source[source.index("def open_customer_token") : source.index("class Link")]
    opening += source[source.index("def _pieces") : source.index("def _json")]
    opening = opening.replace("BadToken(EXPIRED)", f'BadToken("{keys.EXPIRED}")')
    assert set(re.findall(r'BadToken\("([^"]+)"\)', opening)) == reasons
    told = (TOKENS / "README.md").read_text("utf-8")
    assert not [reason for reason in reasons if f"| `{reason}` |" not in told]


@pytest.mark.parametrize("language", ["python3", "php", "ruby", "node"])
def test_without_an_expiry_a_token_lives_ten_minutes(language: str, tmp_path: Path) -> None:
    calls = {
        "python3": ["-c", f"from customer_token import *; print(customer_token('{SECRET}', '7'))"],
        "php": ["-r", f"require 'customer_token.php'; echo ecrm_customer_token('{SECRET}', '7');"],
        "ruby": ["-e", f"require './customer_token'; puts Ecrm.customer_token('{SECRET}', '7')"],
        "node": [
            "--input-type=module",
            "-e",
            f"import {{ customerToken as t }} from './customer_token.js'; console.log(t('{SECRET}', '7'))",
        ],
    }
    if shutil.which(language) is None:
        pytest.skip(f"{language} is not installed here")
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    before = datetime.now(UTC)
    done = subprocess.run(
        [language, *calls[language]], cwd=TOKENS, env=env, capture_output=True, text=True, timeout=300
    )
    claims = json.loads(keys._bytes64(done.stdout.strip().split(".")[1]))
    assert 599 <= claims["exp"] - before.timestamp() <= 640
