"""The year of a world: its title follows it, and a year of which the tables know no date is refused."""

import csv
import shutil
from importlib.resources import files
from pathlib import Path

import pytest

import flowsim as fs
from flowsim.config.options import conf_dir, options
from flowsim.world_tables import years

WORLDS = Path(str(files("flowsim"))) / "data" / "worlds"
KAZAKHSTAN = WORLDS / "kazakhstan_2010"


def dates(folder):
    """All dates in the columns `from` and `to` of the tables, read by hand."""
    found = []
    for name in ("checkpoints", "campaigns"):
        file = folder / f"{name}.csv"
        if file.is_file():
            with file.open(encoding="utf-8") as lines:
                found += [row[column] for row in csv.DictReader(lines) for column in ("from", "to") if row[column]]
    return found


def test_the_years_of_a_world_are_those_of_the_dates_in_its_tables():
    for folder in (KAZAKHSTAN, WORLDS / "two_routes"):
        assert years.dated(folder) == tuple(sorted({int(day[:4]) for day in dates(folder)}))
    assert (min(dates(KAZAKHSTAN))[:4], max(dates(KAZAKHSTAN))[:4]) == ("1992", "2011")


@pytest.mark.slow
@pytest.mark.parametrize("year", [1992, 2009, 2011])
def test_the_title_follows_the_year(year):
    world = fs.load_world("kazakhstan_2010", overrides=[f"world.year={year}"])
    assert (world.year, world.title) == (year, f"Kazakhstan, heroin from the south, {year}")
    assert fs.load_world("kazakhstan_2006").title.endswith(", 2006")


@pytest.mark.parametrize("year", [1991, 2012, 2050])
def test_a_year_of_which_the_tables_know_no_date_is_refused_in_python_too(year):
    with pytest.raises(ValueError, match=rf"^world.year must lie from 1992 to 2011, as no control .*, got {year}$"):
        fs.load_world("kazakhstan_2010", overrides=[f"world.year={year}"])


def test_the_year_of_the_file_is_known_and_years_of_undated_controls_are_not_bounded(tmp_path):
    folder = WORLDS / "two_routes"
    years.check(2010, own=2010, title="", tables=folder)
    with pytest.raises(ValueError, match="must lie from 1992 to 2010"):
        years.check(2011, own=2010, title="", tables=folder)
    copy = shutil.copytree(folder, tmp_path / "two_routes")
    text = (copy / "checkpoints.csv").read_text(encoding="utf-8")
    (copy / "checkpoints.csv").write_text(text.replace("1992-01-01", ""), encoding="utf-8")
    assert years.dated(copy) == ()
    years.check(2050, own=2010, title="", tables=copy)


def test_a_title_with_the_year_of_the_file_is_refused_under_another():
    rule = r"world.title must follow world.year \(2009\), as with \$\{world.year\} in place of 2010, got 'South 2010'"
    with pytest.raises(ValueError, match=rule):
        years.check(2009, own=2010, title="South 2010", tables=KAZAKHSTAN)
    years.check(2009, own=2010, title="South 2009, as of 2010", tables=KAZAKHSTAN)


@pytest.mark.slow
def test_results_and_help_carry_the_year_too(command):
    code, out, err = command("world.year=2009", "engine=expectation", "calibration=prior", "out=mine")
    assert code == 0, err
    assert out.startswith("Kazakhstan, heroin from the south, 2009: policy baseline")
    assert fs.open_results("mine").attrs["title"] == "Kazakhstan, heroin from the south, 2009"
    titles = options("world", folders=[conf_dir()])
    assert titles["kazakhstan_2006"] == "Kazakhstan, heroin from the south, 2006"
    assert not any("${" in title for title in titles.values())


@pytest.mark.slow
def test_a_job_of_a_sweep_over_years_that_are_not_known_fails_alone(command):
    quick = ("engine=expectation", "calibration=prior", "hydra/launcher=basic")
    code, _, err = command("-m", *quick, "world.year=2009,2050", "out=mine")
    assert code == 1
    assert "world.year=2050: world.year must lie from 1992 to 2011" in err
    assert "1 of 2 jobs failed" in err
