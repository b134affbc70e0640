"""Many cases in one test, which goes through all of them and names each that fails.

A test of its own costs more than most cases do. What a case needs for itself, an empty folder or what is patched, it
has for itself nevertheless.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import pytest


def together(names: str, cases: Iterable[Any], *, ids: Callable[[Any], object] | Sequence[str] | None = None) -> Any:
    """Give a test its cases as `pytest.mark.parametrize` does, but all of them in one test.

    Parameters
    ----------
    names
        Arguments of the test that a case holds, with commas between them.
    cases
        Values of these arguments, one after another.
    ids
        Names of the cases, or a function that names one; by default what they hold.
    """
    keys = [name.strip() for name in names.split(",")]
    every = [(case,) if len(keys) == 1 else tuple(case) for case in cases]
    called = ids if isinstance(ids, Sequence) else [_name(case, ids) for case in every]
    assert every, f"no cases of {names}"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        asked = [name for name in inspect.signature(test).parameters if name not in keys]
        kept = [name for name in asked if name != "monkeypatch"]

        @wraps(test)
        def whole(record_property: Callable[[str, object], None], **given: Any) -> None:
            record_property("cases", len(every))
            failed = []
            for number, (name, values) in enumerate(zip(called, every, strict=True)):
                own = dict(given)
                if "tmp_path" in own:
                    own["tmp_path"] = given["tmp_path"] / str(number)
                    own["tmp_path"].mkdir()
                with pytest.MonkeyPatch.context() as patch:
                    if "monkeypatch" in asked:
                        own["monkeypatch"] = patch
                    try:
                        test(**own, **dict(zip(keys, values, strict=True)))
                    except (Exception, pytest.fail.Exception) as error:
                        failed.append(f"{name}: {type(error).__name__}: {error}")
            assert not failed, f"{len(failed)} of {len(every)} cases fail:\n" + "\n".join(failed)

        parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in ("record_property", *kept)]
        whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return whole

    return decorate


def _name(case: tuple[Any, ...], ids: Callable[[Any], object] | None) -> str:
    return "-".join(str(ids(part) if ids else part) for part in case)
