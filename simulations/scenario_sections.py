"""The tables of a scenario file. Every field is described here; docs/scenarios.md shows it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Candidates = Annotated[int, Field(ge=2, le=96)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Section(BaseModel):
    """A table of a scenario file: its keys are known, and it does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetSection(Section):
    """Whose listening is replayed."""

    name: Literal["lieder", "listening", "lastfm-1k", "lastfm-1k-features", "music4all-onion"] = Field(
        description="`lieder`: the embedded catalogue with simulated listeners; `listening`: a folder with "
        "sequences.tsv and tracks.tsv; `lastfm-1k`: the original Last.fm-1K file; `lastfm-1k-features`: a folder with "
        "it and tables of features; `music4all-onion`: a folder of that set. All but the first are read from --data"
    )
    lyrics_features: str = Field(
        "id_bert", description='table of the lyrics\' vectors, without .tsv or .tsv.bz2; `""` for none'
    )
    audio_features: str = Field("id_ivec1024", description="the same of the audio's vectors")
    public_share: Share = Field(
        0.5,
        description="share of real listeners whose plays train release 0 in the clear; 1, in a quality scenario only: "
        "everyone's plays before the last 15 train, and everyone's last 10 are targets",
    )
    max_targets: Count = Field(10_000, description="held-out plays that are scored, at most")


class SimulatedListenersSection(Section):
    """The invented listeners over the embedded catalogue (docs/simulated-listeners.md)."""

    public: Count = Field(400, description="listeners who train release 0 in the clear")
    private: Annotated[int, Field(ge=2)] = Field(1000, description="listeners who take part in rounds")
    mean_plays: Annotated[int, Field(ge=40)] = Field(120, description="plays of a private listener, on average")
    mood_effect: Share = Field(1.0, description="how far mood moves the weight of lyrics, audio and habit; 0: control")


class HeadSection(Section):
    """The attentive fusion head."""

    modalities: tuple[Literal["lyrics", "audio"], ...] = Field(
        ("lyrics", "audio"), description="content paths; those that the catalogue lacks are left out"
    )
    width: Count = Field(96, description="width of projections and contexts")
    attention_width: Count = Field(48, description="hidden width of temporal attention")


class ModelSection(HeadSection):
    """The attentive fusion head, and what rounds train of it."""

    use_state: bool = Field(True, description="whether the head reads the psychological state")
    trainable: Literal["adapter", "full"] = Field(
        "adapter", description="what rounds train: low-rank updates and the gate, or the whole head"
    )
    rank: Count = Field(8, description="rank of the adapter's updates")
    output: Literal["catalogue", "dense"] = Field(
        "catalogue", description="scores against frozen vectors, or one weight row per track as in the paper"
    )


class PretrainingSection(Section):
    """Release 0, trained on public listeners in the clear."""

    epochs: Count = Field(2, description="passes over the public examples")
    learning_rate: Positive = Field(0.01, description="peak rate of Adam")
    batch_size: Count = Field(256, description="examples a step")
    max_examples: Count = Field(100, description="latest plays of each public listener that are learned from")
    moments: Count = Field(
        180_000, description="moments that are learned from, about at most: where listeners are many, each gives fewer"
    )
    candidates: Candidates = Field(64, description="tracks that a play is told apart from, drawn anew each step")
    hidden_share: Share = Field(
        0.0, description="share of these tracks, drawn anew each step, whose public listening is hidden (DropoutNet)"
    )
    unknown_share: Share = Field(
        0.0, description="share of the moments, drawn anew each step, at which all public listening is hidden"
    )


class TrainingSection(Section):
    """What each client computes in a round."""

    learning_rate: Positive = Field(0.003, description="rate of the local SGD")
    batch_size: Count = Field(16, description="examples a local step")
    epochs: Count = Field(1, description="local passes")
    examples: Count = Field(
        32, description="nominal number of examples of a device, its latest plays: a public constant"
    )
    candidates: Candidates = Field(32, description="tracks that a play is told apart from")
    server_learning_rate: Positive = Field(1.0, description="rate of the server's step")
    server_momentum: Annotated[float, Field(ge=0, lt=1)] = Field(0.9, description="momentum of the server's step")


