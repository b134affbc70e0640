"""The study `check`: validate a world without a run, and print its utilisation and its assumptions."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from flowsim import checks, units
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.draws.choices import cities_on
from flowsim.draws.consignments import consignments_per_year
from flowsim.policy.policy import compose
from flowsim.simulation.simulate import Progress
from flowsim.studies import chain_listing, fruitless, prevalence
from flowsim.studies.layout import paragraph
from flowsim.world import utilisation
from flowsim.world.checkpoint import AGENCIES, Checkpoint, LaneGroup
from flowsim.world.intelligence import CASE_AGENCIES, Intelligence
from flowsim.world.network import Route
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.utilisation import Utilisation
from flowsim.world.world import World
from flowsim.world_tables.provenance import Number

STUDY = Study(writes=False, keys=(*WORLD, "policy", "calibration"), posterior=True, draws=prevalence.DRAWS)
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Describe a valid world: utilisation, routes, visits, prevalence, counts and kinds of numbers.

    Parameters
    ----------
    request
        Request with a world, and the policies to apply to it.
    progress
        Not used.
    """
    if request.chain is not None:
        return "\n".join(chain_listing.listed(request.chain))
    policy = compose(request.policies)
    world = policy.apply(request.world)
    found = utilisation.utilisations(world)
    warnings, notes = list(_warnings(world, found)), list(_notes(world, found))
    lines = [
        f"{world.title}: world {world.name}, {world.year}, policy {policy.name}",
        _size(world),
        *_utilisation(found),
        *_routes(world),
        *_post(world),
        *_behind(world),
        *_visits(world),
        *prevalence.text(request),
        *fruitless.text(world),
        *_counts(world),
        *_kinds(request.numbers()),
        *_list("Warnings", warnings),
        *_list("Notes", notes),
    ]
    return "\n".join(lines)


def _size(world: World) -> str:
    counts = {
        "places": len(world.network.places),
        "legs": len(world.network.legs),
        "routes": len(world.network.routes),
        "checkpoints in force": len(world.checkpoints),
        "flows": len(world.traffic.flows),
        "streams": len(world.traffic.streams),
    }
    return "valid; " + ", ".join(f"{name}: {count}" for name, count in counts.items())


def _utilisation(found: Sequence[Utilisation]) -> Iterator[str]:
    yield from ("", "Utilisation of lanes and bays [%]", "")
    yield f"{'checkpoint':24} {'lanes or bays':30} {'vehicles/day':>12} {'mean':>7} {'peak':>7}  busiest hour"
    for each in found:
        numbers = f"{each.per_day:12,.1f} {100 * each.mean:7.1f} {100 * each.peak:7.1f}"
        yield f"{each.checkpoint:24} {each.part:30} {numbers}  {each.when}".rstrip()


def _routes(world: World) -> Iterator[str]:
    yield from ("", "Routes: free-flow time of a truck or train, part of the inflow, checkpoints met", "")
    further = "".join(f" {f'{drug} %':>10}" for drug in world.traffic.drugs[1:])
    yield f"{'route':24} {'mode':5} {'km':>7} {'h':>6} {'inflow %':>8}{further}  checkpoints"
    shares = {(stream.drug, stream.origin, stream.mode): stream.share for stream in world.traffic.streams}
    for route in world.network.routes:
        legs = world.network.legs_of(route.path, mode=route.mode, owner=f"Route '{route.name}'")
        posts = posts_of(world, route)
        crowded = sum(count - 1 for count in Counter(place for place, _ in posts).values())
        hours = sum(leg.time for leg in legs) + world.network.travel.within_place * crowded
        sent = [100 * route.weight * shares.get((d, route.origin, route.mode), 0.0) for d in world.traffic.drugs]
        parts = f"{sent[0]:8.2f}" + "".join(f" {share:10.2f}" for share in sent[1:])
        head = f"{route.name:24} {route.mode:5} {sum(leg.distance for leg in legs):7,.0f} {hours:6.1f} {parts}  "
        names = ", ".join(name for _, name in posts) or "none"
        first, *rest = paragraph(names, head="-" * len(head))
        yield head + first[len(head) :]
        yield from (" " * (len(head) - 2) + line for line in rest)


def _post(world: World) -> Iterator[str]:
    """Mechanisms in force at the post; neutral ones are left out."""
    lines = [*_ways_round(world), *_groups(world), *_campaigns(world)]
    even = Counter(flow.vehicle_class for flow in world.traffic.flows if flow.timetable)
    shown = ", ".join(f"{count} of {name}" for name, count in even.items())
    lines += [("timetable", f"flows at even intervals: {shown}")] if even else []
    if lines:
        yield from ("", "At the post: bypasses, shifts, stops of trains, campaigns, timetables in force", "")
    for head, text in lines:
        yield from paragraph(text, head=f"{head:14}")


