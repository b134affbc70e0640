"""Many cases in one test, which goes through all of them and names each that fails.

A test of its own costs more than most cases do. What a case needs for itself, an empty folder or what is patched, it
has for itself nevertheless.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import amounts
import pytest


def together(
    names: str,
    cases: Iterable[Any] | Callable[[], Iterable[Any]],
    *,
    ids: Callable[[Any], object] | Sequence[str] | None = None,
    sample: int = 1,
) -> Any:
    """Give a test its cases as `pytest.mark.parametrize` does, but all of them in one test.

    Parameters
    ----------
    names
        Arguments of the test that a case holds, with commas between them.
    cases
        Values of these arguments, one after another; or a function that makes them when the test runs.
    ids
        Names of the cases, or a function that names one; by default what they hold.
    sample
        A quick run takes one case out of so many; others take all.
    """
    keys = [name.strip() for name in names.split(",")]

    def named() -> list[tuple[str, tuple[Any, ...]]]:
        found = cases() if callable(cases) else kept
        every = [(case,) if len(keys) == 1 else tuple(case) for case in found]
        called = ids if isinstance(ids, Sequence) else [_name(case, ids) for case in every]
        assert every, f"no cases of {names}"
        return list(zip(called, every, strict=True))[:: sample if amounts.is_quick() else 1]

    kept = () if callable(cases) else tuple(cases)

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        asked = [name for name in inspect.signature(test).parameters if name not in keys]
        passed = [name for name in asked if name != "monkeypatch"]

        @wraps(test)
        def whole(record_property: Callable[[str, object], None], **given: Any) -> None:
            every = named()
            record_property("cases", len(every))
            failed = []
            for number, (name, values) in enumerate(every):
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

        parameters = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in ("record_property", *passed)]
        whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return whole

    return decorate


def _name(case: tuple[Any, ...], ids: Callable[[Any], object] | None) -> str:
    return "-".join(str(ids(part) if ids else part) for part in case)
