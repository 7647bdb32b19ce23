"""Whether this device has a lyrics encoder of its own. No torch here."""

from shared_model.encoders import e5_folder
from shared_model.errors import BadInput


def is_installed() -> bool:
    """Whether the packages that bring a lyrics encoder are."""
    try:
        for packaged in (e5_folder.WEIGHTS, e5_folder.TOKENIZER):
            e5_folder.installed_file(*packaged)
    except BadInput:
        return False
    return True
