"""Traffic: honest vehicles in daily, weekly and seasonal rhythm, and consignments of contraband."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.world.network import MODES
from flowsim.world.populations import ConsignmentSizes, Population, whole

VEHICLE_CLASSES = ("car", "truck", "tir", "train", "passenger")
"""Classes of vehicle; a TIR truck travels under a customs seal, a train carries freight or passengers."""

DRUGS = ("heroin", "opium", "cannabis")
"""Drugs with possible streams of consignments; heroin is always present."""

HEROIN = DRUGS[0]
"""The drug of every world."""

OPIUM = DRUGS[1]
"""The drug whose annual totals are a series beside those of heroin."""

CYCLES = {"daily": 24, "weekly": 7, "seasonal": 12}
"""Number of slots of each rhythm: hours, weekdays from Monday, months."""

MOST_PER_DAY = 6000
"""Largest mean of a flow, by which vehicle numbers of different days stay distinct [1/day]."""

LAWS = ("constant", "exponential", "lognormal")
"""Families of positive random times."""

DIRECTIONS = ("in", "out", "through")
"""Direction of a path of honest traffic: into the country at its first place, out at its last, or through (both or
neither)."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """Family and spread of a positive random time; the mean is given at the place of use."""

    family: str
    """One of `LAWS`."""

    cv: float
    """Coefficient of variation [1]: 0 if constant, 1 if exponential."""

    def __post_init__(self) -> None:
        checks.one_of(self, "family", LAWS)
        checks.non_negative(self, "cv")
        fixed = {"constant": 0.0, "exponential": 1.0}
        if self.family in fixed:
            rule = f"be {fixed[self.family]:g} for a law that is {self.family}"
            checks.require(self.cv == fixed[self.family], thing="Law.cv", rule=rule, value=self.cv)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Relative intensity of traffic over a day, a week or a year."""

    name: str
    """Identifier."""

    cycle: str
    """One of the keys of `CYCLES`."""

    weights: tuple[float, ...]
    """Intensity of each slot relative to the mean [1]."""

    def __post_init__(self) -> None:
        checks.one_of(self, "cycle", tuple(CYCLES))
        slots = CYCLES[self.cycle]
        thing = f"Profile '{self.name}': weights"
        checks.require(len(self.weights) == slots, thing=thing, rule=f"have {slots} slots", value=len(self.weights))
        holds = all(weight >= 0 for weight in self.weights)
        checks.require(holds, thing=thing, rule="be at least 0", value=self.weights)
        mean = math.fsum(self.weights) / slots
        checks.require(abs(mean - 1) < 1e-3, thing=thing, rule="have a mean of 1", value=mean)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Honest vehicles of one class on one path in one direction."""

    name: str
    """Identifier."""

    vehicle_class: str
    """One of `VEHICLE_CLASSES`."""

    path: tuple[str, ...]
    """Places on the path."""

    direction: str
    """One of `DIRECTIONS`."""

    per_day: float
    """Annual mean volume [1/day]."""

    low: float
    """Lower end of the interval of `per_day` [1/day]."""

    high: float
    """Upper end of the interval of `per_day` [1/day]."""

    daily: Profile
    """Rhythm of the day."""

    weekly: Profile
    """Rhythm of the week."""

    seasonal: Profile
    """Rhythm of the year."""

    kind: str
    """Whether the volume is reported or assumed."""

    source: str
    """Source of the volume."""

    timetable: bool = False
    """Whether the vehicles enter at even intervals instead of at random."""

    def __post_init__(self) -> None:
        checks.one_of(self, "vehicle_class", VEHICLE_CLASSES)
        checks.one_of(self, "direction", DIRECTIONS)
        for name, cycle in (("daily", "daily"), ("weekly", "weekly"), ("seasonal", "seasonal")):
            got = getattr(self, name).cycle
            checks.require(got == cycle, thing=f"Flow '{self.name}': {name}", rule=f"be a {cycle} profile", value=got)
        checks.non_negative(self, "per_day")
        rule = f"lie in its interval [{self.low}, {self.high}]"
        holds = self.low <= self.per_day <= self.high
        checks.require(holds, thing=f"Flow '{self.name}': per_day", rule=rule, value=self.per_day)
        rule = f"be at most {MOST_PER_DAY} a day; split the flow"
        checks.require(
            self.per_day <= MOST_PER_DAY, thing=f"Flow '{self.name}': per_day", rule=rule, value=self.per_day
        )
        checks.require(len(self.path) > 0, thing=f"Flow '{self.name}': path", rule="name a place", value=self.path)
        checks.sourced(self)

    @property
    def mode(self) -> str:
        """Mode of the legs of the class."""
        return mode_of(self.vehicle_class)


def mode_of(vehicle_class: str) -> str:
    """Mode of the legs of a class of vehicle."""
    return "rail" if vehicle_class in ("train", "passenger") else "road"


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Consignments of one drug from one origin by one mode."""

    drug: str
    """One of `DRUGS`."""

    origin: str
    """Country of origin, or region inside the country; the entry follows from the routes of the origin."""

    mode: str
    """Mode of its routes."""

    share: float
    """Share of the drug's inflow by mass [1]."""

    low: float
    """Lower end of the interval of the share [1]."""

    high: float
    """Upper end of the interval of the share [1]."""

    kind: str
    """Whether the share is reported or assumed."""

    source: str
    """Source of the share."""

    def __post_init__(self) -> None:
        checks.one_of(self, "drug", DRUGS)
        checks.one_of(self, "mode", MODES)
        checks.probability(self, "share")
        rule = f"lie in its interval [{self.low}, {self.high}]"
        holds = self.low <= self.share <= self.high
        checks.require(holds, thing=f"Stream '{self.name}': share", rule=rule, value=self.share)
        checks.sourced(self)

    @property
    def name(self) -> str:
        """Name of the stream, and address of its random numbers."""
        return f"{self.drug}:{self.origin}:{self.mode}"


