"""Kinds of change in policy files, by keyword."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flowsim.policy.agencies import (
    EndCampaign,
    ScaleCorruption,
    ScaleEffort,
    ScaleInflow,
    ScaleIntelligence,
    ScaleTargeting,
    SetCampaign,
    SetDismantled,
    SetRelease,
)
from flowsim.policy.devices import ImproveDevice, MoveDevices, PlaceDevices, ScaleSearch
from flowsim.policy.policy import AddCheckpoint, Change, CloseCheckpoint, ScaleLanes
from flowsim.policy.posts import AddPosts, AddSearchPosts, AddUnservedPost, ClosePosts, HandOver
from flowsim.policy.procedures import EvenReferral, OpenSealed, ScaleCapacity, ScaleReferral
from flowsim.policy.seals_trains_patrols import (
    ChangeSeals,
    ScalePatrols,
    ScaleSearchCost,
    ScaleStops,
    ScaleWagons,
    SetWagons,
)

CHANGES: Mapping[str, type[Change]] = MappingProxyType(
    {
        "add_checkpoint": AddCheckpoint,
        "close_checkpoint": CloseCheckpoint,
        "add_posts": AddPosts,
        "add_unserved_post": AddUnservedPost,
        "add_search_posts": AddSearchPosts,
        "close_posts": ClosePosts,
        "hand_over": HandOver,
        "place_devices": PlaceDevices,
        "move_devices": MoveDevices,
        "improve_device": ImproveDevice,
        "scale_search": ScaleSearch,
        "scale_lanes": ScaleLanes,
        "scale_capacity": ScaleCapacity,
        "scale_referral": ScaleReferral,
        "even_referral": EvenReferral,
        "change_seals": ChangeSeals,
        "open_sealed": OpenSealed,
        "scale_stops": ScaleStops,
        "scale_wagons": ScaleWagons,
        "set_wagons": SetWagons,
        "scale_patrols": ScalePatrols,
        "scale_search_cost": ScaleSearchCost,
        "scale_corruption": ScaleCorruption,
        "set_release": SetRelease,
        "scale_intelligence": ScaleIntelligence,
        "set_dismantled": SetDismantled,
        "scale_targeting": ScaleTargeting,
        "set_campaign": SetCampaign,
        "end_campaign": EndCampaign,
        "scale_effort": ScaleEffort,
        "scale_inflow": ScaleInflow,
    }
)
"""Kinds of change."""

BARE = ("scale_effort",)
"""Kinds of a bare multiplier, without a mechanism for the effect."""


def kind_of(change: Change) -> str:
    """Keyword of the kind of a change; its class name if no file can list it."""
    return next((kind for kind, cls in CHANGES.items() if type(change) is cls), type(change).__name__)


def says(kind: str) -> str:
    """Description of a kind of change in one line.

    Parameters
    ----------
    kind
        One of `CHANGES`.
    """
    return (CHANGES[kind].__doc__ or "").strip().splitlines()[0]
