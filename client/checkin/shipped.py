"""The instruments that come with this program, and the licences under which one may."""

from pathlib import Path

from client.checkin.instrument import Instrument
from shared_model.errors import BadInput

FOLDER = Path(__file__).parent / "instruments"

LICENCES = {
    "CC-BY-4.0": "named authors",
    "CC-BY-SA-4.0": "named authors, the same licence",
    "CC-BY-NC-SA-3.0-IGO": "named organisation, unmodified or the same licence, not for commercial use",
    "Kessler-2003": "free to use with the citation and its line of copyright (hcp.med.harvard.edu/ncs/k6_scales.php)",
}
"""What may be shipped, and on which condition."""


def shipped() -> tuple[Instrument, ...]:
    """All of them, the most frequent first. Raises BadInput where a file is damaged or of an unlisted licence."""
    read = [may_be_shipped(Instrument.read(path)) for path in FOLDER.glob("*.toml")]
    return tuple(
        sorted(read, key=lambda instrument: (instrument.interval_days, instrument.name != "k6", instrument.name))
    )


def may_be_shipped(instrument: Instrument) -> Instrument:
    """The same. Raises BadInput for a licence that is not in `LICENCES`."""
    if instrument.licence not in LICENCES:
        raise BadInput(
            f"instrument: {instrument.name} is under '{instrument.licence}', which is not among the licences that may "
            "be shipped; keep the file in a folder of your own, and give its path"
        )
    return instrument


def instrument_named(name: str) -> Instrument:
    """A shipped one by its name, or one of the listener's own by the path of its file.

    Raises BadInput where there is none, or where an own file takes the name of a shipped one.
    """
    known = {instrument.name: instrument for instrument in shipped()}
    if name in known:
        return known[name]
    if not name.endswith(".toml"):
        raise BadInput(
            f"checkin: there is no instrument '{name}'; choose of {', '.join(known)}, or a path of a .toml file"
        )
    own = Instrument.read(Path(name))
    if own.name in known:
        raise BadInput(f"instrument: {name}: the name '{own.name}' belongs to a shipped one; choose another")
    return own
