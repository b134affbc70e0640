"""Dependence: what reads each field of a world, and keys that are equal where the same is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import Flag, auto
from functools import lru_cache
from typing import Any, Generic, TypeVar


class Reader(Flag):
    """Steps of a simulation whose results are used again in other worlds in which they read the same.

    Results, costs and utilisation are computed from the whole world each time, and are no readers.
    """

    STOPS = auto()
    """Checkpoints along a path."""

    WAYS = auto()
    """Ways among which consignments choose, with their stops and legs."""

    SENT = auto()
    """Consignments that are sent, whichever of them cases against their rings take or keep back."""

    CASES = auto()
    """Cases against rings, and the agencies that protect these."""

    AVAILABLE = auto()
    """Days on which devices work."""

    HONEST = auto()
    """Honest traffic: who enters, and what each meets."""

    QUEUES = auto()
    """Travel, service times and waiting of consignments among given honest traffic, and their risk scores without
    what the consignment adds."""

    ALARM = auto()
    """What consignments meet among given honest traffic, up to an alarm."""

    AFTER = auto()
    """What follows an alarm, and the sums of what consignments came to."""


Declared = Reader | Callable[[Any], Reader]
"""Readers of a field, or a function from its owner to them where that depends on other fields."""

NOTHING = Reader(0)
ALL = ~NOTHING
"""Readers of a field that is not declared."""

STOPS, WAYS, SENT, CASES = Reader.STOPS, Reader.WAYS, Reader.SENT, Reader.CASES
AVAILABLE, HONEST, QUEUES, ALARM, AFTER = (
    Reader.AVAILABLE,
    Reader.HONEST,
    Reader.QUEUES,
    Reader.ALARM,
    Reader.AFTER,
)
CHOICE = WAYS | SENT
PATHS = STOPS | WAYS
EVERYONE = HONEST | ALARM
MET = EVERYONE | QUEUES
CONSIGNMENTS = WAYS | SENT | CASES | AVAILABLE | ALARM | AFTER
"""All that decides what consignments come to among given honest traffic."""


def _targeting(detection: Any) -> Reader:
    """Readers of the power of targeting: thresholds of referral move with it only where a search has another cost."""
    return ALARM if detection.cost_ratio == 1.0 else EVERYONE


def _each(readers: Declared, names: str) -> dict[str, Declared]:
    return dict.fromkeys(names.split(), readers)


SOURCED = _each(NOTHING, "kind source")

READS: Mapping[str, Mapping[str, Declared]] = {
    "World": {
        **_each(NOTHING, "name title counts devices identity"),
        **_each(HONEST, "year warm_up"),
        "network": CHOICE | MET | AFTER,
        "traffic": CHOICE | EVERYONE | AFTER,
        "checkpoints": PATHS | AVAILABLE | MET | AFTER,
        "detection": SENT | CASES | EVERYONE | AFTER,
        "bypasses": ALARM,
        "campaigns": AFTER,
        "hubs": CHOICE | AFTER,
    },
    "Network": {
        "places": CHOICE | MET | AFTER,
        "legs": WAYS | MET,
        "routes": CHOICE | AFTER,
        "travel": MET,
        **_each(NOTHING, "_by_name _index _by_ends"),  # follow from the places and legs
    },
    "Place": {
        "name": CHOICE | MET | AFTER,
        **_each(NOTHING, "label country oblast latitude longitude uncertainty"),
        **SOURCED,
    },
    "Leg": {
        **_each(WAYS | MET, "start end mode distance speed"),
        **_each(NOTHING, "distance_low distance_high"),
        **SOURCED,
    },
    "Route": {
        **_each(CHOICE, "name weight"),
        **_each(CHOICE | AFTER, "origin mode path"),
        "exit": AFTER,
        **_each(NOTHING, "label approach evidence"),
        **SOURCED,
    },
    "Travel": _each(MET, "minimum cv car_speed within_place"),
    "Traffic": {
        "flows": EVERYONE,
        **_each(CHOICE, "streams class_shares retained_share"),
        "city_weights": CHOICE | AFTER,
        **_each(SENT, "sizes inflow year_log_sd further"),
        "market": AFTER,
        "populations": CHOICE,
        **_each(NOTHING, "inflow_low inflow_high"),
    },
    "Flow": {
        **_each(EVERYONE, "name vehicle_class path direction per_day daily weekly seasonal timetable"),
        **_each(NOTHING, "low high"),
        **SOURCED,
    },
    "Profile": {"weights": EVERYONE | SENT, **_each(NOTHING, "name cycle")},
    "Law": _each(MET, "family cv"),
    "Stream": {**_each(CHOICE, "drug origin mode share"), **_each(NOTHING, "low high"), **SOURCED},
    "ClassShare": {**_each(CHOICE, "mode vehicle_class share"), "capacity": SENT, **SOURCED},
    "ConsignmentSizes": _each(SENT, "median log_sd tail_start tail_share tail_exponent maximum selection"),
    "Population": {
        **_each(CHOICE, "name drug tips"),
        **_each(SENT, "mass_share sizes concealment rings"),
        **_each(NOTHING, "low high"),
        **SOURCED,
    },
    "Drug": {
        **_each(SENT, "name inflow sizes season"),
        **_each(NOTHING, "inflow_low inflow_high"),
        **SOURCED,
    },
    "Hub": {
        **_each(CHOICE | AFTER, "place share"),
        **_each(CHOICE, "store store_minimum part concealment classes"),
        **SOURCED,
    },
    "Checkpoint": {
        "name": PATHS | AVAILABLE | MET,
        **_each(PATHS | MET, "place border mode groups"),
        "bays": EVERYONE,
        "devices": AVAILABLE | EVERYONE | AFTER,
        "agency": ALARM | AFTER,
        **_each(AFTER, "effort_class bribe"),
        **_each(NOTHING, "label type start end"),
        **SOURCED,
    },
    "LaneGroup": {
        **_each(PATHS | MET, "direction classes"),
        **_each(MET, "lanes service_time law shifts"),
        **_each(EVERYONE, "referral wave_through stop"),
        "wagons": ALARM,
        **SOURCED,
    },
    "Shift": _each(MET, "start end lanes"),
    "Device": {
        "name": AVAILABLE | EVERYONE,
        "availability": AVAILABLE | EVERYONE,
        "specificity": EVERYONE,
        **_each(EVERYONE, "service_time law"),
        **_each(ALARM, "intercept slope concealment"),
        "label": NOTHING,
        **SOURCED,
    },
    "Bypass": {**_each(ALARM, "border share maximum detour patrol"), "way": NOTHING, **SOURCED},
    "Campaign": {**_each(AFTER, "start end agencies factor"), "name": NOTHING, **SOURCED},
    "Detection": {
        "targeting": _targeting,
        "sensitivity": ALARM,
        **_each(EVERYONE, "handling_time search_time search_cv cost_ratio"),
        "effort": AFTER,
        "year_log_sd": SENT,
        "seals": SENT | EVERYONE,
        "intelligence": SENT | CASES | ALARM | AFTER,
        "corruption": CASES | AFTER,
        **_each(NOTHING, "compensation search_cost"),  # read where results say what traffic costs
    },
    "Effort": _each(AFTER, "crossing inside south almaty"),
    "Seals": {
        **_each(EVERYONE, "green_lane inspection false_notice"),
        **_each(ALARM, "type notice_plain notice_electronic"),
        "opened": SENT,
    },
    "Intelligence": {
        **_each(SENT | CASES, "rings size_exponent"),
        **_each(CASES | AFTER, "cases_knb cases_committee"),
        "dismantled": CASES,
        **_each(ALARM, "tip_customs tip_border_guards tip_committee tip_knb"),
    },
    "Corruption": {
        **_each(AFTER, "bribe_customs bribe_border_guards bribe_committee bribe_knb released"),
        **_each(CASES, "protected_customs protected_border_guards protected_committee protected_knb"),
    },
    "Count": {**_each(NOTHING, "name checkpoints classes direction value low high year"), "source": NOTHING},
    "Identity": _each(NOTHING, "choice folder typed numbers reading tables"),
}
"""Readers of each field by name of the class; one that stands nowhere is read by all, so nothing is used again."""


class Key:
    """What some readers read of an object; equal for objects of which they read the same."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: tuple[object, ...]) -> None:
        """Hold what is read.

        Parameters
        ----------
        parts
            Values and keys of what they belong to.
        """
        self.parts, self._hash = parts, hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Key) and self._hash == other._hash and self.parts == other.parts


