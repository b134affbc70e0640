"""The page of results: whole in itself, it says what the results say."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from comparisons import Truth
from pages import TRUTHS, compared
from paths import ROOT
from PIL import Image

import flowsim as fs
from flowsim.api import load_policy
from flowsim.comparison.dataset import EFFECTS
from flowsim.comparison.numbers import short
from flowsim.figures.fig1_network import flows_of
from flowsim.report import assembly
from flowsim.report.assembly import assemble, render
from flowsim.report.formats import kg
from flowsim.report.origins import chosen
from flowsim.report.wording import plain, text
from flowsim.results import files, measures
from flowsim.results.folders import RUN
from flowsim.studies import report


class Read(HTMLParser):
    """Addresses, identifiers and texts of a page."""

    def __init__(self, page):
        super().__init__()
        self.addresses, self.ids, self.tags, self.cells, self._rows = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        self.addresses += [named[key] for key in ("src", "href", "action", "xlink:href") if key in named]
        self.ids += [named["id"]] if "id" in named else []

    def of(self, tag, **wanted):
        return [own for name, own in self.tags if name == tag and all(own.get(k) == v for k, v in wanted.items())]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Folder of a comparison of three policies, and its table."""
    folder = tmp_path_factory.mktemp("compared") / "pair"
    return folder, compared(folder)


@pytest.fixture
def pair(known, monkeypatch, tmp_path):
    """Table of the comparison in the folder `pair` of an empty folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(known[0], "pair")
    return known[1]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Results of a short run, and the folder that holds them."""
    folder = tmp_path_factory.mktemp("ran") / "run"
    world = fs.load_world("two_routes")
    results = fs.simulate(world, replications=6, traffic_years=0.02, workers=1)
    files.save(results.assign_attrs(command="flowsim world=two_routes replications=6 traffic_years=0.02"), folder / RUN)
    return results, folder


def made(of):
    """A page, and its sentences in English."""
    page = assemble(chosen(of))
    said = [sentence.en for answer in page.answers for sentence in answer.sentences]
    return render(page), " ".join(said).replace("\N{NO-BREAK SPACE}", " ")


def test_the_page_of_a_run_says_what_the_run_says(ran, monkeypatch):
    results, folder = ran
    world = fs.load_world("two_routes")
    request = SimpleNamespace(world=world, policies=(load_policy("baseline"),), worlds=None)
    monkeypatch.setattr(assembly, "request_behind", lambda attributes: request)
    page, said = made(str(folder))
    read = Read(page)
    table = measures.summary(results).set_index(["quantity", "item"])
    seized = table.loc[("seized", "")]
    mean, low, high = (kg(seized[name]) for name in ("mean", "q05", "q95"))
    assert f"{mean} kg of heroin are seized in a mean year" in said
    assert f"nine in ten single years lie between {low} and {high} kg" in said
    rows = {own["data-place"] for own in read.of("tr") if "data-place" in own}
    assert {post.place for post in world.checkpoints} <= rows
    assert {own["data-place"] for own in read.of("g") if "data-place" in own} >= rows
    assert len(read.of("polyline")) == len(flows_of(world).legs)
    values = [float(own["data-value"]) for own in read.of("td") if own.get("class") == "number" and "data-value" in own]
    week = json.loads(re.search(r'id="week">(.*?)</script>', page)[1])
    assert all(len(track["hours"]) == len(track["at"]) for track in week)
    assert max(hour for track in week for hour in track["hours"]) <= 168
    counts = results["vehicles"].values.ravel()
    assert all(any(np.isclose(value, count) for value in values) for count in counts[~np.isnan(counts)])


def test_a_run_whose_world_is_not_known_has_no_map(ran):
    results, folder = ran
    page = assemble(chosen(str(folder)))
    assert page.map is None
    assert "no longer gives their configuration" in page.no_map.en
    assert len(page.posts) == results.sizes["checkpoint"]
    assert page.answers


def of_known_world(results, name, folder, monkeypatch):
    """Page of results of a world of the package, and its sentences."""
    request = SimpleNamespace(world=fs.load_world(name), policies=(load_policy("baseline"),), worlds=None)
    monkeypatch.setattr(assembly, "request_behind", lambda attributes: request)
    files.save(results.assign_attrs(command="flowsim"), folder / "run" / RUN)
    return made(str(folder / "run"))


