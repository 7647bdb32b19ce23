"""A distribution service in a process of its own, to be killed: python -m tests.server.serving DIR."""

import sys
import time
from pathlib import Path

from server.distribution.server import DistributionServer
from server.place import open_place
from server.settings import read_settings

if __name__ == "__main__":
    place = open_place(Path(sys.argv[1]))
    with DistributionServer(place, read_settings(place.settings)):
        print("serving", flush=True)
        time.sleep(120)
