"""What answers a message: an update, or `declined` for whatever reason. Nothing that went wrong is told to anyone."""

import logging

from flwr.app import RecordDict

from client.node.executor import Answer
from client.node.messages import asked_in, reply_with
from client.node.round import Participant
from shared_model.errors import Refused

log = logging.getLogger(__name__)


def answer_for(participant: Participant) -> Answer:
    """The function that an executor calls with the content of each message."""

    def answer(content: RecordDict) -> RecordDict:
        try:
            asked = asked_in(content)
            update = participant.take_part(asked.invitation, asked.parameters)
        except Refused as refused:
            log.info("round.declined reason=%s", refused)  # a sentence of ours, without anything of the listener
            return reply_with(None)
        except Exception as error:
            # its text could tell of the listener, so that not even this device's log has it
            log.warning("round.declined cause=%s", type(error).__name__)
            return reply_with(None)
        log.info("round.answered")
        return reply_with(update)

    return answer
