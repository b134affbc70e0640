"""Random numbers of one visit in machine code, drawn on arrival or read from a drawn fleet."""

from __future__ import annotations

import numpy as np

from flowsim.draws import philox as counter
from flowsim.draws.variates import Word, philox, uniform
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.itinerary_arrays import COLUMNS
from flowsim.jit import bare, called
from flowsim.world.hashes import short_hash

SERVICE, ROUND, DEVICE, TRAVEL, ENTRY = (
    np.uint64(purpose << 24)
    for purpose in (counter.SERVICE, counter.ROUND, counter.DEVICE, counter.TRAVEL, counter.ENTRY)
)
NOTHING, WAGON, BRIBE = np.uint64(0), np.uint64(short_hash("wagon")), np.uint64(short_hash("bribe"))
_SEEN = np.uint64(16)

_TRAVEL, _WAY_ROUND, _PATROL, _DETOUR, _NOTICE, _WAGON = range(6)
_SERVICE, _SCORE, _SEARCH, _EFFORT, _BRIBE, _TIPPED, _CHECKPOINT = range(6, len(COLUMNS))
_STATION = len(COLUMNS)
_DEVICES = len(COLUMNS) + 1


@bare
def is_drawn(run: Run) -> bool:
    """Whether the numbers stand in the table of a drawn fleet."""
    return len(run.ways) == 0


@bare
def place_of(run: Run, v: int, k: int) -> tuple[int, int]:
    """Checkpoint and station of the visit of a vehicle."""
    if is_drawn(run):
        return int(run.drawn[k, _CHECKPOINT]), int(run.drawn[k, _STATION])
    stop = run.stops[run.vehicles[v].stop]
    return stop.post, stop.station


@called
def encrypted(c0: Word, c1: Word, c2: Word, c3: Word, key0: Word, key1: Word) -> tuple[Word, Word, Word, Word]:
    """Four random words of a counter; called, because embedded it would be most of the machine code."""
    return philox(c0, c1, c2, c3, key0, key1)


@bare
def words(run: Run, v: int, place: Word, last: Word) -> tuple[Word, Word, Word, Word]:
    """Four random words of a vehicle at a place; `last` holds purpose, item and times seen."""
    vehicle = run.vehicles[v]
    way = run.ways[vehicle.way]
    return encrypted(np.uint64(vehicle.number), np.uint64(vehicle.year), place, last, way.key0, way.key1)


@bare
def words_here(run: Run, v: int, post: int, purpose: Word) -> tuple[Word, Word, Word, Word]:
    """Four random words of a vehicle at its checkpoint."""
    return words(run, v, run.posts[post].hash, purpose | (run.stops[run.vehicles[v].stop].seen << _SEEN))


@bare
def variate(run: Run, law: int, word: Word) -> float:
    """Variate of a law for a random word."""
    # `draws.variates.quantile` to the last bit, on the tables of all laws: a view of one would be an array more.
    u = uniform(word)
    side = 1 if u >= 0.5 else 0
    distance = 1.0 - u if u >= 0.5 else u
    bits = np.float64(distance).view(np.int64)
    octave = min(np.int64(1022) - (bits >> np.int64(52)), np.int64(32))
    knot = (bits >> np.int64(46)) & np.int64(63)
    left = run.laws[law, side, octave, knot]
    return left + (bits & np.int64((1 << 46) - 1)) * 2.0**-46 * (run.laws[law, side, octave, knot + 1] - left)


@bare
def travel(run: Run, v: int, k: int) -> float:
    """Travel time to the next stop of a vehicle, or to its end [h]."""
    if is_drawn(run):
        return run.drawn[k, _TRAVEL] if run.vehicles[v].remaining > 0 else run.vehicles[v].tail
    stop, setting = run.stops[run.vehicles[v].stop], run.setting[0]
    # Legs are summed in their order from the base on: the reference engine's times have the same rounding.
    hours = stop.base
    for number in range(stop.first_leg, stop.first_leg + stop.legs):
        leg = run.legs[number]
        varying = variate(run, setting.travel, words(run, v, leg.hash, TRAVEL | (leg.seen << _SEEN))[0])
        hours = hours + leg.hours * (setting.certain + (1.0 - setting.certain) * varying)
    return hours


