"""A device's side of one round: a state machine that says one thing at each stage, and nothing twice.

After Bonawitz et al. 2017 in the complete graph, and after Bell et al. 2020, section 4, where devices draw neighbours.
It is told who is in, and derives by itself which one of a device's two secrets it gives its share of: both cannot even
be asked for. Whatever is amiss ends the round for this device, and its secrets are forgotten.

Letters: d numbers, n devices in the roster, k neighbours that each draws, t holders that open a secret.
"""

import secrets
from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from numpy.typing import NDArray

from shared_model.secagg.device_stages.prepared import Prepared
from shared_model.secagg.device_stages.stage import Stage
from shared_model.secagg.keys import RoundSecrets
from shared_model.secagg.limits import DeviceLimits, refused, require_within
from shared_model.secagg.masking import SEED_BYTES
from shared_model.secagg.messages import Kind, Malformed, Reader, kind_of, wrap
from shared_model.secagg.own import Own
from shared_model.secagg.terms import Terms


class Device:
    """One device in one round. `announce` once, then `reply` to each message of the coordinator in its order."""

    def __init__(
        self,
        terms: Terms,
        vector: NDArray[np.uint64],
        *,
        number: int,
        node_key: EllipticCurvePrivateKey,
        limits: DeviceLimits,
    ) -> None:
        """vector: (d,) uint64 below the modulus, what this device adds; number: of its registration.

        Raises Refused where the terms are below `limits`; ValueError for a vector that is none.
        """
        parameters = terms.parameters
        require_within(parameters, limits)
        if vector.shape != (terms.size,) or vector.dtype != np.uint64 or int(vector.max()) >> parameters.modulus_bits:
            raise ValueError("secure aggregation: the vector has another size, or numbers beyond the modulus")
        own = Own(
            terms=terms,
            limits=limits,
            number=number,
            node_key=node_key,
            vector=vector,
            secrets=RoundSecrets.new(),
            self_mask=secrets.token_bytes(SEED_BYTES),
        )
        self._digest = terms.digest
        self._stage: Stage | None = Prepared(own=own)  # all that it knows of the round; None when its part is over

    def announce(self) -> bytes:
        """The keys of this round. Raises Refused the second time."""
        stage = self._at(Kind.KEYS)
        assert isinstance(stage, Prepared)
        body, self._stage = stage.announce()
        return wrap(Kind.KEYS, self._digest, body)

    def reply(self, contents: Sequence[bytes]) -> bytes:
        """The answer to the last of `contents`, which come in the order of the round.

        Raises Refused for anything that is not to be answered; from then on for everything.
        """
        answer = b""
        try:
            for content in contents:
                answer = self._answer(content)
        except Malformed as error:
            self._stage = None
            raise refused(f"a message cannot be read: {error}") from error
        except BaseException:
            self._stage = None
            raise
        if not answer:
            raise refused("the message is empty")
        return answer

    def _answer(self, content: bytes) -> bytes:
        """Of the next kind."""
        if self._stage is None:  # before a word is read
            raise _over()
        kind = kind_of(content, digest=self._digest)
        body, self._stage = self._at(kind).answer(Reader(content))
        return wrap(Kind(kind + 1), self._digest, body)

    def _at(self, kind: Kind) -> Stage:
        """The stage, which hears that."""
        stage = self._stage
        if stage is None:
            raise _over()
        if stage.hears is not kind:
            self._stage = None
            raise refused(f"it was asked for {kind.name.lower()}, twice or out of turn")
        return stage


def _over() -> Exception:
    return refused("its part in this round is over")
