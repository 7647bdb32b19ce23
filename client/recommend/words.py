"""A reason in a sentence that is true: no path is given words that say more than it reads."""

import time

from client.recommend.reasons import Reason
from client.recommend.shelf import Shelf

NOTHING_PLAYED = "nothing was played yet: what the release's listeners play most"
NOTHING_SPEAKS = "little speaks for or against it"


def in_words(reason: Reason | None, shelf: Shelf, *, anything_played: bool = True) -> str:
    """Such as "its lyrics are like those of Gute Ruh, which you played lately"."""
    if reason is None:
        return NOTHING_SPEAKS if anything_played else NOTHING_PLAYED
    past = " and ".join(shelf.named(each.index).title for each in reason.past)
    others = "simulated listeners" if shelf.collection.release.simulated else "other listeners"
    around = past or "what you played lately"
    return {
        "lyrics": f"its lyrics are near those of {around}",
        "audio": f"it sounds near {around}",
        "transitions": f"{others} play it around {around}",
        "pairs": f"{others} play it after {past} in a row",
        "neighbours": f"{others} who play {around} play it, too",
        "artist": f"it is by the artist of {past}" if past else "its artist is near those you played lately",
        "album": f"it is from the album of {around}",
        "popularity": f"{others} play it much",
        "own_counts": _counts(reason),
        "own_sequence": f"you have played it around plays like {around} before",
        "own_artists": f"you have played its artist {_times(reason.artist_plays)}",
    }[reason.path]


def _counts(reason: Reason) -> str:
    if reason.last_at_s is None:
        return f"you played it {_times(reason.plays)}"
    return (
        f"you played it {_times(reason.plays)}, last on {time.strftime('%Y-%m-%d', time.localtime(reason.last_at_s))}"
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
