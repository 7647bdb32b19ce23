"""An epsilon job as a TOML file says it. Every field is described here; docs/scenarios.md shows it."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulations.quality.scenario import ClearTrainingSection, QualityEvaluationSection, QualityScenario
from simulations.scenario_sections import (
    Count,
    DatasetSection,
    HeadSection,
    Positive,
    Section,
    Seed,
    SimulatedListenersSection,
)

Kept = Annotated[float, Field(gt=0, le=1)]


class TransitionsSection(Section):
    """What a device contributes, and what is promised for it."""

    pairs: Count = Field(200, description="pairs of tracks that a device contributes, at most")
    epsilons: Annotated[tuple[Positive, ...], Field(min_length=1)] = Field(
        (1.0, 2.0, 4.0, 8.0), description="rows of the table; delta is the population to the power of -1.1"
    )
    extrapolated_to: tuple[Count, ...] = Field(
        (100_000, 1_000_000), description="populations whose noise is tried too, as if so many played alike"
    )
    noise_seeds: Count = Field(5, description="releases of each row, whose gains are averaged")


class EpsilonEvaluationSection(Section):
    """How quality is measured."""

    resamples: Count = Field(1000, description="bootstrap resamples of listeners for each interval")


class EpsilonScenario(Section):
    """Release 0 in the clear, and private transitions beside its public statistics."""

    kind: Literal["epsilon"] = Field(description="private transitions at each epsilon")
    title: str = Field(description="a line for the head of the report")
    seed: Seed = Field(0, description="fixes simulated listeners, training and noise")
    public_kept: Annotated[tuple[Kept, ...], Field(min_length=1)] = Field(
        (1.0, 0.1), description="shares of the public listeners that release 0 learns from, each a part of the table"
    )
    dataset: DatasetSection
    simulated_listeners: SimulatedListenersSection = SimulatedListenersSection()
    transitions: TransitionsSection = TransitionsSection()
    model: HeadSection = HeadSection()
    pretraining: ClearTrainingSection = ClearTrainingSection()
    evaluation: EpsilonEvaluationSection = EpsilonEvaluationSection()

    @model_validator(mode="after")
    def _somebody_is_private(self) -> "EpsilonScenario":
        if self.dataset.public_share == 1:
            raise ValueError("dataset.public_share 1 leaves nobody private; set it below 1")
        return self

    def in_the_clear(self) -> QualityScenario:
        """The job whose release 0 this one starts from."""
        return QualityScenario(
            kind="quality",
            title=self.title,
            seeds=(self.seed,),
            dataset=self.dataset,
            simulated_listeners=self.simulated_listeners,
            model=self.model,
            pretraining=self.pretraining,
            evaluation=QualityEvaluationSection(resamples=self.evaluation.resamples, cold_tracks=0),
        )
