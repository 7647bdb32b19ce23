"""A reason in a sentence that is true: no path is given words that say more than it read."""

import time

from client.recommend.reasons import Reason
from client.recommend.shelf import Shelf

NOTHING_SPEAKS = "nothing speaks for it in particular"


def in_words(reason: Reason | None, shelf: Shelf) -> str:
    """Such as "it is by the artist of “Gute Ruh”"."""
    if reason is None:
        return NOTHING_SPEAKS
    others = "simulated listeners" if shelf.collection.release.simulated else "other listeners"
    past = " and ".join(_quoted(each.index, shelf) for each in reason.past if each.index != reason.index)
    read = [_quoted(each.index, shelf) for each in reason.past]
    match reason.path:
        case "transitions":
            return f"{others} play it around {past}" if past else f"{others} play it again soon"
        case "pairs":
            return f"{others} play it after {' and then '.join(read)}"
        case "neighbours":
            return f"{others} who play {past} play it, too"
        case "artist":
            return _artist(reason, past, shelf, others)
        case "album":
            return f"it is from the album of {past}" if past else "you were just playing its album"
        case "popularity":
            return _popularity(reason, others)
        case "own_counts":
            return _counts(reason)
        case "own_sequence":
            return f"you have played it near {past} before" if past else "you have soon come back to it before"
        case "own_artists":
            counted = ("artist", reason.artist_plays) if reason.artist_plays else ("album", reason.album_plays)
            return f"you have played its {counted[0]} {_times(counted[1])}"
        case _:
            # attention says which listens count most, not that one of them alone is like the track
            return f"{_fits(reason.path)} what you played lately, with most weight on {' and '.join(read)}"


def _fits(modality: str) -> str:
    return {"lyrics": "its lyrics fit", "audio": "its sound fits"}.get(modality, f"its {modality} fits")


def _artist(reason: Reason, past: str, shelf: Shelf, others: str) -> str:
    if not past:
        return "you were just playing its artist"
    artist = shelf.collection.catalogue.artist
    if all(artist[each.index] == artist[reason.index] for each in reason.past):
        return f"it is by the artist of {past}"
    return f"{others} play its artist near that of {past}"


def _popularity(reason: Reason, others: str) -> str:
    if reason.others_plays:
        return f"{others} played it {_times(reason.others_plays)}"
    return f"{others} played its artist {_times(reason.others_artist_plays)}"


def _counts(reason: Reason) -> str:
    said = f"you played it {_times(reason.plays)}"
    if reason.last_at_s is None:
        return said
    day = time.strftime("%Y-%m-%d", time.localtime(reason.last_at_s))
    return f"{said}, on {day}" if reason.plays == 1 else f"{said}, last on {day}"


def _quoted(index: int, shelf: Shelf) -> str:
    return f"“{shelf.named(index).title}”"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
