"""What is claimed of speed and of keys is so: numbers are those that were measured, and what is offered is read."""

import json
import re

from paths import ROOT
from together import together

from flowsim.config import options

MEASURED = json.loads((ROOT / "benchmarks" / "results" / "2026-11-22.json").read_text(encoding="utf-8"))
BARS = {bar["what"]: bar for bar in MEASURED["bars"]}
TEXTS = [
    path
    for folder, pattern in (("src", "*.py"), ("conf", "*.yaml"), ("docs", "*.md"), ("benchmarks", "*.py"), ("", "*.md"))
    for path in sorted((ROOT / folder).glob(pattern) if not folder else (ROOT / folder).rglob(pattern))
]
VAGUE = re.compile(
    r"hundreds of times|thousands of times|orders? of magnitude faster|seconds to a minute|\binstant(ly)?;|; instant\b"
    r"|lightning|blazing",
    re.IGNORECASE,
)
"""Claims of speed that no number stands behind."""


def words(path):
    return " ".join((ROOT / path).read_text(encoding="utf-8").split())


def test_the_speed_against_simpy_is_the_one_that_was_measured():
    bar = BARS["compiled engine against SimPy, idiomatic, 100000 vehicles"]
    assert f"{bar['measured']:.0f} times as fast as idiomatic SimPy" in words("README.md")
    assert f"the aim of {bar['at_least']:.0f} is missed" in words("README.md")
    assert MEASURED["date"][:10] in words("README.md")


@together("what", BARS)
def test_each_bar_stands_in_the_documentation_as_it_was_measured(what):
    bar = BARS[what]
    least = "at least" if bar["at_least"] is not None else "at most"
    limit = bar["at_least"] if bar["at_least"] is not None else bar["at_most"]
    row = f"| {what} [{bar['unit']}] | {least} {limit:g} | {bar['measured']:.4g} | {bar['verdict']} |"
    assert row in words("docs/performance.md")


def test_no_text_claims_a_speed_without_a_number():
    assert len(TEXTS) > 250
    found = {path: VAGUE.search(path.read_text(encoding="utf-8")) for path in TEXTS}
    assert not [(path.name, match.group()) for path, match in found.items() if match and path.name != "CHANGELOG.md"]


def without_declarations(code):
    """Code without what studies declare of themselves, which names keys and reads none."""
    return re.sub(r"^(KEYS|STUDY|FIGURE)\b.*? = .*?(?=^\"\"\")", "", code, flags=re.MULTILINE | re.DOTALL)


def test_every_key_that_is_offered_is_read():
    """By its name in the code outside the lists of keys; a group offers a choice, or numbers that are read."""
    files = [path for path in (ROOT / "src").rglob("*.py") if path.name not in ("relevant_keys.py", "plan.py")]
    code = "\n".join(without_declarations(path.read_text(encoding="utf-8")) for path in files)
    for key in options.top_keys():
        assert re.search(rf"\.{key.name}\b|[\"']{key.name}[\"']", code), f"{key.name}= is offered, and nothing reads it"
        folder = options.conf_dir() / key.name
        if key.is_group:
            texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")]
            keys = {match for text in texts for match in re.findall(r"^(\w+):", text, re.MULTILINE)}
            assert len(texts) > 1 or keys - {"name", "title"}, f"{key.name}= offers nothing"
