"""A quality job as a TOML file says it. Every field is described here; docs/scenarios.md shows it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from simulations.scenario_sections import (
    Count,
    DatasetSection,
    HeadSection,
    Positive,
    PretrainingSection,
    Section,
    Seed,
    SimulatedListenersSection,
)


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed stands twice; give each one once")
    return seeds


class ClearTrainingSection(PretrainingSection):
    """Release 0, trained in the clear once for each seed."""

    epochs: Count = Field(10, description="passes over the examples")
    learning_rate: Positive = Field(0.004, description="peak rate of Adam")
    max_examples: Count = Field(200, description="latest plays of each listener that are learned from")


class QualityEvaluationSection(Section):
    """How quality is measured."""

    resamples: Count = Field(1000, description="bootstrap resamples of listeners for each interval")
    cold_tracks: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.05, description="share of the tracks that one more training never sees; 0 leaves it out"
    )


class QualityScenario(Section):
    """Release 0 alone: trained in the clear, scored by full ranking; no rounds, no privacy."""

    kind: Literal["quality"] = Field(description="release 0 alone, in the clear")
    title: str = Field(description="a line for the head of the report")
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(_distinct)] = Field(
        (0, 1, 2, 3, 4),
        description="one training each; simulated listeners, examples and cold tracks follow the first",
    )
    dataset: DatasetSection
    simulated_listeners: SimulatedListenersSection = SimulatedListenersSection()
    model: HeadSection = HeadSection()
    pretraining: ClearTrainingSection = ClearTrainingSection()
    evaluation: QualityEvaluationSection = QualityEvaluationSection()

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]
