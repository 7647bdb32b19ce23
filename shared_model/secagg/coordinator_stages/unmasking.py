"""Devices hand over one share of each, and the sum is opened."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shared_model.secagg.cohort import Cohort
from shared_model.secagg.coordinator_stages.stage import Aborted, Messages
from shared_model.secagg.keys import pairwise_seed
from shared_model.secagg.masking import MaskedSum
from shared_model.secagg.messages import Kind, Malformed, Reader, read_unmasking
from shared_model.secagg.opening import NotThatSecret, is_committed, secret_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmasking:
    """sharers, survivors: places of all that shared their secrets, and of those of them that are in; total: what they
    sent; offenders: numbers of registration, which are added to."""

    asks: ClassVar[Kind] = Kind.UNMASKING
    cohort: Cohort
    offenders: set[int]
    sharers: frozenset[int]
    total: MaskedSum
    survivors: frozenset[int]
    _disputed: set[tuple[int, int]] = field(default_factory=set, init=False)

    def read(self, number: int, reader: Reader) -> None:
        """Shares by the place of their dealer. Raises ValueError."""
        cohort = self.cohort
        place = cohort.places[number]
        came = read_unmasking(reader, devices=cohort.devices)
        if not came.keys() <= (cohort.members[place].choosers | {place}):
            raise Malformed("it gives shares of devices that gave it none")
        if place not in came:
            raise Malformed("it does not give its own share")
        for dealer, share in came.items():
            if is_committed(cohort.members[dealer], dealer, place, share, kept=dealer in self.survivors):
                cohort.members[dealer].opened[place] = share
            else:
                self._disputed.add((dealer, place))

    def close(self, _there: frozenset[int]) -> tuple[Messages, None]:
        """Nothing is left to say, and `total` is open. All secrets first, and only then the sum: nothing is opened in
        part. Raises Aborted."""
        self._blame()
        secrets = {place: self._secret(place) for place in sorted(self.sharers)}
        for place in self.survivors:
            self.total.subtract_mask(secrets[place])
        for place in self.sharers - self.survivors:
            self._take_out(place, secrets[place])
        return {}, None

    def _secret(self, place: int) -> bytes:
        cohort, kept = self.cohort, place in self.survivors
        threshold = cohort.roster.graph.share_threshold
        try:
            return secret_of(cohort.members[place], kept=kept, threshold=threshold, roster_digest=cohort.roster_digest)
        except NotThatSecret as error:
            self.offenders.add(cohort.roster.numbers[place])
            raise Aborted(f"secure aggregation: {error}; the round is aborted, and nothing of it is known") from error
        except ValueError as error:
            raise Aborted(
                "secure aggregation: too few devices stayed to the end to open the sum; the round is aborted, and "
                "nothing of it is known"
            ) from error

    def _blame(self) -> None:
        """Who is at odds with more others than can be dishonest. Of a single share neither its dealer nor its holder
        is known to have changed it: either could put the other in the wrong."""
        others: defaultdict[int, set[int]] = defaultdict(set)
        for dealer, holder in self._disputed:
            others[dealer].add(holder)
            others[holder].add(dealer)
        most = max(1, self.cohort.terms.parameters.dishonest)
        self.offenders.update(self.cohort.roster.numbers[place] for place, odds in others.items() if len(odds) > most)

    def _take_out(self, place: int, secret: bytes) -> None:
        """The masks that survivors have with a lost device."""
        cohort, member = self.cohort, self.cohort.members[place]
        key = X25519PrivateKey.from_private_bytes(secret)
        lost = cohort.roster.numbers[place]
        for other in (member.chosen | member.choosers) & self.survivors:
            number = cohort.roster.numbers[other]
            masking, digest = cohort.keys_at(other).masking, cohort.roster_digest
            seed = pairwise_seed(key, masking, roster_digest=digest, pair=(lost, number))
            if number < lost:  # it added the mask
                self.total.subtract_mask(seed)
            else:
                self.total.add_mask(seed)
