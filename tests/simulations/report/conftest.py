"""An invented result of the real shape. Nothing in it was measured; the numbers only have to look alike."""

import math
from typing import Any

import pytest

INTERVAL_METRICS = ("hr_at_10", "hr_at_20", "ndcg_at_10", "mrr_at_20", "new_hr_at_10", "new_mrr_at_20")


def metrics(level: float) -> dict[str, float | None]:
    """Metrics around `level`, each with an interval, none with the same digits as another."""
    content: dict[str, float | None] = {}
    for metric, factor in zip(INTERVAL_METRICS, (1, 1.31, 0.64, 0.53, 0.41, 0.23), strict=True):
        value = round(level * factor, 4)
        content |= {metric: value, f"{metric}_low": round(value * 0.956, 4), f"{metric}_high": round(value * 1.047, 4)}
    return content | {
        "coverage_at_20": round(0.3 + level, 4),
        "popularity_percentile": round(0.95 - level, 4),
        "gini": round(0.88 - level, 4),
    }


def invented_result(*, level: float = 0.2213, rounds: int = 40) -> dict[str, Any]:
    """A whole result.json, quality evaluated every fourth round."""

    def quality(round_number: int, top: float) -> dict[str, float] | None:
        if round_number % 4:
            return None
        value = 0.187 + (top - 0.187) * (1 - math.exp(-round_number / 10))
        return {"hr_at_10": value, "mrr_at_20": value * 0.53, "new_hr_at_10": value * 0.41}

    def point(number: int) -> dict[str, Any]:
        trained = number > 0
        return {
            "round": number,
            "federated_private": quality(number, level),
            "federated": quality(number, level + 0.021),
            "epsilon_pld": 0.66 * number**0.52 if trained and not number % 4 else None,
            "epsilon_rdp": 0.74 * number**0.52 if trained and not number % 4 else None,
            "cohort": 200 + number % 7 if trained else None,
            "update_norm": 0.31 if trained else None,
            "noise_norm": 0.44 if trained else None,
            "bytes_up": 21_072 * (200 + number % 7) if trained else None,
            "bytes_down": 21_400 * (200 + number % 7) if trained else None,
        }

    groups = ["steady mood", "variable mood", "low valence", "high arousal", "unanswered"]
    recency = [[math.exp(-position * (0.1 + 0.05 * group)) for position in range(20)] for group in range(5)]
    weights = [[weight / sum(row) for weight in row] for row in recency]
    paths = ["lyrics", "audio", "transitions", "item_knn", "popularity", "own_counts", "own_sequence"]
    shares = [[0.08 + 0.03 * group, 0.12, 0.2, 0.16, 0.06, 0.25 - 0.03 * group, 0.13] for group in range(5)]
    own = metrics(level)
    return own | {
        "schema": 1,
        "scenario": "default",
        "variant": None,
        "title": "Lieder, one thousand private listeners",
        "simulated": True,
        "dataset": {
            "name": "lieder",
            "tracks": 1341,
            "public_listeners": 400,
            "private_listeners": 1000,
            "targets": 10000,
            "new_targets": 4100,
            "modalities": {"lyrics": 1341, "audio": 1328},
        },
        "engine": "in-process",
        "seed": 0,
        "rounds": rounds,
        "cohort": 200,
        "trainable": "adapter",
        "trainable_parameters": 5268,
        "head_parameters": 145120,
        "models": {
            "release_0": metrics(0.187),
            "local_only": metrics(0.1954),
            "federated": metrics(level + 0.021),
            "federated_private": own,
        },
        "baselines": {
            "popularity": metrics(0.041),
            "personal_popularity": metrics(0.152),
            "bigram": metrics(0.133),
            "item_knn": metrics(0.161),
            "blend": metrics(0.1935),
        },
        "ceilings": {
            "popularity": metrics(0.0433),
            "personal_popularity": metrics(0.1523),
            "bigram": metrics(0.171),
            "item_knn": metrics(0.1874),
            "blend": metrics(0.252),
        },
        "epsilon_pld": 4.4861,
        "epsilon_rdp": 5.0302,
        "epsilon_device": 16.1031,
        "delta": 1e-4,
        "privacy": {
            "mechanism": "gaussian",
            "unit": "device",
            "relation": "add-or-remove-one",
            "trust": "central",
            "adversary": "release reader",
            "accountants": ["PLD", "RDP"],
            "noise_multiplier": 1.1037,
            "clip_norm": 0.5,
            "sample_rate": 0.2,
            "planned_cohort": 200,
            "minimum_cohort": 150,
            "max_participations": 12,
            "most_participations": 11,
            "device_cap": 18.0,
            "declined_invitations": 137,
            "noise": "reproducible",
        },
        "curve": [point(number) for number in range(rounds + 1)],
        "attention": {"groups": groups, "lyrics": weights, "audio": weights[::-1]},
        "shares": {"groups": groups, "paths": paths, "weights": shares},
        "verdict": [
            "The private run beats release 0 by 0.034 HR@10 (0.221 against 0.187).",
            "Gap to the non-private run: 0.021 HR@10.",
        ],
        "disclosure": [
            "Unit: one device in a round. It is a listener only where enrolment gives each person one device.",
            "Relation: add-or-remove-one. Adversary: whoever reads the releases and cannot see who was sampled.",
            "Sampling: every device flips its own coin each round (Poisson), at a rate fixed in public beforehand.",
            "Tuning: hyper-parameters were chosen on simulated listeners and cost no private budget.",
            "Assumed public: the catalogue, its vectors, and release 0.",
        ],
        "model_sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
        "cost": {
            "seconds": 141.7,
            "cpu_seconds": 251.4,
            "peak_mib": 1312.0,
            "client_updates": 7977,
            "stages": {"pretraining": 38.2, "rounds": 71.9, "evaluation": 25.3, "report": 2.4},
        },
    }


@pytest.fixture
def content() -> dict[str, Any]:
    """A result that the test may change."""
    return invented_result()


@pytest.fixture(scope="session")
def unchanged_content() -> dict[str, Any]:
    """A result that tests share."""
    return invented_result()