def _ways_round(world: World) -> Iterator[tuple[str, str]]:
    for border in dict.fromkeys(way.border for way in world.bypasses):
        ways = [
            f"{way.way} {100 * way.share:.3g} % of consignments up to {way.maximum:,.6g} kg, {way.detour:.3g} h, "
            f"patrol {100 * way.patrol:.3g} %"
            for way in world.ways_round(border)
        ]
        yield "bypass", f"{border}: {'; '.join(ways)}"


def _groups(world: World) -> Iterator[tuple[str, str]]:
    """Shifts and stops, each once with its checkpoints."""
    found: dict[tuple[str, str], list[tuple[Checkpoint, LaneGroup]]] = defaultdict(list)
    for post in world.checkpoints:
        for group in post.groups:
            if group.shifts:
                day = "; ".join(f"{shift.start:g}-{shift.end:g} h {shift.lanes}" for shift in group.shifts)
                found["lanes on duty", day].append((post, group))
            if group.stop < math.inf or group.wagons < 1:
                minutes = group.stop * units.MINUTES_PER_HOUR
                wait = f"{minutes:.4g} min" if minutes < math.inf else "as long as it takes"
                found["trains stop", f"{wait}, {100 * group.wagons:.3g} % of the wagons"].append((post, group))
    for (head, text), groups in sorted(found.items(), key=lambda item: item[0][0]):
        yield head, f"{text}: {', '.join(_lanes(groups))}"


def _lanes(groups: Sequence[tuple[Checkpoint, LaneGroup]]) -> Iterator[str]:
    """Names of the checkpoints, with the lanes unless all lanes are meant."""
    counts = Counter(post.name for post, _ in groups)
    for post, group in groups:
        if counts[post.name] < len(post.groups):
            yield f"{post.name} {group.direction} {';'.join(group.classes)}"
        elif group is post.groups[0]:
            yield post.name


def _campaigns(world: World) -> Iterator[tuple[str, str]]:
    for campaign in world.campaigns:
        span = f"{campaign.start} to {campaign.end}"
        yield "campaign", f"{campaign.name}, {span}: effort of {', '.join(campaign.agencies)} x {campaign.factor:g}"


def _behind(world: World) -> Iterator[str]:
    """Mechanisms behind a consignment in force: populations to the market; neutral ones are left out."""
    lines = [*_populations(world), *_hubs(world), *_intelligence(world.detection.intelligence), *_corruption(world)]
    if world.traffic.market > 0:
        lines.append(("market", f"arrests in retail trade take {_percent(world.traffic.market)} of what cities retain"))
    if lines:
        yield from ("", "Behind a consignment: populations, hubs, rings, tips, bribes, the market, if in force", "")
    for head, text in lines:
        yield from paragraph(text, head=f"{head:14}")


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _populations(world: World) -> Iterator[tuple[str, str]]:
    traffic = world.traffic
    for population in traffic.populations:
        sent = [own for own in traffic.population_streams if own.population == population]
        count = math.fsum(consignments_per_year(world, own) for own in sent)
        mass = population.mass_share * traffic.inflow_of(population.drug)
        each = f" of {mass / count:,.3g} kg" if count > 0 else ""
        nature = f"concealment {population.concealment:+.3g}, {_percent(population.rings)} in rings"
        tips = f", tips x {population.tips:.3g}" if population.tips != 1.0 else ""
        share = f"{_percent(population.mass_share)} of the mass, {count:,.4g} consignments a year{each}"
        yield "population", f"{population.label}: {share}; {nature}{tips}"


def _hubs(world: World) -> Iterator[tuple[str, str]]:
    for hub in (hub for hub in world.hubs if hub.share > 0):
        shares = ", ".join(f"{name} {_percent(share)}" for name, share in hub.classes if share > 0)
        stored = f"{_percent(hub.share)} of consignments stored for {hub.store:.4g} h"
        yield "hub", f"{hub.place}: {stored}, in parts of at most {hub.part:,.6g} kg by {shares}"


def _intelligence(intelligence: Intelligence) -> Iterator[tuple[str, str]]:
    if intelligence.has_cases:
        rates = [(agency, intelligence.cases(agency)) for agency in CASE_AGENCIES]
        shown = ", ".join(f"{agency} {rate:.4g}" for agency, rate in rates if rate > 0)
        rings = "1 ring" if intelligence.rings == 1 else f"{intelligence.rings:,} rings"
        ended = f", {_percent(intelligence.dismantled)} of them dismantled" if intelligence.dismantled > 0 else ""
        yield "cases", f"{shown} a year against {rings}{ended}"
    tips = [f"{agency} {_percent(intelligence.tip(agency))}" for agency in AGENCIES if intelligence.tip(agency) > 0]
    if tips:
        yield "tips", f"on consignments: {', '.join(tips)}"


