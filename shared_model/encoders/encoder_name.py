"""What vectors of a lyrics encoder are kept under: its folder's name, and what in the folder makes it another version.

No torch here: a scan asks for the name before it loads anything.
"""

import hashlib
from pathlib import Path
from typing import Final

from shared_model.errors import BadInput

MAKES_A_VERSION: Final = (("int8", "model.int8.onnx"), ("whitened", "whitening.safetensors"))
"""A word for the name, and the file of a folder whose SHA-256 comes after it."""


def name_of(folder: Path) -> str:
    """Of the encoder in `folder`: `FOLDER`, `FOLDER whitened sha256:...`, `FOLDER int8 sha256:... whitened sha256:...`.

    Raises:
        BadInput: a file that makes a version cannot be read.
    """
    return folder.name + "".join(version(word, folder / file) for word, file in MAKES_A_VERSION)


def version(word: str, file: Path) -> str:
    """What `file` adds to a name; nothing where it is not there. Raises BadInput as `name_of`."""
    try:
        with file.open("rb") as content:
            return f" {word} sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise BadInput(f"lyrics encoder: {file} cannot be read ({error.strerror}); mend or remove it") from error
