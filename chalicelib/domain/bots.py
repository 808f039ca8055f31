"""Programs that say what they are: their visits are nobody's.

By the User-Agent header alone (RFC 9110, 10.1.5), so only against those that do not pretend. Every browser that loads a
module script says `Mozilla/5.0 (`; what says `compatible;` or names an address is a program, and so is what carries one
of these names, which public lists collect (crawler-user-agents, isbot).
"""

from __future__ import annotations

import re

_BROWSER = re.compile(r"mozilla/5\.0 \(", re.IGNORECASE)
_PROGRAMS = (
    r"compatible\b",
    r"https?:|www\.",
    r"(?<!cu)bot(?:\b|[-_/])",  # CUBOT makes telephones
    r"crawl|spider|slurp|scrap(?:er|y|ing)|archiv|fetch|harvest",
    r"validat|check(?:er|ly)|monitor|preview|scan|synthetic|inspect|analyz|audit",
    r"headless|phantomjs|puppeteer|playwright|selenium|webdriver|cypress/|jsdom|prerender|lighthouse|pagespeed|ptst/",
    r"google(?:other|-ads|-read-aloud|-safety|imageproxy|docs)|google web (?:preview|snippet)|playstore-google",
    r"facebookexternalhit|meta-external|chatgpt-user|claude-user|perplexity|duckassist|gptbot|devin/|novaact",
    r"pingdom|gtmetrix|dareboost|brandverity|datanyze|sitebulb|hotjar version|zgrab|nikto|acunetix|nessus",
    r"curl|python|libwww|java/|okhttp|go-http",
)
_PROGRAM = re.compile("|".join(_PROGRAMS), re.IGNORECASE)
_LONGEST = 1000


def is_bot(user_agent: str | None) -> bool:
    """Whether it says to be a program, or says nothing: browsers always send the header."""
    said = (user_agent or "").strip()[:_LONGEST]
    return not _BROWSER.match(said) or bool(_PROGRAM.search(said))
