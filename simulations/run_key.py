"""The key of a simulated run: it signs the round log, the release and at last a seal over the whole folder.

It lies beside the log until the folder is sealed, so that a run that was stopped goes on under the same one, and is
thrown away then.
"""

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared_model.books.notes import Signer
from shared_model.books.round_log import PUBLIC_KEY
from shared_model.books.seal import SEAL, file_sha256, sealed_files
from shared_model.durable import write_atomically
from shared_model.errors import BadInput
from simulations.run_folder import RunFolder

PRIVATE_KEY = "private-key"


def run_signer(folder: RunFolder, *, origin: str) -> Signer | None:
    """Made where there is none yet; None where the run was finished. origin: the name that it signs under."""
    file = folder.log / PRIVATE_KEY
    if (folder.log / PUBLIC_KEY).exists():  # written after the private key, which is whole then
        return Signer.from_skey(file.read_text(encoding="utf-8")) if file.exists() else None
    signer = Signer(name=origin, private_key=Ed25519PrivateKey.generate())
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
        opened.write(signer.skey)
        opened.flush()
        os.fsync(opened.fileno())
    return signer


def release_key(folder: RunFolder) -> Ed25519PrivateKey:
    """What the release is signed with. Raises BadInput where it was lost before the folder was sealed."""
    file = folder.log / PRIVATE_KEY
    if not file.exists():
        raise BadInput(f"{folder.root}: its key is lost, so that it cannot be finished; start the run anew elsewhere")
    return Signer.from_skey(file.read_text(encoding="utf-8")).private_key


def seal(folder: RunFolder) -> None:
    """Sign the hashes of all files and throw the key away: nothing can be changed or signed any more.

    A folder that was sealed stays as it is.
    """
    key, place = folder.log / PRIVATE_KEY, folder.root / SEAL
    if not key.exists():
        return
    if not place.exists():
        signer = Signer.from_skey(key.read_text(encoding="utf-8"))
        files = (path for path in sorted(folder.root.rglob("*")) if path.is_file() and path != key)
        hashes = {path.relative_to(folder.root).as_posix(): file_sha256(path) for path in files}
        write_atomically(place, sealed_files(hashes, signer))
    key.unlink()
