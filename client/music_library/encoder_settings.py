"""What settings.toml may say of the encoders. No torch here: settings are read by every command."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class EncoderSettings(BaseModel):
    """Which encoders `scan` uses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lyrics: str | None = Field(
        None,
        description="Hugging Face folder or hub name of the lyrics encoder. Default: multilingual-e5-small of the "
        "installed packages.",
    )
    audio: Path | None = Field(None, description="File of the audio encoder's weights. Default: those installed.")
    from_release: bool = Field(
        False, description="Fetch the federation's encoders even where some are installed, and use them instead."
    )
