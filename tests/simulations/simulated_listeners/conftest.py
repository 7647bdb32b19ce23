import pytest

from simulations.datasets.song_facts import EMBEDDED, SongFacts, load_song_facts


@pytest.fixture(scope="session")
def facts() -> tuple[SongFacts, ...]:
    return load_song_facts(EMBEDDED)
