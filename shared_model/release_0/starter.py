"""The release 0 that is installed with sottovoce, until an operator or a listener names another (STARTER.md)."""

from pathlib import Path

STARTER = Path(__file__).with_name("starter.safetensors")