class ExampleLevelSection(Section):
    """Example-level DP-SGD on each device, in place of plain local training (docs/mechanisms.md). It protects one
    training window, another unit than the device. `privacy.example_level={}` takes it as it stands here; without the
    section, devices train plainly."""

    noise_multiplier: Positive = Field(1.5, description="noise standard deviation of a step / clip_norm")
    clip_norm: Positive = Field(1.0, description="bound on the L2 norm of the gradient of each training window")
    batch_size: Count = Field(
        16, description="expected windows a step, of `training.examples`, which it may not exceed"
    )
    steps: Count = Field(2, description="noised steps of a device in one round")
    learning_rate: Positive = Field(0.003, description="rate of these steps; `training.learning_rate` is not used then")
    delta: Annotated[float, Field(gt=0, lt=1)] = Field(1e-5, description="at which the epsilon of a window is given")
    epsilon_cap: Positive = Field(
        10.0, description="epsilon of a window at which a device declines, over all rounds it takes part in"
    )


class PrivacySection(Section):
    """The plan. Give two of epsilon, noise_multiplier and the scenario's rounds; the third follows."""

    sampling: Literal["poisson", "fixed size", "full participation", "none"] = Field(
        "poisson", description="how cohorts are drawn; `none` counts on nobody's not knowing who is in a round"
    )
    relation: Literal["add-or-remove-one", "replace-one", "zero-out"] = Field(
        "add-or-remove-one",
        description="how neighbouring populations differ; `fixed size` needs replace-one",
    )
    trust: Literal["central", "distributed", "local"] = Field(
        "central",
        description="who adds the noise: the server to each sum; each device a share, of integers, under secure "
        "aggregation; or each device all of it to its update, which needs `sampling` none and `relation` replace-one",
    )
    honest: Count | None = Field(
        None,
        description="with distributed trust: devices of a round that are honest and stay, at least, whose noise is "
        "counted; default: half of the cohort, rounded down",
    )
    evaluation_share: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.0,
        description="with distributed trust: share of what a round may tell that goes to the quality which devices "
        "report in the same noised vector, by mood; 0 reports none",
    )
    protocol: Literal["arithmetic", "full"] = Field(
        "arithmetic",
        description="with distributed trust: `full` runs secure aggregation whole, masks and all; `arithmetic` its "
        "exact noise and sums alone, which come out the same",
    )
    mechanism: Literal["gaussian", "matrix-factorisation", "off"] = Field(
        "gaussian",
        description="`matrix-factorisation` correlates the noise of rounds and needs `sampling` none and the "
        "scenario's rounds; `off` trains without clipping and noise: epsilon is then printed as infinite",
    )
    bands: Count = Field(
        1, description="of the matrix factorisation: a device takes part again after so many rounds at the earliest"
    )
    clipping: Literal["flat", "adaptive"] = Field(
        "flat", description="`adaptive` starts from `clip_norm` and follows the median norm of updates, privately"
    )
    epsilon: Positive | None = Field(None, description="target for readers of releases, at `delta`, solved by PLD")
    noise_multiplier: Positive | None = Field(None, description="noise standard deviation / clip_norm")
    clip_norm: Positive = Field(0.02, description="bound on the L2 norm of a device's update")
    delta: Positive | None = Field(None, description="default: N ** -1.1, N being the number of private listeners")
    minimum_cohort: Annotated[int, Field(ge=0)] = Field(
        0,
        description="a round with fewer answers is aborted, which shows that few answered; 0 never aborts, and with "
        "distributed trust stands for `honest`",
    )
    max_participations: Count | None = Field(
        None, description="rounds a device takes part in, at most; default: twice the expectation, at least 2 more"
    )
    device_cap: Positive | None = Field(None, description="epsilon that a device spends at most, by its own count")
    example_level: ExampleLevelSection | None = Field(
        None, description="example-level DP-SGD on each device, in process only"
    )


class EvaluationSection(Section):
    """When and how quality is measured."""

    every: Count = Field(5, description="rounds between evaluations; the last round is always evaluated")
    resamples: Count = Field(1000, description="bootstrap resamples of listeners for each interval")
