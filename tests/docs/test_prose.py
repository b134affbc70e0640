"""Prose of the package: relative words in summaries of docstrings, and comments in kernels."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from paths import ROOT

SOURCE = ROOT / "src" / "flowsim"

RELATIVE = re.compile(r"\b(that|what|who|which|whom|whose|where|those)\b", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z']+")
MOST_RELATIVE = 2.0
"""Largest number of relative words in a hundred words of summaries; eight models of other authors have 0.6 to 1.4."""

KERNELS = ("engine/compiled/*.py", "draws/*_kernel.py", "draws/variates.py")
"""Modules in machine code, with reasons that their code cannot show."""
FEWEST_COMMENTS, MOST_COMMENTS = 2.0, 5.0
"""Bounds on lines with a comment in a hundred lines of the kernels."""

DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def summaries(text: str) -> list[str]:
    """First paragraphs of the docstrings of a module, its classes and its functions."""
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, DOCUMENTED)]
    documents = [document for node in nodes if (document := ast.get_docstring(node))]
    return [document.split("\n\n")[0] for document in documents]


def relative_words(text: str) -> tuple[int, int]:
    """Relative words and all words of the summaries of a module."""
    found = summaries(text)
    return sum(len(RELATIVE.findall(summary)) for summary in found), sum(len(WORD.findall(s)) for s in found)


def commented_lines(text: str) -> int:
    """Lines of a module with a comment, except for directions to tools."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return sum(re.match(r"#\s*(noqa|type:|fmt:|pragma)", comment) is None for comment in comments)


def test_summaries_of_docstrings_are_short_of_relative_words():
    counts = {path: relative_words(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}
    relative, words = (sum(pair[k] for pair in counts.values()) for k in (0, 1))
    worst = sorted(((pair[0], path.relative_to(SOURCE).as_posix()) for path, pair in counts.items()), reverse=True)[:10]
    assert 100 * relative <= MOST_RELATIVE * words, (
        f"{100 * relative / words:.2f} relative words in a hundred; most in {worst}"
    )


def test_kernels_say_why_in_some_of_their_lines():
    texts = [path.read_text("utf-8") for pattern in KERNELS for path in sorted(SOURCE.glob(pattern))]
    share = 100 * sum(map(commented_lines, texts)) / sum(len(text.splitlines()) for text in texts)
    assert FEWEST_COMMENTS <= share <= MOST_COMMENTS, f"{share:.2f} lines with a comment in a hundred"


def test_the_counts_see_each_kind_of_docstring_and_no_later_paragraph():
    text = (
        '"""What a module says."""\n'
        "class A:\n"
        '    """Things\n    that stand in it.\n\n    Those of a later paragraph, which do not count.\n    """\n'
        "    def f(self):\n"
        '        """Thatched roof: no relative word."""\n'
        '        return "that"  # what\n'
        "async def g():\n"
        '    """Whose summary."""\n'
        "    return 1  # noqa: E501\n"
    )
    assert relative_words(text) == (3, 4 + 5 + 5 + 2)
    assert commented_lines(text) == 1
