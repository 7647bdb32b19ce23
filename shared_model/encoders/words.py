"""Whether a text holds lyrics at all. No torch here, so that a scan can ask before it loads anything."""

import re
import unicodedata
from typing import Final, TypeGuard

NO_LYRICS: Final = frozenset(
    {
        *("instrumental", "instrumentals", "instrumental version", "instrumental track", "instrumental piece"),
        *("this song is instrumental", "this track is instrumental", "this song is an instrumental"),
        *("this track is an instrumental", "this is an instrumental", "purely instrumental", "no vocals"),
        *("no lyrics", "no lyrics available", "no lyrics found", "lyrics not available", "lyrics not found"),
        *("there are no lyrics", "there are no lyrics for this song", "without lyrics", "without words"),
        *("instrumentalstück", "instrumentalversion", "rein instrumental", "ohne text", "ohne gesang", "kein text"),
        *("instrumentale", "version instrumentale", "morceau instrumental", "sans paroles", "pas de paroles"),
        *("strumentale", "brano strumentale", "senza testo", "senza parole"),
        *("versión instrumental", "tema instrumental", "pista instrumental", "sin letra", "sem letra"),
        *("instrumentaal", "instrumentaali", "instrumentalny", "instrumentální", "enstrümantal", "sözsüz"),
        *("инструментал", "инструментальная", "инструментальная композиция", "без слов", "нет слов"),
        *("インスト", "インストゥルメンタル", "歌詞なし", "純音樂", "純音樂 請欣賞", "纯音乐", "纯音乐 请欣赏"),
        *("纯音乐 请您欣赏", "此歌曲为没有填词的纯音乐 请您欣赏", "暂无歌词", "연주곡", "가사 없음"),
    }
)
"""What is written where there is nothing to sing, in lower case, without marks around and within it."""

_NO_LETTERS = re.compile(r"[\W_]+")


def has_words(text: str | None) -> TypeGuard[str]:
    """Whether there is anything to encode: not where no letter is, nor where every line says that there are no lyrics.

    How a line is marked or spelled does not count ("*Instrumental*", "[INSTRUMENTAL]", "~ instrumental ~"), what else
    the text says does: a song with such a line among others is a song.
    """
    lines = () if text is None else filter(None, map(_bare, text.splitlines()))
    return any(line not in NO_LYRICS and any(map(str.isalpha, line)) for line in lines)


def _bare(line: str) -> str:
    return _NO_LETTERS.sub(" ", unicodedata.normalize("NFKC", line)).strip().lower()
