"""The parts of flowsim that Hydra finds in this namespace alone: sweeper, launchers, order of folders."""

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper

from flowsim.config.options import conf_dir
from flowsim.sweeps.hydra_plugins import LaunchesHere, LaunchesProcesses, SweepsIntoStore


class StoreSweeper(SweepsIntoStore, Sweeper):
    """Does all combinations of swept values, rows of a table, or a design, into one store."""


class InProcess(LaunchesHere, BasicLauncher):
    """Runs jobs one after another in this process."""


class Processes(LaunchesProcesses, BasicLauncher):
    """Runs jobs in processes of this machine; those of another sweeper one after another."""


class OwnFolderFirst(SearchPathPlugin):
    """Has the folder of `--config-dir` come before flowsim's own, where Hydra would have it come after."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Give flowsim's own folder the name of the provider before which Hydra puts that of `--config-dir`."""
        for element in search_path.get_path():
            if element.path == str(conf_dir()):
                element.provider = "schema"
