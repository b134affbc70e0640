"""What a notebook or a terminal shows of a world, a policy and a posterior fits a screen."""

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from small_worlds import post, road_world

import flowsim as fs
from flowsim import cards
from flowsim.policy.policy import AddCheckpoint, CloseCheckpoint, Policy, compose
from flowsim.world.world import World

LINES, WIDTH = 25, 100
"""A screen."""

HOSTILE = "<script>alert('x')</script> & \n\n\"y\" " + "long " * 400


class Parser(HTMLParser):
    """Tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.seen = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)


def many():
    """A policy of ninety changes with names, reasons and sources that are as bad as can be."""
    changes = tuple(CloseCheckpoint(name=f"{HOSTILE}{k}") for k in range(90))
    return Policy(name="many", title=HOSTILE, changes=changes, reasons=(HOSTILE,) * 90, sources=(HOSTILE,) * 90)


SHOWN = {
    "kazakhstan": fs.load_world,
    "two_routes": lambda: fs.load_world("two_routes"),
    "hostile": lambda: replace(road_world(post("a", place="p1")), title=HOSTILE),
    "baseline": lambda: fs.load_policy("baseline"),
    "caricc": lambda: fs.load_policy("caricc"),
    "several": lambda: fs.load_policy("narcotics_boundaries+caricc+border_posts_25+customs_union"),
    "many": many,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOWN)
def test_worlds_and_policies_are_a_screen(name):
    shown = SHOWN[name]()
    lines = repr(shown).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH
    page = shown._repr_html_()
    assert set(Parser(page).seen) == {"table", "caption", "tr", "th", "td"}
    assert page.count("<tr>") <= LINES
    for line in lines[1:]:
        told = re.split(r"  +", line.strip())[-1].removesuffix(" ...")
        assert html.escape(told) in page


def test_a_world_says_how_much_of_what_there_is():
    world = fs.load_world("two_routes", overrides=["inflow=2"])
    text = repr(world)
    for words in (
        "World two_routes",
        world.title,
        "2010",
        f"places {len(world.network.places)}",
        "2 t of heroin a year",
    ):
        assert words in text
    own = [checkpoint for checkpoint in world.checkpoints if checkpoint.agency == world.checkpoints[0].agency]
    assert f"{len(own)} of {own[0].agency}" in text
    assert "1 in force" in repr(replace(world, checkpoints=world.checkpoints[:1]))


def test_a_policy_says_what_it_changes_and_where_from():
    change = AddCheckpoint(checkpoint=post("b", place="p1"))
    policy = Policy(name="one", title="One more", changes=(change,), reasons=("a report",), sources=("a book",))
    text = repr(compose([policy]))
    assert "add checkpoint: a report" in text
    assert "a book" in text
    assert "unknown" in text


def test_what_is_left_out_is_counted():
    assert cards.few(["a"] * 8) == ["a"] * 8
    assert cards.few([*"abcdefghi"]) == [*"abcdefg", "and 2 more"]
    assert "and 83 more" in repr(many())


def test_a_posterior_is_a_screen():
    """Its own repr shows twelve variables and twelve attributes, a line each; in a notebook both begin closed."""
    posterior = fs.load_posterior()
    lines = repr(posterior).splitlines()
    assert len(lines) <= 36
    assert max(map(len, lines)) <= WIDTH
    page = posterior._repr_html_()
    for section in ("Data variables", "Attributes"):
        box = re.search(rf"<input[^>]*>(?=<label[^>]*>{section}:)", page.replace("\n", ""))
        assert box is not None, section
        assert "checked" not in box.group(), section


def test_dir_shows_the_names_that_users_type():
    import flowsim.engine

    assert dir(fs) == sorted(fs.__all__)
    assert all(hasattr(fs, name) for name in dir(fs))
    assert "engine" not in dir(fs)
    assert flowsim.engine is fs.engine
    assert fs.World is World
