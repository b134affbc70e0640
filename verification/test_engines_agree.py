"""The compiled engine against the reference engine, to the last bit, on thousands of random worlds.

Ten thousand of them in full, 1,000 in the reduced form.

Nothing here is statistical: one bit of difference in one field of one world is a failure. Half of the worlds live on a
lattice of quarter hours, where many events coincide and their order decides. Each world is simulated whole, in short
slabs, from a roster, cut into three spans of time with the engines' states handed from one to the other, and with
queues that both have recorded. The recursion of tests/slabs.py, which shares nothing with either engine, is a third
voice on some of them. So that agreement means something, what the worlds exercised is counted, and every bug that is
injected into the compiled engine has to be caught; it then runs as plain Python, which is slower but the same code.
"""

from collections import Counter
from functools import lru_cache, partial

import slabs
from random_worlds import NAMED, SHORTEST, average, exercised
from trials import TRIALS, case

from verification.amounts import amount
from verification.bugs import BUGS
from verification.chance import spread
from verification.mutants import loaded, source

WORLDS = amount(500, 5000)
"""Random worlds of each kind."""

PART = 125
"""Worlds that one process does at a time."""

OTHER_VOICE = 10
"""One in so many worlds is also simulated by the recursion."""

MOST = 400
"""Worlds of each kind within which a bug has to be caught."""

PLAIN = 60
"""Worlds of each kind that are simulated without a bug in plain Python."""

known = lru_cache(200)(case)


def compare(lattice, numbers):
    """Trials that differed, by number of the world, and counts of what happened in all."""
    differing, seen = [], Counter()
    for number in numbers:
        one = case(number, lattice=lattice)
        seen += exercised(one.world, one.everyone.fleet, one.outcome)
        for name, trial in TRIALS.items():
            differing += [(number, name, field) for field in trial(one)]
        if number % OTHER_VOICE == 0:
            seen["third_voice"] += 1
            if not one.outcome.equals(slabs.run(one.world, one.everyone.fleet, slab=SHORTEST)):
                differing.append((number, "recursion"))
    return differing, seen


def test_the_compiled_engine_has_the_bits_of_the_reference_engine(say):
    """Both kinds of worlds; the shares of vehicles that meet a rule are averages over all of them."""
    different, total = [], Counter()
    for lattice in (False, True):
        results = spread(partial(compare, lattice), [range(k, k + PART) for k in range(0, WORLDS, PART)])
        seen = sum((counts for _, counts in results), Counter())
        say(f"{'lattice' if lattice else 'continuous'}: " + told(seen))
        assert (seen["simultaneous_arrivals"] > 0.05 * seen["visits"]) == lattice
        different += [(lattice, *what) for differing, _ in results for what in differing]
        total += seen
    shares = average(total)
    say(", ".join(f"{name.replace('_', ' ')} {share:.1%}" for name, share in shares.items()) + " of vehicles")
    assert total["worlds"] == 2 * WORLDS
    assert not different
    assert min(shares[name] for name in NAMED) > 0.05
    for rule in ("queued", "passed", "unreached", "bypassed", "queued_for_a_bay", "alarms", "tipped"):
        assert total[rule] > 0.02 * total["visits"], rule
    often = ("seized", "retained", "closed", "split", "in_store", "parts_on_the_road")
    assert min(total[name] for name in often) > WORLDS


def told(counts):
    """Counts in words."""
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items())


def caught(item):
    """First world in which the trial of a bug differs: its number and whether on the lattice; or nothing."""
    trial, name = item
    engine = loaded(BUGS[trial][name])
    for number in range(MOST):
        for lattice in (False, True):
            try:
                if TRIALS[trial](known(number, lattice=lattice), engine):
                    return number + 1, lattice
            except (IndexError, OverflowError, ValueError):
                return number + 1, lattice  # a bug may lead beyond the end of an array
    return None


ITEMS = [(trial, name) for trial, bugs in BUGS.items() for name in bugs]


def test_every_injected_bug_is_caught(say):
    """Each is found among the first 400 worlds of each kind, most in the first, some only where times coincide."""
    assert len(ITEMS) == len({name for _, name in ITEMS}) >= 30
    gone = {
        name: bug for bugs in BUGS.values() for name, bug in bugs.items() if source(bug.module).count(bug.piece) != 1
    }
    assert not gone, f"no longer there once in the source: {gone}"
    escaped = []
    for (_, name), found in zip(ITEMS, spread(caught, ITEMS), strict=True):
        escaped += [name] if found is None else []
        say(f"{name}: " + ("escaped" if found is None else f"world {found[0]}{' on the lattice' * found[1]}"))
    assert not escaped


def without_a_bug(numbers):
    """Trials of worlds in which the engine differs from the reference where it runs as plain Python."""
    engine = loaded()
    worlds = [(number, lattice) for number in numbers for lattice in (False, True)]
    return [
        (*world, name)
        for world in worlds
        for name, trial in TRIALS.items()
        if trial(known(world[0], lattice=world[1]), engine)
    ]


def test_without_a_bug_the_engine_has_the_same_bits_as_plain_python(say):
    results = spread(without_a_bug, [range(k, k + 10) for k in range(0, PLAIN, 10)])
    say(f"{2 * PLAIN} worlds, {len(TRIALS)} trials of each")
    assert not [what for differing in results for what in differing]