class _Keys(dict[Reader, Key]):
    """Keys of one object by reader, which stay behind when it is copied or sent to another process."""

    def __reduce__(self) -> tuple[type[_Keys], tuple[()]]:
        return _Keys, ()


_KEPT = "_keys"
"""Name in the dictionary of a frozen object under which it keeps its keys, beside its fields."""


def key(owner: object, readers: Reader) -> Key:
    """Key of what some readers read of an object, computed once for each object.

    What lies within a field that they do not read counts where it is not declared.

    Parameters
    ----------
    owner
        Frozen object of the domain, or a tuple of such.
    readers
        Readers; what any of them reads counts.
    """
    if isinstance(owner, tuple):
        return Key(tuple(_part(own, readers) for own in owner))
    known = vars(owner).setdefault(_KEPT, _Keys())
    if readers not in known:
        known[readers] = Key((type(owner), *_parts(owner, readers)))
    found: Key = known[readers]
    return found


def _parts(owner: object, readers: Reader) -> Iterator[object]:
    """Parts of the key of an object: its fields that are read, and undeclared ones below those that are not."""
    for name, declared in _declared(type(owner)):  # type: ignore[arg-type]
        own, value = declared if isinstance(declared, Reader) else declared(owner), getattr(owner, name)
        if own == ALL:
            yield _part(value, ALL)
        elif own & readers:
            yield _part(value, readers)
        elif below := _undeclared(value):
            yield name, below