@dataclass(frozen=True, kw_only=True)
class PopulationStream:
    """Consignments of one population in a stream."""

    stream: Stream
    """The stream."""

    population: Population
    """The population."""

    @property
    def name(self) -> str:
        """Name of the stream and, in a drug with several populations, of its own; address of its random numbers."""
        return f"{self.stream.name}:{self.population.name}" if self.population.name else self.stream.name

    @property
    def share(self) -> float:
        """Share of the drug's inflow by mass [1]."""
        return self.stream.share * self.population.mass_share


@dataclass(frozen=True, kw_only=True)
class ClassShare:
    """Share of one class of vehicle in the consignments of a mode."""

    mode: str
    """Mode of the routes."""

    vehicle_class: str
    """One of `VEHICLE_CLASSES`."""

    share: float
    """Share of the consignments [1]."""

    capacity: float
    """Largest mass hidden in such a vehicle [kg]."""

    kind: str
    """Whether the share is reported or assumed."""

    source: str
    """Source of the share."""

    def __post_init__(self) -> None:
        checks.one_of(self, "mode", MODES)
        checks.one_of(self, "vehicle_class", VEHICLE_CLASSES)
        checks.probability(self, "share")
        checks.positive(self, "capacity")
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Drug:
    """A drug beside heroin: annual inflow, sizes of consignments, and season."""

    name: str
    """One of `DRUGS` except heroin, whose numbers are in `Traffic`."""

    inflow: float
    """Annual mass that crosses the border into the country, or is harvested inside and sent [kg/year]."""

    inflow_low: float
    """Lower end of the interval of the inflow [kg/year]."""

    inflow_high: float
    """Upper end of the interval of the inflow [kg/year]."""

    sizes: ConsignmentSizes
    """Masses of its consignments; of no effect if it has populations."""

    season: Profile | None
    """Seasonal profile of entry: each month's rate relative to the mean; None for a uniform year."""

    kind: str
    """Whether the numbers are reported or assumed."""

    source: str
    """Source of the numbers."""

    def __post_init__(self) -> None:
        checks.one_of(self, "name", DRUGS[1:])
        for name in ("inflow", "inflow_low", "inflow_high"):
            checks.non_negative(self, name)
        rule = f"lie in its interval [{self.inflow_low:g}, {self.inflow_high:g}] kg"
        holds = self.inflow_low <= self.inflow <= self.inflow_high
        checks.require(holds, thing=f"Drug '{self.name}': inflow", rule=rule, value=self.inflow)
        if self.season is not None:
            got = self.season.cycle
            rule = "be a seasonal profile"
            checks.require(got == "seasonal", thing=f"Drug '{self.name}': season", rule=rule, value=got)
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Traffic: honest flows and streams of consignments."""

    flows: tuple[Flow, ...]
    """Honest traffic."""

    streams: tuple[Stream, ...]
    """Consignments by drug, origin and mode."""

    class_shares: tuple[ClassShare, ...]
    """Split of the consignments of a mode over classes of vehicle."""

    sizes: ConsignmentSizes
    """Masses of consignments of heroin; of no effect if it has populations."""

    inflow: float
    """Heroin entering in a year [kg/year]."""

    inflow_low: float
    """Lower end of the reported interval of the inflow [kg/year]."""

    inflow_high: float
    """Upper end of the reported interval of the inflow [kg/year]."""

    retained_share: float
    """Share of consignments retained in the country's cities [1]."""

    city_weights: tuple[tuple[str, float], ...]
    """Cities with retained consignments, and their weight among the cities of a route [1]."""

    year_log_sd: float
    """Standard deviation of the logarithm of a year's flow about its mean, common to all drugs [1]."""

    further: tuple[Drug, ...] = ()
    """Drugs beside heroin."""

    market: float = 0.0
    """Share of the mass retained in cities seized by arrests in retail trade, in many small portions [1]."""

    populations: tuple[Population, ...] = ()
    """Populations of consignments; a drug without any has a single one, with its own sizes."""

    def __post_init__(self) -> None:
        checks.unique((flow.name for flow in self.flows), thing="flows")
        checks.unique((stream.name for stream in self.streams), thing="streams")
        checks.unique((drug.name for drug in self.further), thing="further drugs")
        drugs = [HEROIN, *(drug.name for drug in self.further)]
        for stream in self.streams:
            thing = f"Stream '{stream.name}': drug"
            rule = f"be {HEROIN} or one of the further drugs of the world"
            checks.require(stream.drug in drugs, thing=thing, rule=rule, value=stream.drug)
        for drug in drugs:
            shares = [stream.share for stream in self.streams if stream.drug == drug]
            checks.shares(shares, thing=f"shares of the streams of {drug}")
        self._check_populations()
        for mode in {share.mode for share in self.class_shares}:
            parts = [share.share for share in self.class_shares if share.mode == mode]
            checks.shares(parts, thing=f"class shares of mode {mode}")
        checks.non_negative(self, "inflow")
        checks.probability(self, "retained_share")
        checks.probability(self, "market")
        checks.unique((place for place, _ in self.city_weights), thing="cities")
        for place, weight in self.city_weights:
            holds = checks.NON_NEGATIVE.holds(weight)
            checks.require(holds, thing=f"City '{place}': weight", rule=checks.NON_NEGATIVE.text, value=weight)
        checks.non_negative(self, "year_log_sd")

    def _check_populations(self) -> None:
        checks.unique((own.label for own in self.populations), thing="populations")
        for own in self.populations:
            checks.known(own.drug, self.drugs, thing=f"Population '{own.label}': drug")
        for drug in dict.fromkeys(own.drug for own in self.populations):
            parts = [own.mass_share for own in self.populations if own.drug == drug]
            checks.shares(parts, thing=f"mass shares of the populations of {drug}")

    @property
    def drugs(self) -> tuple[str, ...]:
        """Drugs with streams, in the order of `DRUGS`."""
        return tuple(drug for drug in DRUGS if any(stream.drug == drug for stream in self.streams))

    def of_heroin(self) -> Traffic:
        """Traffic without consignments of other drugs, which do not affect those of heroin."""
        streams = tuple(stream for stream in self.streams if stream.drug == HEROIN)
        populations = tuple(own for own in self.populations if own.drug == HEROIN)
        return replace(self, streams=streams, further=(), populations=populations)

    def populations_of(self, drug: str) -> tuple[Population, ...]:
        """Populations of the consignments of a drug: a single one without a name, of the drug's sizes, by default."""
        return tuple(own for own in self.populations if own.drug == drug) or (whole(drug, sizes=self.sizes_of(drug)),)

    @property
    def population_streams(self) -> tuple[PopulationStream, ...]:
        """Populations of all streams, those of a stream one after another."""
        return tuple(
            PopulationStream(stream=stream, population=population)
            for stream in self.streams
            for population in self.populations_of(stream.drug)
        )

    def inflow_of(self, drug: str) -> float:
        """Annual mass of a drug that enters, or is harvested inside and sent [kg/year]."""
        return self.inflow if drug == HEROIN else self._of(drug).inflow

    def sizes_of(self, drug: str) -> ConsignmentSizes:
        """Masses of the consignments of a drug without populations."""
        return self.sizes if drug == HEROIN else self._of(drug).sizes

    def season_of(self, drug: str) -> Profile | None:
        """Seasonal profile of the entry of a drug; None for a uniform year, as for heroin."""
        return None if drug == HEROIN else self._of(drug).season

    def _of(self, drug: str) -> Drug:
        found = {further.name: further for further in self.further}
        checks.known(drug, [HEROIN, *found], thing="drug")
        return found[drug]

    def classes_of(self, mode: str) -> tuple[ClassShare, ...]:
        """Class shares of the consignments of a mode."""
        return tuple(share for share in self.class_shares if share.mode == mode)