@bare
def first_look(run: Run, v: int, k: int, post: int, station: int) -> tuple[float, float]:
    """Time of the primary inspection [h], and the risk score [1]."""
    if is_drawn(run):
        return run.drawn[k, _SERVICE], run.drawn[k, _SCORE]
    service, score = unshifted_look(run, v, post, station)
    return service, score + shift(run, v)


@bare
def unshifted_look(run: Run, v: int, post: int, station: int) -> tuple[float, float]:
    """Time of the primary inspection [h], and the risk score before any shift for a consignment [1]; rosters only."""
    drawn, group = words_here(run, v, post, SERVICE), run.stations[station]
    return group.service_time * variate(run, group.law, drawn[0]), variate(run, run.setting[0].normal, drawn[1])


@bare
def shift(run: Run, v: int) -> float:
    """Shift of the risk score of a vehicle with a consignment [1]."""
    return run.setting[0].targeting if run.vehicles[v].consignment >= 0 else 0.0


@bare
def search(run: Run, v: int, k: int, post: int) -> float:
    """Time of the search after an alarm [h]."""
    if is_drawn(run):
        return run.drawn[k, _SEARCH]
    setting = run.setting[0]
    return setting.search_time * variate(run, setting.search, words_here(run, v, post, SERVICE)[2])


@bare
def effort(run: Run, v: int, k: int, post: int) -> float:
    """Uniform number for the comparison with the effort [1]."""
    if is_drawn(run):
        return run.drawn[k, _EFFORT]
    return uniform(words_here(run, v, post, SERVICE)[3])


@bare
def choice_of_way(run: Run, v: int, k: int, post: int) -> float:
    """Uniform number for whether and how a consignment bypasses a checkpoint [1]."""
    if is_drawn(run):
        return run.drawn[k, _WAY_ROUND]
    return uniform(words_here(run, v, post, ROUND)[0])


@bare
def on_the_way_round(run: Run, v: int, k: int, post: int) -> tuple[float, float]:
    """Uniform number for the chance of a patrol, and the time of the bypass relative to its mean [1]."""
    if is_drawn(run):
        return run.drawn[k, _PATROL], run.drawn[k, _DETOUR]
    drawn = words_here(run, v, post, ROUND)
    return uniform(drawn[1]), variate(run, run.setting[0].detour, drawn[2])


@bare
def notice(run: Run, v: int, k: int, post: int) -> float:
    """Uniform number for the chance that a seal check notices [1]."""
    if is_drawn(run):
        return run.drawn[k, _NOTICE]
    return uniform(words_here(run, v, post, ROUND)[3])


@bare
def wagon(run: Run, v: int, k: int, post: int) -> float:
    """Uniform number for the share of wagons inspected [1]."""
    if is_drawn(run):
        return run.drawn[k, _WAGON]
    return uniform(words_here(run, v, post, ROUND | WAGON)[0])


@bare
def bribe(run: Run, v: int, k: int, post: int) -> float:
    """Uniform number for the chance that an alarm is bought off [1]."""
    if is_drawn(run):
        return run.drawn[k, _BRIBE]
    return uniform(words_here(run, v, post, SERVICE | BRIBE)[0])


@bare
def is_tipped(run: Run, v: int, k: int) -> bool:
    """Whether a tip on the consignment holds at this visit."""
    if is_drawn(run):
        return run.drawn[k, _TIPPED] > 0.0
    stop = run.stops[run.vehicles[v].stop]
    # One number for all visits, under no checkpoint's name: a tip is about the consignment.
    return stop.tip > 0.0 and uniform(words(run, v, NOTHING, ENTRY | stop.tip_item)[0]) < stop.tip


@bare
def device(run: Run, v: int, k: int, post: int, d: int) -> tuple[float, float]:
    """Number for the alarm of device d of a checkpoint [1], and the time of the device [h]."""
    if is_drawn(run):
        return run.drawn[k, _DEVICES + d], run.drawn[k, _DEVICES + run.available.shape[2] + d]
    tool = run.devices[run.posts[post].first_device + d]
    drawn = words_here(run, v, post, DEVICE | tool.hash)
    time = tool.service_time * variate(run, tool.law, drawn[1])
    # Logistic for a consignment, to be compared with a logit; uniform otherwise, with the specificity.
    if run.vehicles[v].consignment >= 0:
        return variate(run, run.setting[0].logistic, drawn[0]), time
    return uniform(drawn[0]), time
