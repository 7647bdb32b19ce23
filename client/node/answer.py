"""What answers a message: an update, or `declined` for whatever reason. Nothing that went wrong is told to anyone."""

import logging

from flwr.app import RecordDict
from torch import Tensor

from client.node.executor import Answer
from client.node.messages import Asked, asked_in, goes_on, messages_in, reply_with, reply_with_message
from client.node.round import Participant
from client.node.secure_round import SecureRounds
from client.node.sent import SentUpdate, note_sent
from shared_model.books.round_log import Intent, decode_leaf
from shared_model.errors import Refused
from shared_model.privacy.spent import Trust
from shared_model.reply import SECAGG

log = logging.getLogger(__name__)


def answer_for(participant: Participant, secure: SecureRounds | None = None) -> Answer:
    """The function that an executor calls with the content of each message. secure: of the same device, for rounds that
    are aggregated securely."""

    def answer(content: RecordDict) -> RecordDict:
        try:
            reply = _reply(participant, secure, content)
        except Refused as refused:
            log.info("round.declined reason=%s", refused)  # a sentence of ours, without anything of the listener
            return reply_with(None)
        except Exception as error:
            # its text could tell of the listener, so that not even this device's log has it
            log.warning("round.declined cause=%s", type(error).__name__)
            return reply_with(None)
        log.info("round.answered")
        return reply

    return answer


def _reply(participant: Participant, secure: SecureRounds | None, content: RecordDict) -> RecordDict:
    if SECAGG in content and secure is None:
        raise Refused("round: it is aggregated securely, which this device is not set up for; it declines")
    if secure is not None and goes_on(content):
        return reply_with_message(secure.go_on(messages_in(content)))
    asked = asked_in(content)
    if secure is not None and asked.number is not None:
        return reply_with_message(secure.begin(asked))
    update = participant.take_part(asked.invitation, asked.parameters)
    _note(participant, asked, update)
    return reply_with(update)


def _note(participant: Participant, asked: Asked, update: Tensor) -> None:
    intent = decode_leaf(asked.invitation.leaf, what="round log, intent")
    assert isinstance(intent, Intent)  # or `take_part` had refused
    local = intent.epsilon_after.trust is Trust.LOCAL
    note_sent(
        participant.profile.history,
        SentUpdate(
            at_s=int(participant.clock()),
            run=intent.run,
            round=intent.round,
            numbers=len(update),
            size_bytes=update.numel() * update.element_size(),
            clip_norm=intent.clip_norm,
            noise_multiplier=intent.noise_multiplier,
            trust=intent.epsilon_after.trust,
            own_noise=intent.noise_multiplier * intent.clip_norm if local else None,
        ),
    )
