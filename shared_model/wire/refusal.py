"""Why a coordinator refuses a request: a word on the wire, a sentence on the device.

The sentences are the device's own, so that a coordinator cannot write to its terminal.
"""

from enum import StrEnum


class Refusal(StrEnum):
    """The words."""

    INVITATION_UNKNOWN = "invitation-unknown"
    INVITATION_EXPIRED = "invitation-expired"
    INVITATION_REVOKED = "invitation-revoked"
    INVITATION_USED = "invitation-used"
    FEDERATION_FULL = "federation-full"
    KEY_UNFIT = "key-unfit"
    KEY_IN_USE = "key-in-use"
    DEVICE_UNKNOWN = "device-unknown"
    DEVICE_REVOKED = "device-revoked"
    NONCE_SPENT = "nonce-spent"
    SIGNATURE_WRONG = "signature-wrong"
    REQUEST_MALFORMED = "request-malformed"
    FILE_UNKNOWN = "file-unknown"
    RELEASE_UNKNOWN = "release-unknown"
    ROUND_UNKNOWN = "round-unknown"
    LOG_SHORTER = "log-shorter"
    BUSY = "busy"


SENTENCES = {
    Refusal.INVITATION_UNKNOWN: "the coordinator does not know this invitation; ask the operator for another",
    Refusal.INVITATION_EXPIRED: "this invitation has expired; ask the operator for another",
    Refusal.INVITATION_REVOKED: "this invitation was revoked by the operator; ask for another",
    Refusal.INVITATION_USED: "another device has used this invitation, and each is good for one; ask for another",
    Refusal.FEDERATION_FULL: "the federation has as many devices as its plan counts; ask the operator for another one",
    Refusal.KEY_UNFIT: "the coordinator does not accept this device's node key; leave the federation and join anew",
    Refusal.KEY_IN_USE: "this device is enrolled already, by another invitation; join with that one again",
    Refusal.DEVICE_UNKNOWN: "the coordinator does not know this device; leave the federation and join anew",
    Refusal.DEVICE_REVOKED: "the operator has revoked this device; ask for another invitation",
    Refusal.NONCE_SPENT: "the coordinator found the request too old or sent before; try again",
    Refusal.SIGNATURE_WRONG: "the coordinator found a wrong signature; leave the federation and join anew",
    Refusal.REQUEST_MALFORMED: "the coordinator does not understand this request; bring both to one version",
    Refusal.FILE_UNKNOWN: "the coordinator does not have a file that its release names; tell the operator",
    Refusal.RELEASE_UNKNOWN: "the coordinator does not have the release that it announced; tell the operator",
    Refusal.ROUND_UNKNOWN: "the coordinator has not announced this round; the device declines",
    Refusal.LOG_SHORTER: "the coordinator's log is shorter than the one that this device saw, and a log never takes "
    "anything back; tell the operator's auditors",
    Refusal.BUSY: "the coordinator is busy; try again later",
}
