"""The licence of a file by its Debian package's copyright file.

The format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/ ("DEP-5"): paragraphs, each with
patterns of files, in which `*` also stands for slashes; the last paragraph that matches a file is the one that counts.
"""

import re
from fnmatch import fnmatchcase

from shared_model.errors import BadInput
from simulations.pretraining.free_music.packages import FreePackage

_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*)$")


def licence_of(package: FreePackage, copyright_text: str, path: str) -> str:
    """The short name of the licence of `path`, which is relative to the package's folder of music.

    Raises:
        BadInput: the copyright file says nothing of it, or no longer says what `package` says it does.
    """
    if package.sentence is None:
        licence = _machine_readable(copyright_text, f"{package.source_folder}/{path}".lstrip("/"))
    else:
        licence = package.licence if package.sentence in " ".join(copyright_text.split()) else None
    if licence is None:
        raise BadInput(
            f"free music: the copyright file of {package.name} does not say what it said of {path}; read it, and mend "
            "simulations/pretraining/free_music/packages.py"
        )
    return licence


def _machine_readable(text: str, path: str) -> str | None:
    found = None
    for paragraph in re.split(r"\n\s*\n", text):
        fields = _fields(paragraph)
        patterns = fields.get("Files", "").split()
        if "License" in fields and any(fnmatchcase(path, pattern) for pattern in patterns):
            found = fields["License"].partition("\n")[0].strip()
    return found


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = None
    for line in paragraph.splitlines():
        match = _FIELD.match(line)
        if match is not None:
            name = match[1]
            fields[name] = match[2]
        elif name is not None and line[:1] in (" ", "\t"):
            fields[name] += "\n" + line.strip()
    return fields
