"""Figure 12: masses at checkpoints add up, draws stay in their intervals and share everything else."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_worlds import device, post, road_world, ways_round, with_rings, with_traffic

import flowsim as fs
from flowsim.figures.fig12_waterfall import ALL, GROUPS, number_text, waterfall
from flowsim.policy.policy import BASELINE, Policy
from flowsim.results import measures
from flowsim.results.registry import REASONS
from flowsim.simulation.assumed import SetNumbers, draw, varied
from flowsim.simulation.simulate import Plan, simulate, simulate_with_spans
from flowsim.studies.figure_waterfall import IDENTIFIED, parts, summarised
from flowsim.world_tables.provenance import Number

ORDER = (*REASONS, measures.STOPPED, measures.CASES, measures.MARKET)
PLAN = Plan(replications=3, seed=2)


def busy():
    """A world in which consignments pass for many reasons and are taken in all ways."""
    given = {"devices": (device("x", slope=0.4),), "referral": 0.4, "lanes": 2}
    posts = (post("border", place="p1", border="KG", type="crossing", **given), post("inside", place="p3", **given))
    world = road_world(*posts, per_day=60.0, inflow=5000.0, bypasses=ways_round(share=0.3, patrol=0.1))
    world = with_rings(world, rings=3, cases=40.0, tip=0.1, bribe=0.3, protected=0.3)
    return with_traffic(world, retained_share=0.4, city_weights=(("p4", 1.0),), market=0.3)


@pytest.fixture(scope="module")
def results():
    """Some years of that world."""
    return simulate(busy(), plan=PLAN)


def number(table, key, low, high):
    end = {"low": low, "high": high}
    return Number(table=table, key=key, name="value", value=0.1, unit="1", kind="assumed", source="judgement: x", **end)


def test_mass_at_checkpoints_is_what_passed_and_what_was_seized_there(results):
    masses = measures.at_checkpoints(results)
    assert tuple(masses["fate"].values) == (*REASONS, measures.STOPPED)
    there = results.seized_mass.sel(channel=["routine", "patrol", "tip"]).sum(["channel", "agency"])
    assert (masses.sel(fate=measures.STOPPED) == there).all()
    assert (masses.sum("fate") == results.missed_mass.sum("reason") + there).all()
    taken = results.seized_mass.sum(["agency", "replication"]).sel(drug="heroin").values.ravel()
    assert (taken > 0).all()


def test_on_a_road_without_cities_and_cases_the_mass_at_checkpoints_is_that_of_the_visits():
    """Two checkpoints: the mass entered comes to the first, what it did not seize to the second."""
    posts = [post(name, place=place, devices=(device("x"),), referral=0.5, lanes=60, bays=60)
             for name, place in (("one", "p0"), ("two", "p2"))]  # fmt: skip
    ds = simulate(road_world(*posts), plan=PLAN).isel(policy=0, drug=0)
    first = ds.seized_mass_by_checkpoint.sel(checkpoint="one")
    whole = measures.at_checkpoints(ds).sum("fate")
    assert ds.underway_mass.values == pytest.approx(0.0)
    assert whole.values == pytest.approx((2 * ds.entered_mass - first).values)


def test_the_parts_sum_to_one_and_the_table_of_a_run_has_them_with_errors(results):
    shares = measures.where_the_rest_gets_through(results).sel(policy="baseline", drug="heroin")
    assert float(shares.sum()) == pytest.approx(1.0)
    table = measures.summary(results)
    rows = table[table.quantity == measures.THROUGH].set_index("item")
    expected = [name for name in (*REASONS, measures.STOPPED) if float(shares.sel(fate=name)) > 0]
    assert list(rows.index) == expected
    assert len(expected) > 5
    assert np.allclose(rows["mean"], shares.sel(fate=expected))
    masses = measures.at_checkpoints(results).isel(policy=0, drug=0)
    part, whole = masses.sel(fate="not selected").values, masses.sum("fate").values
    residual = part - part.sum() / whole.sum() * whole
    assert rows.loc["not selected", "mcse"] == pytest.approx(residual.std(ddof=1) / np.sqrt(3) / whole.mean())
    low, high = np.quantile(part / whole, (0.05, 0.95))
    assert (rows.loc["not selected", "q05"], rows.loc["not selected", "q95"]) == pytest.approx((low, high))


def test_draws_lie_in_their_intervals_evenly_or_on_a_logarithmic_scale():
    drawn = draw({"a": (0.0, 2.0), "b": (0.001, 1.0), "c": (3.0, 3.0)}, draws=4000, seed=1)
    assert drawn["a"].between(0, 2).all()
    assert drawn["b"].between(0.001, 1.0).all()
    assert (drawn["c"] == 3.0).all()
    for scaled in (drawn["a"] / 2, np.log(drawn["b"] / 0.001) / np.log(1000)):
        assert abs(scaled.mean() - 0.5) < 3.9 / np.sqrt(12 * 4000)  # error probability 1e-4
    assert abs(np.corrcoef(drawn["a"], drawn["b"])[0, 1]) < 3.9 / np.sqrt(4000)  # 1e-4


def test_another_number_or_more_draws_change_no_draw():
    one = draw({"a": (0.0, 2.0)}, draws=3, seed=1)
    more = draw({"b": (0.0, 1.0), "a": (0.0, 2.0)}, draws=5, seed=1)
    assert more["a"].iloc[:3].equals(one["a"])
    assert not draw({"a": (0.0, 2.0)}, draws=3, seed=2)["a"].equals(one["a"])


def test_only_numbers_with_an_interval_that_queues_do_not_notice_are_drawn():
    numbers = [
        number("inspection", "effort.south", 0.1, 0.2),
        number("inspection", "targeting", None, None),
        number("inspection", "seals.false_notice", 0.0, 0.1),
        number("inspection", "seals.opened", 0.0, 0.1),
        number("inspection", "cost_ratio", 0.2, 5.0),
        number("parameters", "market", 0.0, 0.3),
        number("parameters", "inflow", 1.0, 3.0),
        number("bypass", "KG/foot", 0.0, 0.3),
        number("legs", "a/b/road", 1.0, 3.0),
    ]
    assert varied(numbers) == {
        "inspection:effort.south": (0.1, 0.2),
        "inspection:seals.opened": (0.0, 0.1),
        "parameters:market": (0.0, 0.3),
        "bypass:KG/foot": (0.0, 0.3),
    }


def test_numbers_are_set_where_they_stand():
    values = (("inspection:effort.south", 0.2), ("inspection:targeting", 0.7), ("parameters:market", 0.9))
    world = SetNumbers(values=(*values, ("bypass:KG/foot", 0.1))).apply(busy())
    assert world.detection.effort.south == 0.2
    assert world.detection.effort.inside == busy().detection.effort.inside
    assert world.detection.targeting == 0.7
    assert world.traffic.market == 0.9
    assert [way.share for way in world.bypasses] == [0.3, 0.1]
    assert SetNumbers(values=()).apply(busy()) == busy()


def test_ways_round_that_are_drawn_too_large_together_take_all_consignments_in_proportion():
    world = SetNumbers(values=(("bypass:KG/foot", 0.9), ("bypass:KG/vehicle", 0.9))).apply(busy())
    assert [way.share for way in world.bypasses] == [0.5, 0.5]


def test_draws_meet_the_same_honest_traffic_and_consignments():
    change = (("inspection:targeting", 1.5), ("inspection:effort.inside", 0.5), ("inspection:sensitivity", 2.0))
    policies = [BASELINE, Policy(name="draw 0", title="", changes=(SetNumbers(values=change),))]
    steps = set()
    tell = lambda step, done, total: steps.add(step)  # noqa: E731
    both, _ = simulate_with_spans(busy(), policies=policies, plan=PLAN, progress=tell)
    assert "draw 0: honest traffic" not in steps
    alone = simulate(SetNumbers(values=change).apply(busy()), plan=PLAN)
    for name in ("entered_mass", "missed_mass", "seized_mass", "delay", "referrals"):
        assert np.array_equal(both[name].sel(policy="draw 0"), alone[name].isel(policy=0), equal_nan=True), name
    shares = parts(both)
    assert list(shares.columns) == list(ORDER)
    assert shares[[*REASONS, measures.STOPPED]].sum(axis=1).values == pytest.approx(1.0)
    assert shares.loc["draw 0", "not followed up"] > shares.loc["baseline", "not followed up"] == 0


def test_the_point_is_that_of_the_world_and_the_interval_that_of_the_draws():
    shares = pd.DataFrame({"closed": [0.9, *np.linspace(0, 1, 21)]})
    (row,) = summarised(shares).to_dict("records")
    assert row == {"what": "closed", "share": 0.9, "q05": pytest.approx(0.05), "q95": pytest.approx(0.95)}


@pytest.fixture(scope="module")
def drawn():
    """The figure of a made-up table."""
    shares = [0.5, 0.02, 0.03, 0.1, 0.15, 0.0, 0.1, 0.05, 0.02, 0.01, 0.02, 0.004, 0.0]
    rows = [(name, share, share / 2, share * 1.5) for name, share in zip(ORDER, shares, strict=True)]
    figure = waterfall(pd.DataFrame(rows, columns=list(measures.SHARES)), title="Where", sentence=IDENTIFIED)
    figure.canvas.draw()
    return dict(zip(ORDER, shares, strict=True)), figure


def axes_of(figure, gid):
    return next(axes for axes in figure.axes if axes.get_gid() == gid)


def test_each_bar_is_as_long_as_its_share_and_begins_where_the_one_before_ended(drawn):
    shares, figure = drawn
    bars = {bar.get_gid().removeprefix("bar:"): bar for bar in axes_of(figure, "waterfall").patches if bar.get_gid()}
    assert bars.pop(ALL).get_width() == 100
    assert list(bars) == list(ORDER)
    rest = 100.0
    for name, bar in bars.items():
        assert bar.get_width() == pytest.approx(100 * shares[name])
        if name not in (measures.CASES, measures.MARKET):
            rest -= 100 * shares[name]
            assert bar.get_x() == pytest.approx(rest)
        else:
            assert bar.get_x() == 0
    assert rest == pytest.approx(0.0)


def test_whiskers_run_between_the_quantiles_on_the_line_of_the_bar(drawn):
    shares, figure = drawn
    lines = {str(line.get_gid()): line for line in axes_of(figure, "intervals").lines}
    bars = {str(bar.get_gid()): bar for bar in axes_of(figure, "waterfall").patches}
    for name, share in shares.items():
        assert (f"whisker:{name}" in lines) == (share > 0)
        if share > 0:
            x, y = lines[f"whisker:{name}"].get_data()
            assert list(x) == pytest.approx([50 * share, 150 * share])
            bar = bars[f"bar:{name}"]
            assert y[0] == pytest.approx(bar.get_y() + bar.get_height() / 2)


def test_texts_can_be_read_and_stay_on_the_page(drawn):
    _, figure = drawn
    ticks = [text for axes in figure.axes for text in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts), *ticks]
    texts = [text for text in texts if text.get_text() and text.get_visible()]
    boxes = [text.get_window_extent() for text in texts]
    assert min(text.get_fontsize() for text in texts) >= 7
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)
    assert all(box.y0 >= 0 and box.y1 <= figure.bbox.y1 for box in boxes)
    for (first, one), (second, other) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        assert not one.overlaps(other), (first, second)
    assert "Only the seized total is informed by reports" in " ".join(text.get_text() for text in texts)


def test_every_part_has_a_group():
    assert sorted(name for members in GROUPS.values() for name in members) == sorted(ORDER)


def test_a_percentage_has_two_digits_that_count():
    values = (0, 0.0009, 0.0123, 0.5, 2, 9.94, 9.96, 68.4, 100)
    assert [number_text(v) for v in values] == ["0", "<0.001", "0.012", "0.50", "2.0", "9.9", "10", "68", "100"]


QUICK = ("study=figure", "study.figure=waterfall", "world=bribery", "replications=2", "workers=1", "out=mine")


@pytest.mark.slow
def test_the_command_writes_the_figure_its_table_and_its_draws(command):
    code, out, err = command(*QUICK, "draws=3", "inspection.targeting=0.4")
    assert code == 0, err
    table = pd.read_csv("mine/fig12_waterfall.csv")
    assert tuple(table.columns) == measures.SHARES
    assert tuple(table["what"]) == ORDER
    assert table["share"][:-2].sum() == pytest.approx(1.0)
    draws = pd.read_csv("mine/draws.csv", index_col="draw")
    assert len(draws) == 3
    assert draws["inspection:corruption.bribe_customs"].between(0, 1).all()
    assert "inspection:targeting" not in draws
    assert draws[list(ORDER[:-2])].sum(axis=1).values == pytest.approx(1.0)
    interval = table.set_index("what").loc["bought off", ["q05", "q95"]]
    assert np.allclose(draws["bought off"].quantile([0.05, 0.95]), interval.astype(float))
    assert {file.suffix for file in Path("mine").glob("[!.]*")} == {".csv", ".pdf", ".png"}
    assert "Only the seized total is informed by reports" in out
    assert max(map(len, out.splitlines())) <= 120
    shares = measures.where_the_rest_gets_through(fs.simulate(fs.load_world("bribery"), replications=2, seed=1))
    assert shares.dims == ("policy", "drug", "fate")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "wording"),
    [
        (("draws=0",), "draws must be null or a whole number from 1 to 10000 with calibration=posterior, got 0"),
        (("draws=many",), "draws must be null or a whole number from 1 to 10000 with calibration=posterior, got many"),
        (("draws=1001",), "draws must be at most 1000 for this figure, got 1001"),
        (("engine=expectation",), "engine= has no effect in study=figure study.figure=waterfall"),
    ],
)
def test_what_makes_no_sense_for_the_figure_is_refused(command, arguments, wording):
    code, _, err = command(*QUICK, *arguments)
    assert code == 1
    assert err.startswith(f"flowsim: {wording}")
    assert not list(Path.cwd().iterdir())


def test_another_figure_draws_nothing(command):
    code, _, err = command("study=figure", "study.figure=series", "draws=3", "out=mine")
    assert code == 1
    assert "draws= has no effect in study=figure" in err


def test_the_experiment_is_the_figure_of_the_baseline(command):
    code, out, _ = command("experiment=fig12_waterfall", "--cfg", "job")
    assert code == 0
    assert "figure: waterfall" in out
    assert "draws: 40" in out
    assert "replications: 20" in out
