"""Which bundles this installation knows: the one that Flower makes of the very code that is installed here."""

import hashlib
from functools import lru_cache

from flwr.cli.build import build_fab_from_files

from client.node.executor import require_version
from shared_model.bundle import bundle_files


@lru_cache(maxsize=1)  # of the code that runs, which stays what it was when it was started
def known_bundles() -> frozenset[str]:
    """SHA-256, hexadecimal. Raises BadInput for another version of Flower, whose bundles would have other bytes.

    The server's bundle is compressed, so that its bytes also depend on the zlib that Python was built with; another
    one than the server's shows as a refused bundle, never as an accepted one.
    """
    require_version()
    return frozenset({hashlib.sha256(build_fab_from_files(dict(bundle_files()))[0]).hexdigest()})
