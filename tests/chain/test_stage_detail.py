"""The detailed world of a stage: it seizes what the stage seizes."""

import pytest

import flowsim as fs
from flowsim.calibration.posterior import point_change
from flowsim.chain.stage_detail import TOLERANCE, detailed
from flowsim.simulation.assumed import SetNumbers


@pytest.mark.slow
def test_kazakhstan_in_detail_seizes_the_mass_of_its_stage():
    """At the flow and the rate of the stage; nothing that enters is lost."""
    world = fs.load_world()
    found = detailed(world, point_change(fs.load_posterior()), inflow=72_000.0, rate=332 / 72_000)
    assert found.seized == pytest.approx(332, rel=TOLERANCE)
    assert found.seized + found.retained + found.left == pytest.approx(72_000, rel=1e-9)
    assert found.retained == pytest.approx(7_200, rel=0.01)


def test_a_rate_that_no_detection_reaches_is_refused():
    world = fs.load_world("single_checkpoint")
    with pytest.raises(ValueError, match=r"must be reached within a part of 0\.001"):
        detailed(world, SetNumbers(values=()), inflow=1_000.0, rate=0.999)
