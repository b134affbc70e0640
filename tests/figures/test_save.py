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
