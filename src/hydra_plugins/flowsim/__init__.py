"""What Hydra finds of flowsim: its sweeper and its launchers, as Hydra looks for these in this namespace alone."""

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.plugins.sweeper import Sweeper

from flowsim.sweeps.plugins import LaunchesHere, LaunchesProcesses, SweepsIntoStore


class StoreSweeper(SweepsIntoStore, Sweeper):
    """Does all combinations of swept values, rows of a table, or a design, into one store."""


class InProcess(LaunchesHere, BasicLauncher):
    """Runs jobs one after another in this process."""


class Processes(LaunchesProcesses, BasicLauncher):
    """Runs jobs in processes of this machine; those of another sweeper one after another."""
