"""What a lyric is about, as the share of its words that belong to eight small lexicons of our own.

These are facts for the simulated listeners' taste. They are counts of words, not the output of any encoder: a
listener must never like a song for the vector by which the model will look for it.
"""

import re
from collections.abc import Mapping

LANGUAGES = ("de", "en", "fr", "it")

THEMES = ("love", "night", "spring", "death", "prayer", "wandering", "sea", "sorrow")

# A trailing * takes every word that begins so. Written from general knowledge of the four languages' poetry.
_LEXICONS: Mapping[str, Mapping[str, str]] = {
    "love": {
        "de": "lieb* geliebt* herz* kuss* küss* küße* schatz* schätz* braut* treu* hold* minne* umarm*",
        "en": "love* lover* beloved heart* kiss* darling* dear* sweetheart* bride* fond* embrace*",
        "fr": "amour* aim* cœur* coeur* baiser* amant* amoureu* chéri* bienaimé* épous* tendresse* adore*",
        "it": "amor* amat* amo cuor* core cor baci* bacio sposa caro cara",
    },
    "night": {
        "de": "nacht* nächt* abend* mond* stern* traum* träum* schlaf* schläf* schlumm* ruh* dunkel* dämmer*",
        "en": "night* goodnight moon* star stars starry sleep* dream* slumber* dusk* evening* lullaby* rest dark*",
        "fr": "nuit* soir* lune étoile* rêv* dor* sommeil* songe* ombre* obscur* crépuscule*",
        "it": "notte notti luna stella stelle sogn* dorm* sonno riposa* oscur* ombra*",
    },
    "spring": {
        "de": "frühling* lenz* mai maien* blum* blüm* blüh* blüt* rose* röslein* veilchen* grün* vögel* vöglein* "
        "nachtigall* wald* wiese* lerche* knosp*",
        "en": "spring* may flower* blossom* rose* roses violet* green* bird* cuckoo* nightingale* woodland* meadow* "
        "summer* bloom* lark* garden*",
        "fr": "printemps avril mai fleur* rose* lilas oiseau* rossignol* bois vert* verte* jardin* prairie* violette*",
        "it": "primavera aprile maggio fior* rosa rose uccell* usignol* verde prat* giardin*",
    },
    "death": {
        "de": "tod* tot* töt* grab* gräb* sterb* starb* stirb* leich* sarg* begrab* gruft* verwelk*",
        "en": "death* dead die dies died dying grave* tomb* buried bury corpse* coffin* perish* slain",
        "fr": "mort* mour* meur* tomb* cercueil* cimetière* linceul* sépul* trépas*",
        "it": "mort* morir* muor* tomb* sepolcr* bara",
    },
    "prayer": {
        "de": "gott* herr herrn bet* gebet* engel* maria* heilig* fromm* christ* jesu* selig* amen kirch*",
        "en": "god* lord pray* angel* mary holy saint* christ* jesus bless* amen heaven* church* psalm*",
        "fr": "dieu* seigneur* pri* ange anges marie saint* christ* jésus bén* amen église* ciel cieux",
        "it": "dio signor* preg* angel* maria sant* crist* gesù benedett* ciel*",
    },
    "wandering": {
        "de": "wander* wandr* weg wege* reis* fern* heim* fremd* ziehn* zieh* strass* straß* fort scheid* berg* ross",
        "en": "wander* roam* road* away far home* journey* farewell* stranger* path* hill* ride* travel*",
        "fr": "voyag* chemin* loin* route* adieu* pays partir départ* étranger* montagne* errant* exil*",
        "it": "viagg* cammin* lontan* via addio patria partir* stranier* mont*",
    },
    "sea": {
        "de": "meer* see wog* well* fluss* flut* strom* bach* bäch* wasser* ufer* schiff* fisch* ström* strand*",
        "en": "sea seas ocean* wave* river* stream* water* shore* ship* boat* brook* sail* fisher*",
        "fr": "mer mers onde ondes vague* flot flots eau eaux rive* rivage* bateau* navire* ruisseau* fleuve* plage*",
        "it": "mar mare onda onde rio fiume acqua acque riva barca nave lido",
    },
    "sorrow": {
        "de": "schmerz* leid* trän* thrän* wein* klag* kumm* traur* trüb* qual* sorg* seufz* weh* bang* einsam*",
        "en": "sorrow* tear tears weep* wept pain* grief* griev* sigh* alone sad* mourn* woe* weary* lone* cry",
        "fr": "douleur* triste* larme* pleur* peine* chagrin* souffr* soupir* hélas regret* malheur* seul* ennui*",
        "it": "dolor* pianto piang* lagrim* lacrim* pen* sospir* mest* trist* affann* sol* ahi",
    },
}


def _pattern(words: str) -> re.Pattern[str]:
    alternatives = (re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words.split())
    return re.compile(rf"(?:{'|'.join(alternatives)})")


_PATTERNS = {
    theme: {language: _pattern(words) for language, words in languages.items()}
    for theme, languages in _LEXICONS.items()
}


def theme_shares(lyrics: str, language: str | None) -> dict[str, float]:
    """The share of words in each of `THEMES`, 0..1, rounded to thousandths.

    language: one of `LANGUAGES`; for None or any other, each theme takes its best match among the four lexicons.
    A lyric without words has zero shares.
    """
    words = _words(lyrics)
    languages = (language,) if language in LANGUAGES else LANGUAGES
    return {theme: max(_share(words, _PATTERNS[theme][each]) for each in languages) for theme in THEMES}


def _words(lyrics: str) -> list[str]:
    joined = re.sub(r"–\s+", "", lyrics)  # the scores write "mur– mura" where a word is held over two notes
    return re.findall(r"[^\W\d_]+", joined.lower())


def _share(words: list[str], pattern: re.Pattern[str]) -> float:
    if not words:
        return 0.0
    return round(sum(pattern.fullmatch(word) is not None for word in words) / len(words), 3)
