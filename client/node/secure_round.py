"""Securely aggregated rounds of this device: what `shared_model.secagg.device` says, over several messages of Flower's.

The update is made, clipped and noised before a word of the protocol is said, and leaves as a masked vector only. What
a round is in the middle of lives in this process alone: killed, the device is lost to the round, and its debit stays.
"""

import logging
import math
from dataclasses import dataclass, field, replace

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from numpy.typing import NDArray
from torch import Tensor

from client.node.messages import Asked
from client.node.round import Participant
from client.node.sent import SentUpdate, note_sent
from shared_model.books.merkle import leaf_hash
from shared_model.books.round_log import Intent, decode_leaf
from shared_model.errors import Refused
from shared_model.privacy.evaluation_share import vector_norm
from shared_model.privacy.randomness import OperatingSystemRandomness, Randomness
from shared_model.privacy.spent import Trust
from shared_model.secagg.device import Device
from shared_model.secagg.encoding import SumEncoding, encode, planned, rotation_seed
from shared_model.secagg.limits import DeviceLimits, require_within
from shared_model.secagg.messages import Kind
from shared_model.secagg.terms import Terms

log = logging.getLogger(__name__)
DEFAULT_SECAGG_LIMITS = DeviceLimits(smallest_cohort=3, smallest_threshold=2, smallest_honest=2)
"""As `client.node.limits.DEFAULT_LIMITS`, and never a sum in which one honest device is alone."""


@dataclass(slots=True, kw_only=True)
class SecureRounds:
    """One round at a time: the next invitation ends the one before. node_key: by which the device is registered."""

    participant: Participant
    node_key: EllipticCurvePrivateKey
    limits: DeviceLimits = DEFAULT_SECAGG_LIMITS
    _device: Device | None = field(default=None, init=False)
    _sends: SentUpdate | None = field(default=None, init=False)

    def begin(self, asked: Asked) -> bytes:
        """This round's keys, when the update is there. Raises Refused as `Participant.take_part`, and for a round that
        was not announced as one that is aggregated securely."""
        self._device = None
        assert asked.number is not None
        intent = decode_leaf(asked.invitation.leaf, what="round log, intent")  # that it was announced is proved below
        if not isinstance(intent, Intent) or intent.secagg is None or intent.registry_root is None:
            raise Refused("round: it was not announced as securely aggregated; the device declines")
        require_within(intent.secagg, self.limits)
        update = self._distributed().take_part(asked.invitation, asked.parameters)
        encoding = _encoding(intent, size=len(update))
        vector = _noised(update, intent, asked.parameters)
        terms = Terms(
            run=intent.run,
            round=intent.round,
            intent_sha256=leaf_hash(asked.invitation.leaf).hex(),
            registry_root=intent.registry_root,
            size=len(vector),
            parameters=intent.secagg,
        )
        device = Device(terms, vector, number=asked.number, node_key=self.node_key, limits=self.limits)
        keys = device.announce()
        self._device = device
        self._sends = SentUpdate(
            at_s=int(self.participant.clock()),
            run=intent.run,
            round=intent.round,
            numbers=len(update),
            size_bytes=0,  # until it is masked and packed
            clip_norm=intent.clip_norm,
            noise_multiplier=intent.noise_multiplier,
            trust=Trust.DISTRIBUTED,
            own_noise=math.sqrt(encoding.share_variance) / encoding.scale,
        )
        return keys

    def go_on(self, messages: tuple[bytes, ...]) -> bytes:
        """The answer to what the coordinator says next. Raises Refused; then this round is over for the device."""
        if self._device is None:
            raise Refused("round: this device is in the middle of none; it declines")
        try:
            said = self._device.reply(messages)
            if said[0] == Kind.MASKED:
                assert self._sends is not None
                note_sent(self.participant.profile.history, replace(self._sends, size_bytes=len(said)))
            return said
        except BaseException:
            self._device = None
            raise

    def _distributed(self) -> Participant:
        """The same device, in rounds whose noise the devices add."""
        limits = self.participant.limits
        if limits.trust is not Trust.DISTRIBUTED:
            self.participant = replace(self.participant, limits=replace(limits, trust=Trust.DISTRIBUTED))
        return self.participant


def _noised(update: Tensor, intent: Intent, parameters: Tensor) -> NDArray[np.uint64]:
    """What this device adds to the sum (D,): the clipped update, and what it says of quality behind it, with its share
    of the noise, by what was announced.

    Raises Refused where the announced modulus is not the one that follows from the rest.
    """
    assert intent.secagg is not None
    encoding = _encoding(intent, size=len(update))
    if encoding.modulus_bits != intent.secagg.modulus_bits:
        raise Refused("round: its modulus is not that of its noise and its cohort; the device declines")
    seed = rotation_seed(intent.round, parameters.numpy())
    rows = update[None].double().numpy()
    vector: NDArray[np.uint64] = encode(rows, encoding=encoding, seed=seed, randomness=_operating_system)[0]
    return vector


def _encoding(intent: Intent, *, size: int) -> SumEncoding:
    """That of the announced round. size: of what one device has to say."""
    assert intent.secagg is not None
    return planned(
        size=size,
        vector_norm=vector_norm(intent.clip_norm, evaluation_share=intent.evaluation_share),
        noise_multiplier=intent.noise_multiplier,
        honest=intent.secagg.honest,
        devices=intent.secagg.most,
    )


def _operating_system(_purpose: str) -> Randomness:
    return OperatingSystemRandomness()
