"""Client updates per CPU second of the in-process engine with privacy, over a plain loop without, on the same work."""

import statistics
import time
from collections.abc import Callable

import torch

from server.round import RoundState, ServerStep
from simulations.benchmark.plain_loop import plain_loop
from simulations.benchmark.workload import Workload, full_head_workload
from simulations.engines.federation import Federation
from simulations.engines.in_process import run_in_process

LISTENERS = 40
PAIRS = 5


def in_process_round(work: Workload) -> None:
    """One private round over every listener of the workload."""
    plan = work.plan
    federation = Federation(
        model=work.model,
        examples=work.examples,
        training=work.training,
        plan=plan,
        step=ServerStep(learning_rate=1.0, momentum=0.0),
        seed=0,
    )
    for _ in run_in_process(RoundState.start(work.model.vector()), federation):
        pass


def speed_over_plain_loop(*, listeners: int = LISTENERS, pairs: int = PAIRS) -> float:
    """Median over interleaved pairs of (CPU seconds of the plain loop) / (CPU seconds of the engine), one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work = full_head_workload(listeners)
        for warm_up in (plain_loop, in_process_round):
            warm_up(work)
        return statistics.median(
            _cpu_seconds(lambda: plain_loop(work)) / _cpu_seconds(lambda: in_process_round(work)) for _ in range(pairs)
        )
    finally:
        torch.set_num_threads(threads)


def _cpu_seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started
