"""One message of the server, from the door of this device to its answer. Every way out but one is `declined`."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from client.eligibility.reading import Reading
from client.eligibility.record import note
from client.eligibility.sensors import read_sensors
from client.eligibility.verdict import Job, judge
from client.enrolment.held import held_start
from client.files import SETTINGS
from client.ledger.budget import month_at
from client.ledger.ledger import open_ledger
from client.node.learning import read_learned
from client.node.limits import DEFAULT_LEARNING_LIMITS, DEFAULT_LIMITS, LearningLimits, require_within
from client.profile import Profile
from client.recommend.release_file import open_release
from client.rounds.contribution import Invitation, Rules, contribute
from client.settings import Settings, read_settings
from shared_model.books.checkpoint import open_checkpoint
from shared_model.books.gate import OwnLimits
from shared_model.books.ledger_law import last_seen
from shared_model.books.notes import Verifier
from shared_model.errors import Refused
from shared_model.head.parameters import ParameterLayout
from shared_model.release_0.release import Release0
from shared_model.round_invitation import Learning, RoundInvitation
from shared_model.training.release_model import model_without_tracks

log = logging.getLogger(__name__)
FetchConsistency = Callable[[int, int], tuple[bytes, ...] | None]
"""A proof that the log of the second size begins with that of the first, from wherever; None where it is not to be
had. It is checked like any other, so that it may come from anyone."""


@dataclass(slots=True, kw_only=True)
class Participant:
    """The device of `profile`, which stays unlocked, in the federation whose log `pinned` signs.

    fetch: asked where the server sent no proof from the log that this device saw last; missed: told where a round
    trains from a release that is not here; sensors and clock (Unix
    seconds) are the computer's own.
    """

    profile: Profile
    pinned: Verifier
    limits: OwnLimits = DEFAULT_LIMITS
    learning_limits: LearningLimits = DEFAULT_LEARNING_LIMITS
    fetch: FetchConsistency = lambda _old, _new: None
    sensors: Callable[[float], Reading] = read_sensors
    clock: Callable[[], float] = time.time
    missed: Callable[[], None] = lambda: None
    _release: Release0 | None = field(default=None)
    _layout: tuple[object, ParameterLayout] | None = field(default=None)

    def take_part(self, invitation: RoundInvitation, parameters: Tensor) -> Tensor:
        """The update (d,) that may leave, with what `contribute` puts behind it. parameters: (d,) float32.

        Raises Refused where the device declines; the reason is for its owner alone. In this order, so that the
        cheapest no comes first and nothing of the listener is read before the debit is on disk: deadline, consents,
        limits, release, eligibility, then `contribute`.
        """
        now_s = self.clock()
        if now_s >= invitation.deadline_s:
            raise Refused("round: its deadline is past; the device declines")
        listening, rounds = self.profile.consents.listening(), self.profile.consents.rounds()
        learning = invitation.learning
        require_within(learning, self.learning_limits)
        settings = read_settings(self.profile.folder / SETTINGS)  # as they are now, not as they were at the start
        release = self._released(learning.release, settings)
        verdict = judge(self.sensors(now_s), settings.eligibility, job=Job.ROUND)
        note(self.profile.history, verdict, job=Job.ROUND, at_s=int(now_s))
        with open_ledger(self.profile.ledger, key=self.profile.ledger_key, mirror=self.profile.mirror) as ledger:
            seen = last_seen(ledger.entries)
            size = seen.size if seen else 0
            proof = invitation.proof(seen=size, fetched=self._fetched(invitation, size))
            return contribute(
                Invitation(parameters=parameters, proof=proof),
                self._layout_of(release, learning),
                lambda consent, holding_out: read_learned(
                    self.profile, release, learning, consent=consent, holding_out=holding_out
                ),
                listening=listening,
                rounds=rounds,
                eligible=verdict,
                ledger=ledger,
                rules=Rules(
                    pinned=self.pinned,
                    limits=self.limits,
                    learning=learning,
                    month=month_at(now_s),
                ),
            )

    def _fetched(self, invitation: RoundInvitation, seen: int) -> tuple[bytes, ...] | None:
        if seen == 0 or seen in invitation.consistency:
            return None
        return self.fetch(seen, open_checkpoint(invitation.checkpoint, self.pinned, what="round log").size)

    def _released(self, sha256: str, settings: Settings) -> Release0:
        """The model that the round trains from, whatever newer one is here, too. Kept, so that a round reads none of
        it anew. Raises Refused where it is not here, and `missed` is told."""
        if self._release is None or self._release.sha256 != sha256:
            fetched = held_start(self.profile, sha256)
            paths = (fetched,) if fetched else (settings.release, None)
            found = (open_release(path) for path in dict.fromkeys(paths))
            self._release = next((release for release in found if release.sha256 == sha256), None)
        if self._release is None:
            self.missed()
            raise Refused("round: it trains from a release that is not on this device; the device declines")
        return self._release

    def _layout_of(self, release: Release0, learning: Learning) -> ParameterLayout:
        what = (release.sha256, learning.rank, learning.seed)
        if self._layout is None or self._layout[0] != what:
            model = model_without_tracks(release.head, rank=learning.rank, seed=learning.seed)
            self._layout = (what, model.layout)
        return self._layout[1]
