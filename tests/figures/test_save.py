"""Saving of figures."""

import pytest
from PIL import Image

from flowsim.figures.axes import sheet
from flowsim.figures.save import FORMATS, PRINT, save


def test_a_figure_is_saved_in_each_format_as_fine_as_print(tmp_path):
    with sheet((1.0, 0.5)) as figure:
        save(figure, tmp_path, "mine")
    assert {path.name for path in tmp_path.iterdir()} == {f"mine.{suffix}" for suffix in FORMATS}
    with Image.open(tmp_path / "mine.png") as image:
        assert image.size == (PRINT, PRINT // 2)
        assert image.info["dpi"] == pytest.approx((PRINT, PRINT), abs=0.1)


def test_a_figure_is_the_same_bytes_whenever_it_is_saved(tmp_path, monkeypatch):
    saved = []
    for hour in ("1000000000", "1500000000"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", hour)  # the clock that matplotlib asks for the date of a file
        with sheet((1.0, 0.5)) as figure:
            save(figure, tmp_path, "mine")
        saved.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert saved[0] == saved[1]
