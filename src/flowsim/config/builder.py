"""Builder of the request behind a command, a sweep job, a comparison or a call in Python."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from flowsim import checks
from flowsim.config import chain_worlds, diagnose, provenance_attrs, read_files, relevant_keys
from flowsim.config.build import (
    build_plan,
    build_policies,
    build_world,
    check_policy,
    check_year,
    engine_of,
    every_policy,
    identified,
    key_of,
    set_by_experiment,
    world_in_year,
    world_numbers,
)
from flowsim.config.calibration_files import Calibration, build_calibration
from flowsim.config.compose import check_experiment, folders_of
from flowsim.config.study import Study, find
from flowsim.config.world_folders import readings_of_world, world_folders
from flowsim.policy.policy import Policy
from flowsim.results.folders import require_folder_name
from flowsim.sweeps.overrides import LATER
from flowsim.sweeps.settled import settled
from flowsim.world.world import World
from flowsim.world_tables.readings import label

if TYPE_CHECKING:
    import xarray as xr

    from flowsim.config.request import CalibrationRequest, Request
    from flowsim.simulation.simulate import Plan


def request_of(
    given: DictConfig,
    *,
    hydra: Any,
    command: str,
    typed: Sequence[str],
    world: World | None = None,
    stamped: bool = True,
    of_chain: bool = False,
) -> Request:
    """Build everything needed by a study, so every refusal comes before it begins.

    Parameters
    ----------
    given
        Composed configuration.
    hydra
        Its `hydra` node.
    command
        The command as typed.
    typed
        Its arguments.
    world
        World of the configuration, if it was built before.
    stamped
        Whether results carry provenance attributes.
    of_chain
        Whether the world is that of a stage of a chain, which is what is asked for.

    Raises
    ------
    ValueError
        If any part of the configuration is refused.
    """
    check_experiment(given)
    if not of_chain:
        chain_worlds.check_asked(given)
    if chain_worlds.is_chain(given):
        return chain_worlds.request_of_chain(given, command=command, typed=typed, detailed=request_of, stamped=stamped)
    study, keys, folders = str(given.study.get("name")), diagnose.top_keys_of(typed), folders_of(hydra)
    declared = find(study)
    given = relevant_keys.renamed(given, typed=keys, options=declared.renamed)
    plan, engine = build_plan(given), engine_of(given)
    _check_keys(given, declared, typed=keys)
    named = "" if given.out is None else str(given.out)
    require_folder_name(named)
    check_year(given, hydra=hydra)
    readings = readings_of_world(given, folders=folders)
    words = [*set_by_experiment(hydra), *typed]
    world = identified(world or build_world(given, folders=folders), hydra=hydra, typed=words, reading=label(readings))
    policies = build_policies(given, typed=typed)
    calibration = build_calibration(given, folders=folders)
    return assemble(
        world,
        study=study,
        policies=policies,
        engine=engine,
        plan=plan,
        workers_typed=given.workers is not None,
        overwrite=_flag(given, "overwrite"),
        confirm=_flag(given, "confirm"),
        details=_flag(given, "details"),
        calibration=calibration,
        asked=_is_asked(given, typed=typed),
        draws=given.draws,
        attributes=provenance_attrs.provenance(title=world.title, seed=plan.seed, configuration=given)
        if stamped
        else {},
        out=Path(named),
        command=command,
        compared=_compared(given.policies),
        options={str(key): value for key, value in given.study.items()},
        readings=readings,
        numbers=partial(world_numbers, given, world, folders=folders, typed=words),
        calibration_request=_calibration_request(calibration, hydra=hydra, typed=words, workers=plan.workers)
        if declared.calibrates
        else None,
        catalogue=partial(every_policy, folders),
        composition=partial(_composition, given, hydra=hydra, typed=typed),
    )


def _check_keys(given: DictConfig, declared: Study, *, typed: Mapping[str, str]) -> None:
    """Refuse typed keys without effect in the study, or in its chosen variant."""
    ours = declared.variant == "engine"
    option = given.engine.name if ours else given.study.get(declared.variant)
    chosen = "" if option is None else str(option)
    where = f"study={given.study.name}"
    if chosen:
        where += f" {'' if ours else 'study.'}{declared.variant}={chosen}"
    relevant_keys.check(
        typed, having=declared.effective(chosen), where=where, instead=declared.instead, writes=declared.writes
    )


def _flag(given: DictConfig, key: str) -> bool:
    """A key that is true or false."""
    found = given.get(key, False)
    checks.require(isinstance(found, bool), thing=key, rule="be true or false", value=found)
    return bool(found)


def _compared(names: Any) -> tuple[str, ...] | None:
    """Names of the policies to compare; None for all."""
    if names is None:
        return None
    rule = "be a list of names, as [caricc,customs_union], or null"
    checks.require(isinstance(names, ListConfig | str), thing="policies", rule=rule, value=names)
    return (names,) if isinstance(names, str) else tuple(map(str, names))


def _is_asked(given: DictConfig, *, typed: Sequence[str]) -> bool:
    """Whether a posterior was requested, by its key or by a number of draws."""
    named = any(key_of(word) in ("calibration", "calibration.posterior") for word in typed)
    return named or (given.draws not in (None, 1) and find(str(given.study.name)).draws is None)


def assemble(
    world: World,
    *,
    study: str,
    policies: tuple[Policy, ...],
    engine: str,
    plan: Plan,
    calibration: Calibration,
    asked: bool,
    draws: int | None,
    attributes: Mapping[str, str],
    posterior: xr.Dataset | None = None,
    replaced: tuple[str, ...] = (),
    calibration_request: CalibrationRequest | None = None,
    warning: bool = False,
    **rest: Any,
) -> Request:
    """Assemble the request of a study, with the worlds of its posterior.

    Parameters
    ----------
    world
        World to study, with its identity.
    study
        Name of the study.
    policies
        Policies, in order.
    engine
        Engine to use.
    plan
        Simulation plan.
    calibration
        Calibration: the origin of uncertain numbers.
    asked
        Whether a posterior was requested, so one must be found.
    draws
        Posterior draws, each with all replications; None for one draw per replication.
    attributes
        Attributes of the results, besides the reading and the calibration.
    posterior
        Posterior to use instead of the one named by the calibration.
    replaced
        Numbers set in addition to those of the world's identity, as in `Identity.numbers`.
    calibration_request
        Data and priors to fit, for calibration studies.
    warning
        Whether to warn if the world has posteriors but none matches this request.
    **rest
        Other fields of the request.

    Raises
    ------
    ValueError
        If a policy is incompatible with the world, or the given or requested posterior belongs to another world.
    """
    for policy in policies:
        check_policy(policy, world)
    from flowsim.config.chosen_posterior import choose  # after the checks, because xarray takes a second to import
    from flowsim.config.request import Request

    chosen, declared = None, find(study)
    if declared.posterior:
        chosen = choose(world, calibration=calibration, asked=asked, given=posterior, replaced=replaced)
        if warning and chosen.near:
            warnings.warn(chosen.note, stacklevel=3)
    count = draws
    if draws is None:
        count = declared.draws or (None if engine == "expectation" else plan.replications)
    origin = {"reading": world.identity.reading, "calibration": chosen.name if chosen else calibration.name}
    return Request(
        world=world,
        policies=policies,
        engine=engine,
        plan=plan,
        attributes={**attributes, **origin},
        worlds=chosen.worlds(count) if chosen else None,
        crossed=draws is not None,
        draws=count,
        note=chosen.note if chosen else "",
        posterior=chosen.dataset if chosen else None,
        calibration=calibration_request,
        **rest,
    )


def _calibration_request(found: Calibration, *, hydra: Any, typed: Sequence[str], workers: int) -> CalibrationRequest:
    from flowsim.config.request import CalibrationRequest

    return CalibrationRequest(
        reported=found.reported,
        areas=found.areas,
        priors=found.priors,
        in_year=partial(world_in_year, hydra=hydra, typed=typed),
        workers=workers,
        populations=found.populations,
    )


def _composition(given: DictConfig, *, hydra: Any, typed: Sequence[str]) -> dict[str, Any]:
    """A composition as text, for other processes to rebuild the request from, with the digests of its files."""
    whole: Any = OmegaConf.to_container(settled(given))
    kept = {key: part for key, part in whole.items() if key not in LATER}
    folders = folders_of(hydra)
    tables, overlays = world_folders(given, folders=folders)
    return {
        "configuration": OmegaConf.to_yaml(OmegaConf.create(whole)),
        "kept": OmegaConf.to_yaml(OmegaConf.create(kept)),
        "files": read_files.of_package() | read_files.of_tables((tables, *overlays)),
        "choices": {str(key): str(name) for key, name in hydra.runtime.choices.items()},
        "folders": [str(folder) for folder in folders],
        "typed": with_effect(typed),
    }


def with_effect(typed: Sequence[str]) -> list[str]:
    """Arguments of a job without the number of workers, which does not change its results."""
    return [word for word in typed if not word.startswith("workers=")]