@pytest.mark.parametrize("name", ["single_checkpoint", "two_routes"])
def test_the_closed_form_has_a_page_without_regions_and_queues(name, tmp_path, monkeypatch):
    results = fs.simulate(fs.load_world(name), engine="expectation")
    page, said = of_known_world(results, name, tmp_path, monkeypatch)
    assert "By agency, most is seized by" in said
    assert "by region" not in said
    assert 'id="drawing"' in page
    assert 'id="week"' not in page


def test_a_part_of_a_year_is_called_so_and_no_annual_total_stands_beside_it(tmp_path, monkeypatch):
    world = fs.load_world()
    short = {"replications": 2, "traffic_years": 0.02, "workers": 1, "calibration": "prior"}
    results = fs.simulate(world, horizon=300.0, **short)
    page, said = of_known_world(results, "kazakhstan_2010", tmp_path, monkeypatch)
    assert "A replication spans 300 hours from the first of January" in said
    assert "Reported were" not in said
    assert 'id="week"' not in page


def test_results_of_other_tables_have_no_map(ran, monkeypatch):
    request = SimpleNamespace(world=fs.load_world("single_checkpoint"), policies=(load_policy("baseline"),))
    monkeypatch.setattr(assembly, "request_behind", lambda attributes: request)
    page = assemble(chosen(str(ran[1])))
    assert page.map is None
    assert "no longer gives their configuration" in page.no_map.en


@pytest.mark.slow
def test_draws_with_years_of_their_own_have_a_page(tmp_path, monkeypatch):
    amounts = {"draws": 2, "replications": 2, "traffic_years": 0.02, "workers": 1}
    page, said = of_known_world(fs.simulate(fs.load_world(), **amounts), "kazakhstan_2010", tmp_path, monkeypatch)
    assert "nine in ten single years lie between" in said
    assert "Means of 4 simulated years" in page