def _part(value: object, readers: Reader) -> object:
    """Part of a key that stands for a value; equal to no other where values may be equal and yet differ, or change."""
    if isinstance(value, tuple):
        return tuple(_part(own, readers) for own in value)
    if _is_frozen(value):
        return key(value, readers)
    return value if value is None or isinstance(value, str | int | float) else object()


def _undeclared(value: object) -> tuple[object, ...]:
    """Fields within a value that are not declared; none but in a class that was changed without its declaration."""
    if isinstance(value, tuple):
        return tuple((k, below) for k, own in enumerate(value) if (below := _undeclared(own)))
    return key(value, NOTHING).parts[1:] if _is_frozen(value) else ()


def _is_frozen(value: object) -> bool:
    """Whether a value is a dataclass that does not change, and has room for its keys."""
    own = getattr(type(value), "__dataclass_params__", None)
    return own is not None and own.frozen and hasattr(value, "__dict__")


@lru_cache(maxsize=256)
def _declared(kind: type[Any]) -> tuple[tuple[str, Declared], ...]:
    """Fields of a class with their readers, those of the classes that it extends included."""
    known: dict[str, Declared] = {}
    for base in reversed(kind.__mro__):
        known |= READS.get(base.__name__, {})
    return tuple((own.name, known.get(own.name, ALL)) for own in fields(kind))


Whole = TypeVar("Whole")


@dataclass(frozen=True)
class Read(Generic[Whole]):
    """An object, equal to others of which the same is read: the argument of a function that keeps its results."""

    key: Key
    """Key of what is read."""

    whole: Whole = field(compare=False)
    """The object itself."""


def read(whole: Whole, readers: Reader) -> Read[Whole]:
    """Object, equal to others of which some readers read the same.

    Parameters
    ----------
    whole
        Object of the domain, or a tuple of such.
    readers
        Readers.
    """
    return Read(key(whole, readers), whole)
