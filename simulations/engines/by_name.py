"""The two engines by name."""

from simulations.engines.federation import Engine
from simulations.engines.flower import run_by_flower
from simulations.engines.in_process import run_in_process

ENGINES: dict[str, Engine] = {"in-process": run_in_process, "flower": run_by_flower}
