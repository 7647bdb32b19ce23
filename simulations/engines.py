"""The two engines by name."""

from simulations.engine_flower import run_by_flower
from simulations.engine_in_process import run_in_process
from simulations.federation import Engine

ENGINES: dict[str, Engine] = {"in-process": run_in_process, "flower": run_by_flower}