def test_a_page_needs_nothing_beside_itself(pair):
    page, _ = made("pair")
    read = Read(page)
    assert {address.partition(":")[0] for address in read.addresses if not address.startswith("#")} == {"data"}
    assert {address[1:] for address in read.addresses if address.startswith("#")} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", page)
    policy = next(own["content"] for own in read.of("meta") if own.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert made("pair")[0] == page


def test_the_page_of_a_comparison_says_what_its_table_says(pair):
    page, said = made("pair")
    read = Read(page)
    assert [own["data-value"] for own in read.of("th", scope="row") if "data-value" in own] == sorted(TRUTHS)
    for name, scale in (("seized", 1.0), ("hours", 1e-3)):
        assert read.of("td", **{"data-value": str(scale * pair.loc["better", name])})
    assert "In at least 95 % of the draws, 1 of them seize more than the baseline and 1 less" in said
    assert "for the other 1 the sign is open" in said
    low, high = (plain(short(pair.loc["worse", f"seized_q{end}"])).en for end in ("05", "95"))
    assert f"({low} to {high}; worse)" in said
    assert "thousand hours a year (" in said
    assert "under worse and by" in said
    assert page.count('class="calibrated"') == 2
    assert page.count('class="assumed"') == 1
    bars = [own for own in read.of("line") if own.get("class") == "interval"]
    zero = float(read.of("line")[0]["x1"])
    ends = {name: (float(bar["x1"]), float(bar["x2"])) for name, bar in zip(sorted(TRUTHS), bars, strict=True)}
    assert ends["better"][0] > zero > ends["worse"][1]
    assert ends["neither"][0] < zero < ends["neither"][1]


@pytest.mark.slow
def test_a_comparison_with_few_draws_has_no_intervals_and_says_so(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    compared(Path("few"), sets=2, each=2)
    page, said = made("few")
    assert "There are too few draws for intervals" in said
    assert 'class="interval"' not in page


@pytest.mark.slow
def test_what_changes_the_flow_is_not_among_the_policies_of_the_sentences(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    more = {"route_diversion": Truth(effect=300.0, own_years=5.0), "a<b": Truth(effect=40.0, own_years=5.0)}
    compared(Path("pair"), title="<script>alert(1)</script>", truths={**TRUTHS, **more}, sets=20)
    page, said = made("pair")
    assert "route_diversion" not in said
    assert "The median change of 4 policies" in said
    assert "<code>route_diversion</code>" in page
    assert "More heroin comes from the Balkan route" in page
    # Names of others come to the page as text.
    assert "<script>alert" not in page
    assert "a<b" not in page
    assert "a&lt;b" in page


def test_reports_that_were_missed_are_marked(pair):
    rows = [("one", 5.0, 1.0, 4.0, 9.0, True), ("two", 50.0, 1.0, 4.0, 9.0, False)]
    table = pd.DataFrame(rows, columns=["what", "reported", "q05", "median", "q95", "inside"])
    table.to_csv("pair/fit.csv", index=False)
    table.to_csv("pair/hold_outs.csv", index=False)
    page, _ = made("pair")
    assert page.count('<tr class="miss">') == 2
    assert page.count("1 of 2 lie inside.") == 2


def test_what_is_no_result_is_refused_by_name(pair):
    for name, title in (("other", "Another"), ("half", "Two routes")):
        Path(name).mkdir()
        effects = files.read(Path("pair") / EFFECTS, name=EFFECTS).assign_attrs(title=title)
        files.write(effects, Path(name) / EFFECTS)
    shutil.copy("pair/table2.csv", "other")
    Path("empty").mkdir()
    rule = "of must be a folder with results or a list of them, as of=results/latest or of=[a,b], got"
    for of, wording in (
        ("none", f"{rule} 'none'"),
        ([], f"{rule} []"),
        (3, f"{rule} 3"),
        ([""], f"{rule} ['']"),
        (["pair", "other"], "of must name results of one world, got 'Two routes and Another'"),
        ("empty", "folder empty must hold run.nc, effects.nc or a figure, got an empty folder"),
        ("half", "folder half must hold table2.csv beside effects.nc, got a folder with effects.nc"),
        (None, "got none, and there are no results below results; flowsim makes a run"),
    ):
        with pytest.raises(ValueError, match=re.escape(wording)):
            chosen(of)


def test_a_folder_of_folders_stands_for_those_with_results(pair):
    shutil.move("pair", "results/experiments/policies")
    Path("results/experiments/nothing").mkdir()
    assert [str(one.folder) for one in chosen("results/experiments")] == ["results/experiments/policies"]


def test_figures_alone_have_a_page(tmp_path):
    Image.new("RGB", (40, 30), "white").save(tmp_path / "fig2_series.png")
    (tmp_path / "series.csv").write_text("year,kg\n1996,1\n", encoding="utf-8")
    page, said = made(str(tmp_path))
    assert said == ""
    assert "Opiates seized from 1996 to 2006" in page
    assert 'download="series.csv"' in page
    assert 'id="evidence"' in page
    assert not any(f'id="{name}"' in page for name in ("answer", "provenance", "map", "decision"))


def test_of_two_comparisons_none_is_chosen_in_silence(pair):
    shutil.copytree("pair", "other")
    with pytest.raises(ValueError, match="of must name at most one comparison, got 'pair and other'"):
        chosen(["pair", "other"])


def test_the_citation_is_that_of_the_repository():
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["preferred-citation"]
    said = text("provenance.cited", year=f"{assembly.MADE}", version="1", commit="abc").en
    assert found["title"] in said
    assert f"({found['year']})" in said


@pytest.mark.slow
def test_the_command_writes_the_page_and_prints_its_answer(command, monkeypatch):
    assert command("world=two_routes", "replications=6", "traffic_years=0.02", "workers=1")[0] == 0
    code, out, err = command("study=report", "out=page")
    assert (code, err) == (0, "")
    assert "of heroin are seized in a mean year" in re.sub(r"\s+", " ", out)
    page = Path("page/index.html").read_text(encoding="utf-8")
    assert 'id="drawing"' in page
    assert len(page) < 8_000_000
    monkeypatch.setattr(report, "MOST", 1000)
    code, _, err = command("study=report", "of=results/latest", "out=large")
    assert code == 1
    assert "of must name results whose page is at most 0.001 MB, got" in err
    assert not Path("large").exists()
    code, _, err = command("study=report", "of=page", "out=other")
    assert code == 1
    assert err.startswith("flowsim: folder page must hold run.nc, effects.nc or a figure, got a folder with index.html")
    assert not Path("other").exists()
