"""A catalogue with two disjoint populations: public listeners train release 0, private ones take part in rounds."""

from dataclasses import dataclass

from shared_model.catalogue import Catalogue
from shared_model.errors import BadInput
from shared_model.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What a scenario runs on.

    simulated: whether the listeners were invented; every output that shows their numbers must then say so.
    """

    name: str
    catalogue: Catalogue
    public: tuple[History, ...]
    private: tuple[History, ...]
    simulated: bool

    def __post_init__(self) -> None:
        shared = {history.listener for history in self.public} & {history.listener for history in self.private}
        if shared:
            raise BadInput(f"data set {self.name}: {len(shared)} listeners are both public and private; split again")
