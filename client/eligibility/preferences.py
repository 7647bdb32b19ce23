"""When this computer may train, under the names that BOINC gave these preferences (global_prefs_override.xml)."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Assumption(StrEnum):
    """What the owner may vouch for where it cannot be read. A reading always goes before it."""

    MAINS = "mains"
    IDLE = "idle"
    UNMETERED = "unmetered"
    QUIET = "quiet"


class EligibilitySettings(BaseModel):
    """What is asked of the computer before it works. By default: on power, idle, and on an unmetered network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paused: bool = Field(False, description="Wait until this is taken back: no tuning, no rounds.")
    run_on_batteries: bool = Field(False, description="Also work on battery.")
    run_if_user_active: bool = Field(False, description="Also work while somebody uses the computer.")
    idle_time_to_run: float = Field(
        3.0, ge=0, le=9999, description="Minutes without use after which the computer counts as idle."
    )
    suspend_cpu_usage: float = Field(
        25.0, ge=0, le=100, description="Wait while other programs use more than so many percent of the CPU; 0: never."
    )
    start_hour: float = Field(
        0.0, ge=0, le=24, description="Hour of the day, local time, from which it may work; equal to the end: always."
    )
    end_hour: float = Field(0.0, ge=0, le=24, description="Hour at which it stops; before the start: past midnight.")
    net_start_hour: float = Field(0.0, ge=0, le=24, description="The same for rounds, which use the network.")
    net_end_hour: float = Field(0.0, ge=0, le=24, description="Hour at which rounds stop.")
    run_on_metered: bool = Field(
        False, description="Also take part in rounds on a metered network; not a preference of BOINC."
    )
    assume: tuple[Assumption, ...] = Field(
        (),
        description='Taken as given where it cannot be read: "mains", "idle", "unmetered", "quiet"; "yes": all of it.',
    )

    @field_validator("assume", mode="before")
    @classmethod
    def _all_of_it(cls, given: object) -> object:
        return tuple(Assumption) if given == "yes" else given
