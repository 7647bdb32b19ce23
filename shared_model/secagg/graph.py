"""Who masks with whom: every device draws its own neighbours; small cohorts are all neighbours of each other."""

import secrets
from dataclasses import dataclass
from functools import lru_cache

from shared_model.secagg.odds import log2_correctness_failure, log2_secrecy_failure
from shared_model.secagg.parameters import SecAggParameters

LOG2_SECRECY = -40.0
LOG2_CORRECTNESS = -20.0
"""Chances that a graph is chosen for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """devices: n, in the roster; degree: k neighbours that each draws; share_threshold: t of k + 1 holders, the device
    itself among them, open one of its secrets."""

    devices: int
    degree: int
    share_threshold: int

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing to draw."""
        return self.degree == self.devices - 1

    def tagged(self, places: frozenset[int]) -> frozenset[int]:
        """Those of `places` to whom a device proves that it masked with them: all in a drawn graph, none in the
        complete one, where an honest one of those that help is masked with it anyway (`shared_model.secagg.odds`)."""
        return frozenset() if self.is_complete else places

    def honest_in_a_sum(self, parameters: SecAggParameters) -> int:
        """How many honest devices are in any sum that is opened, at least (`shared_model.secagg.odds`)."""
        on_the_list = parameters.least_survivors(self.devices) - parameters.dishonest
        return on_the_list if self.is_complete else min(on_the_list, (self.devices - parameters.dishonest) // 2 + 1)

    def log2_secrecy_failure(self, dishonest: int) -> float:
        """As in `shared_model.secagg.odds`."""
        return log2_secrecy_failure(self.devices, dishonest, degree=self.degree, share_threshold=self.share_threshold)

    def log2_correctness_failure(self, survivors: int) -> float:
        """As in `shared_model.secagg.odds`."""
        if self.is_complete and survivors >= self.share_threshold:
            return float("-inf")
        return log2_correctness_failure(
            self.devices, survivors, degree=self.degree, share_threshold=self.share_threshold
        )


@lru_cache(maxsize=64)
def plan_graph(devices: int, parameters: SecAggParameters) -> Graph:
    """The sparsest graph that keeps both bounds, or the complete one where that has not twice as many edges."""
    survivors, dishonest = parameters.least_survivors(devices), parameters.dishonest
    for degree in range(2, (devices - 1) // 2):
        # both tails move one way in t: the least t that keeps secrecy is the best for correctness
        low, high = 2, degree + 1
        while low < high:
            middle = (low + high) // 2
            if _keeps_secrecy(devices, dishonest, degree, middle):
                high = middle
            else:
                low = middle + 1
        graph = Graph(devices=devices, degree=degree, share_threshold=low)
        enough = graph.honest_in_a_sum(parameters) >= parameters.honest
        if enough and low <= degree and graph.log2_correctness_failure(survivors) <= LOG2_CORRECTNESS:
            return graph
    return Graph(devices=devices, degree=devices - 1, share_threshold=(devices + dishonest) // 2 + 1)


def draw_neighbours(graph: Graph, own: int) -> frozenset[int]:
    """The indices that the device at index `own` chooses, by the operating system's randomness, each set alike."""
    others = secrets.SystemRandom().sample(range(graph.devices - 1), graph.degree)
    return frozenset(other + (other >= own) for other in others)


def _keeps_secrecy(devices: int, dishonest: int, degree: int, share_threshold: int) -> bool:
    failure = log2_secrecy_failure(devices, dishonest, degree=degree, share_threshold=share_threshold)
    return failure <= LOG2_SECRECY
