"""The records that server and clients exchange in a round. Whatever else a reply holds is not read.

A reply holds an update or `declined`, nothing beside: no loss, no number of examples, no reason, no time.
"""

ROLL_CALL, TRAIN = "query", "train"
"""Types of message."""

INVITATION, ROUND, CLIP_NORM = "invitation", "round", "clip_norm"
"""Server to client: a configuration record with the number of the round and the clip norm that holds in it, and"""
PARAMETERS = "parameters"
"""an array record with one array (d,) float32, both in the invitation and, as the clipped update (which has one number
more with adaptive clipping, and is int64 below the modulus with distributed trust, where it is simulated), under"""
UPDATE = "update"
"""in the reply, or else"""
DECLINED = "declined"
"""which is a configuration record that says only so."""
SECAGG, MESSAGES = "secagg", "messages"
"""A configuration record: in the invitation to a securely aggregated round with the device's registration number, and
later, alone and both ways, with messages of `shared_model.secagg`. Such a reply holds no update, ever."""
REGISTRATION, NUMBER = "registration", "number"
"""The answer to a roll call: a configuration record with the device's registration number."""