def _corruption(world: World) -> Iterator[tuple[str, str]]:
    corruption = world.detection.corruption
    bribes = [f"{agency} {_percent(corruption.bribe(agency))}" for agency in AGENCIES if corruption.bribe(agency) > 0]
    own = [(post.name, post.bribe) for post in world.checkpoints if post.bribe is not None]
    bribes += [f"{name} {_percent(bribe)}" for name, bribe in own if bribe > 0 or bribes]
    if bribes:
        yield "bribes", f"for an alarm: {', '.join(bribes)}"
    shares = [(agency, corruption.protected(agency)) for agency in AGENCIES]
    protected = [f"{agency} {_percent(share)}" for agency, share in shares if share > 0]
    if protected:
        yield "protection", f"of rings: {', '.join(protected)}"
    if corruption.released > 0:
        yield "evidence", f"{_percent(corruption.released)} of what is seized leaks from the store"


def posts_of(world: World, route: Route) -> list[tuple[int, str]]:
    """Checkpoints on a route, each with the position of its place on the path."""
    at = [(post.place, post.mode, post.name) for post in world.checkpoints]
    return [
        (position, name)
        for position, place in enumerate(route.path)
        for where, mode, name in at
        if where == place and mode == route.mode
    ]


def _visits(world: World) -> Iterator[str]:
    types = {post.name: post.type for post in world.checkpoints}
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for (name, vehicle_class, _), per_day in utilisation.visits(world).items():
        found[types[name]][vehicle_class] += per_day * units.DAYS_PER_YEAR  # type: ignore[assignment]
    yield from ("", "Honest visits a year, by type of checkpoint and class of vehicle", "")
    yield f"{'type':12}" + "".join(f"{name:>14}" for name in (*VEHICLE_CLASSES, "all"))
    for kind, row in found.items():
        yield f"{kind:12}" + "".join(f"{n:14,.0f}" for n in (*(row[name] for name in VEHICLE_CLASSES), row.total()))
    total = [sum(row[name] for row in found.values()) for name in VEHICLE_CLASSES]
    yield f"{'all':12}" + "".join(f"{n:14,.0f}" for n in (*total, sum(total)))


def _counts(world: World) -> Iterator[str]:
    if not world.counts:
        return
    yield from ("", "Published counts, their interval cast back to the year of the world [1/day]", "")
    yield f"{'count':32} {'modelled':>10} {'low':>10} {'high':>10}"
    for count in world.counts:
        modelled = utilisation.counted(world, count)
        mark = "" if count.low <= modelled <= count.high else "  outside"
        yield f"{count.name:32} {modelled:10,.1f} {count.low:10,.1f} {count.high:10,.1f}{mark}"


def _kinds(numbers: Sequence[Number]) -> Iterator[str]:
    yield from ("", "Provenance: numbers by table and kind (flowsim study=evidence lists them)", "")
    found = Counter((number.table, number.kind) for number in numbers)
    yield f"{'table':18}" + "".join(f"{kind:>12}" for kind in checks.KINDS)
    for table in dict.fromkeys(number.table for number in numbers):
        yield f"{table:18}" + "".join(f"{found[table, kind]:12,}" for kind in checks.KINDS)
    total = Counter(number.kind for number in numbers)
    yield f"{'all':18}" + "".join(f"{total[kind]:12,}" for kind in checks.KINDS)


def _warnings(world: World, found: Sequence[Utilisation]) -> Iterator[str]:
    yield from utilisation.overloads(found)
    for count in world.counts:
        modelled = utilisation.counted(world, count)
        if not count.low <= modelled <= count.high:
            interval = f"[{count.low:,.1f}, {count.high:,.1f}]"
            yield f"count '{count.name}': {modelled:,.1f} modelled vehicles a day lie outside {interval}"
    for route in world.network.routes:
        if not posts_of(world, route):
            yield f"route '{route.name}' meets no checkpoint; nothing is found on it"


def _notes(world: World, found: Sequence[Utilisation]) -> Iterator[str]:
    for each in found:
        if each.leaves and each.mean >= 1:
            busy = f"have a mean utilisation of {100 * each.mean:.0f} %"
            yield f"checkpoint '{each.checkpoint}': its {each.part} {busy}; some trains leave uninspected"
        elif each.mean < 1 <= each.peak and not each.leaves:
            busy = f"have a utilisation of {100 * each.peak:.0f} % in the busiest hour ({each.when})"
            yield f"checkpoint '{each.checkpoint}': its {each.part} {busy}; a queue builds up for a while"
    for route in world.network.routes if world.traffic.retained_share > 0 else ():
        if not cities_on(world, route):
            yield f"route '{route.name}' passes none of the cities; none of its consignments is retained"
    for flow in world.traffic.flows:
        if not world.stops_of_flow(flow):
            yield f"flow '{flow.name}' meets no checkpoint; it has no effect"


def _list(title: str, texts: Sequence[str]) -> Iterator[str]:
    yield from ("", f"{title}: {len(texts) or 'none'}")
    for text in texts:
        yield from paragraph(text, indent=2)
