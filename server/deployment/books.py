"""A deployed run's state and log, which agree after a kill at any moment.

A round is: intent in the log; answers; checkpoint; outcome in the log. The checkpoint comes before the outcome, since
noise of the operating system cannot be drawn again: what the log calls released is on disk. Killed before the
checkpoint, the round is aborted when the run goes on: its noise and its debits stay spent, and nothing of it was seen.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from server import checkpoint
from server.deployment.deployment import Deployment
from server.round import RoundRecord, RoundState
from server.round_log.log import RoundLog
from server.round_log.run import LoggedRun
from shared_model.books.round_log import LEAVES, Intent, Leaf, Outcome, decode_leaf
from shared_model.errors import BadInput
from shared_model.release_0.release_file import read_release_0
from shared_model.round_invitation import RoundInvitation
from shared_model.training.release_model import model_without_tracks


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """folder: as in `server.deployment.deployment`."""

    folder: Path
    deployment: Deployment
    logged: LoggedRun
    start: Tensor

    def recovered(self) -> RoundState:
        """Where the run stands, with every round that was begun concluded. Raises BadInput where files are lost."""
        state = checkpoint.latest(self._rounds)
        if state is None:
            state = RoundState.start(self.start)
            checkpoint.save(state, self._rounds)
        if len(state.vector) != len(self.start):
            raise BadInput("deployment: the checkpoints are of another model than the plan's; restore both from a copy")
        if state.round:
            self.logged.conclude(state)  # unless it was already
        last = self._last()
        if last is None or last.round <= state.round:
            return state
        if isinstance(last, Outcome) or last.round > state.round + 1:
            raise BadInput(
                f"deployment: the log has round {last.round}, and there is no checkpoint of round "
                f"{last.round - isinstance(last, Intent)}; restore the checkpoints from a copy"
            )
        state = aborted(state)
        self.concluded(state)
        return state

    def announce(self, state: RoundState, *, registry_root: str | None = None) -> None:
        """Before anyone is asked."""
        self.logged.announce(state, registry_root=registry_root)

    def concluded(self, state: RoundState) -> None:
        """The round that led to `state` is over: checkpoint, then outcome."""
        checkpoint.save(state, self._rounds)
        self.logged.conclude(state)

    def invitation(self, *, deadline_s: int) -> RoundInvitation:
        """For the round that was announced last, without proofs of consistency, which differ by device."""
        log = self.logged.log
        size, index = len(log), len(log) - 1
        return RoundInvitation(
            deadline_s=deadline_s,
            learning=self.deployment.learning,
            leaf=self._leaves()[-1],
            index=index,
            checkpoint=log.checkpoint(),
            inclusion=log.inclusion_proof(index, size),
            consistency={},
        )

    def consistency(self, sizes: list[int]) -> dict[int, tuple[bytes, ...]]:
        """Proofs from each of `sizes`, which a device may have seen of the log."""
        log = self.logged.log
        return {old: log.consistency_proof(old, len(log)) for old in sizes if 0 < old <= len(log)}

    @property
    def _rounds(self) -> Path:
        return self.folder / "rounds"

    def _leaves(self) -> list[bytes]:
        return (self.deployment.log / LEAVES).read_bytes().splitlines()

    def _last(self) -> Leaf | None:
        """Of this run."""
        leaves = (decode_leaf(line, what="round log") for line in reversed(self._leaves()))
        return next((leaf for leaf in leaves if leaf.run == self.deployment.run), None)


def open_books(folder: Path, deployment: Deployment) -> Books:
    """Raises BadInput where release, key or log are missing or damaged, or the release is not the plan's."""
    release = read_release_0(deployment.release)
    learning = deployment.learning
    if release.sha256 != learning.release:
        raise BadInput(f"deployment: {deployment.release} is not the release that was planned; restore the file")
    model = model_without_tracks(release.head, rank=learning.rank, seed=learning.seed)
    signer = deployment.signer()
    logged = LoggedRun(
        log=RoundLog(deployment.log, verifier=signer.verifier, signer=signer),
        run=deployment.run,
        plan=deployment.plan,
        layout=model.layout,
        learning_sha256=learning.sha256,
    )
    return Books(folder=folder, deployment=deployment, logged=logged, start=model.vector())


def aborted(state: RoundState) -> RoundState:
    """After a round of which nothing is known but that it began."""
    record = RoundRecord(
        round=state.round + 1,
        invited=0,
        answered=0,
        declined=0,
        update_norm=None,
        noise_norm=None,
        bytes_down=0,
        bytes_up=0,
    )
    return replace(state, round=state.round + 1, records=(*state.records, record))
