"""What can be simulated on, for `datasets list`."""

from dataclasses import asdict, dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A data set by the name that a scenario's dataset.name takes.

    simulated: whether its listeners are invented; scenario: one that runs on it; source: where it comes from.
    """

    name: str
    simulated: bool
    scenario: str
    source: str

    def as_json(self) -> dict[str, str | bool]:
        """For --json."""
        return asdict(self)


DATASETS = (
    Listed(
        name="lieder",
        simulated=True,
        scenario="default",
        source="embedded: 1,341 public-domain songs (OpenScore Lieder, CC0) as facts and vectors; simulated listeners",
    ),
    Listed(
        name="listening",
        simulated=False,
        scenario="lastfm",
        source="--data FOLDER with sequences.tsv and tracks.tsv: extracts of Last.fm-1K or 30Music",
    ),
    Listed(
        name="lastfm-1k",
        simulated=False,
        scenario="lastfm --set dataset.name=lastfm-1k",
        source="--data FILE: userid-timestamp-artid-artname-traid-traname.tsv of the original Last.fm-1K",
    ),
    Listed(
        name="lastfm-1k-features",
        simulated=False,
        scenario="lastfm-half --set dataset.name=lastfm-1k-features",
        source="--data FOLDER with that file and tables of features by MusicBrainz track id (docs/data.md); not "
        "yet run on the full set",
    ),
    Listed(
        name="music4all-onion",
        simulated=False,
        scenario="lastfm-half --set dataset.name=music4all-onion",
        source="--data FOLDER with userid_trackid_timestamp.tsv.bz2, id_bert.tsv.bz2, id_ivec1024.tsv.bz2; not yet run "
        "on the full set",
    ),
)


def as_table() -> Table:
    """The same for people."""
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "listeners", "run", "source"):
        table.add_column(heading)
    for listed in DATASETS:
        listeners = "simulated" if listed.simulated else "real"
        table.add_row(listed.name, listeners, f"sottovoce-simulate run {listed.scenario}", listed.source)
    return table
