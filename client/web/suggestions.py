"""What Today shows, worked out beside the page: a recommender of a large history takes a second to load."""

from client.checkin.wish import MoodUse, Wish
from client.feedback.record import read_feedback
from client.profile import Profile
from client.recommend.ask import Answer, Asked, ask
from client.recommend.formats import Entry
from client.recommend.options import Novelty
from shared_model.listen import identity_of

SHOWN = 10
_ASKED = 40
"""More than are shown, so that what is hated is followed by the next one at once."""


def suggest(profile: Profile, *, now_s: float) -> Answer:
    """Raises Refused without consent to learn from listening."""
    wish = Wish(use=MoodUse.MATCH, valence=None, arousal=None)
    return ask(profile, Asked(count=_ASKED, source=None, novelty=Novelty.ANY, diversity=0.2, wish=wish), now_s=now_s)


def still_wanted(answer: Answer, profile: Profile, *, now_s: float) -> list[Entry]:
    """Those to show: without what was silenced since they were worked out."""
    said = read_feedback(profile.history, consent=profile.consents.listening())
    silent = [each.about for each in said if each.silences(now_s)]
    identities = {about.identity for about in silent}
    mbids = {about.recording_mbid for about in silent} - {None}
    wanted = (
        entry
        for entry in answer.entries
        if identity_of(entry.named.artist, entry.named.title) not in identities
        and entry.named.recording_mbid not in mbids
    )
    return [entry for entry, _ in zip(wanted, range(SHOWN), strict=False)]
