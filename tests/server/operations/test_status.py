"""How a federation stands, from its files: what devices said of quality, together, with the noise that was added."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from server import checkpoint
from server.aggregate import Aggregate
from server.commands.status import status as status_command
from server.deployment.books import Books, aborted, open_books
from server.deployment.deployment import read_deployment
from server.operations.deployed import begin_deployment
from server.operations.status import read_status
from server.place import Place
from server.round import RoundRecord, RoundState
from server.settings import Settings
from shared_model.privacy.plan import PrivacyPlan
from shared_model.privacy.randomness import KeyedRandomness, key_from_seed
from shared_model.quality.said import quality_rows
from shared_model.ranking_metrics import discounted_gain, hit
from shared_model.secagg.encoding import QUALITY_GROUPS, Streams, SumEncoding, encode, rotation_seed
from tests.server.coordinator import made, small_settings

DEVICES, TARGETS = 280, 10
REPORTING = {
    "population": 400, "cohort": 300, "minimum_cohort": 200, "honest": 200, "rounds": 5, "delta": 1e-3,
    "noise_multiplier": 1, "device_cap": 1000, "trust": "distributed", "mechanism": "skellam",
    "evaluation_share": 0.2,
}  # fmt: skip


def settings_of(**plan: object) -> Settings:
    return small_settings(*(f"plan.{name}={value}" for name, value in plan.items()))


@pytest.fixture
def place(tmp_path) -> Place:
    return made(tmp_path / "s", settings_of(**REPORTING))


def begun(place: Place) -> tuple[Books, RoundState]:
    folder = begin_deployment(place, settings_of(**REPORTING))
    books = open_books(folder, read_deployment(folder))
    return books, books.recovered()


def plays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ranks, moods and listeners of held-out plays: good with a low valence, bad with a high one, and no silent one."""
    draw = np.random.default_rng(1)
    low = draw.random(DEVICES * TARGETS) < 0.5
    ranks = np.where(low, draw.integers(1, 12, len(low)), draw.integers(8, 60, len(low))).astype(float)
    return ranks, np.stack([low, ~low, np.zeros(len(low), bool)], 1), np.repeat(np.arange(DEVICES), TARGETS)


def reported(state: RoundState, plan: PrivacyPlan) -> RoundState:
    """A round in which every device says what it does when deployed, of no update and of those plays."""
    ranks, moods, listener = plays()
    rows = plan.quality_norm * quality_rows(ranks, moods=moods, listener=listener, devices=DEVICES)
    rows = np.concatenate([np.zeros((DEVICES, len(state.vector))), rows], 1)
    encoding, number = SumEncoding.of(plan, size=len(state.vector)), state.round + 1
    seed = rotation_seed(number, state.vector.numpy())

    def streams(part: int) -> Streams:
        return lambda purpose: KeyedRandomness(key=key_from_seed(part), purpose=purpose, round=number)

    total = Aggregate(len(state.vector), plan=plan, rotation=seed, streams=streams(99))
    for part, some in enumerate(np.array_split(rows, 10)):  # of as many streams: no two devices share their noise
        sent = encode(some, encoding=encoding, seed=seed, randomness=streams(part))
        total.add(torch.from_numpy(sent.view(np.int64)))
    released = total.release(streams(99)("noise"))
    record = RoundRecord(
        round=number, invited=300, answered=DEVICES, declined=20, update_norm=released.update_norm,
        noise_norm=released.noise_norm, bytes_down=0, bytes_up=0, quality=released.quality,
    )  # fmt: skip
    return replace(state, round=number, records=(*state.records, record))


def after_rounds(place: Place) -> RoundState:
    """Two that were released, one between them that was aborted."""
    books, state = begun(place)
    plan = books.deployment.plan
    for _ in range(3):
        books.announce(state, registry_root="ab" * 32)
        state = aborted(state) if state.round == 1 else reported(state, plan)
        books.concluded(state)
    return state


def test_quality_by_mood_is_read_from_the_files_and_true_within_its_interval(place):
    after_rounds(place)
    quality = read_status(place, settings_of(**REPORTING)).as_json()["quality"]
    assert quality["rounds"] == 2
    ranks, moods, _ = plays()
    for block, of_group in zip(quality["groups"][:2], moods.T, strict=False):
        for name, gain in (("hr_at_10", hit), ("ndcg_at_10", discounted_gain)):
            true = gain(ranks[of_group], 10).mean()
            assert block[f"{name}_low"] < true < block[f"{name}_high"]
            assert block[f"{name}_high"] - block[f"{name}_low"] < 0.4
    assert quality["groups"][0]["hr_at_10_low"] > quality["groups"][1]["hr_at_10_high"]
    assert quality["groups"][2]["hr_at_10"] is None  # of which nobody said anything


def test_nothing_of_it_is_of_one_device(place):
    state = after_rounds(place)
    assert [len(record.quality) for record in state.records] == [3 * len(QUALITY_GROUPS), 0, 3 * len(QUALITY_GROUPS)]
    quality = read_status(place, settings_of(**REPORTING)).quality
    assert quality.keys() == {"rounds", "groups"}
    values = {f"{name}{end}" for name in ("hr_at_10", "ndcg_at_10") for end in ("", "_low", "_high")}
    assert [block.keys() for block in quality["groups"]] == [{"group"} | values] * len(QUALITY_GROUPS)


def test_a_kill_after_the_checkpoint_loses_nothing_of_it(place):
    books, state = begun(place)
    books.announce(state, registry_root="ab" * 32)
    state = reported(state, books.deployment.plan)
    checkpoint.save(state, books.folder / "rounds")  # killed here: the outcome is not in the log
    again, recovered = begun(place)
    assert recovered.records[0].quality == state.records[0].quality
    assert recovered.round == 1
    assert again.deployment == books.deployment
    assert read_status(place, settings_of(**REPORTING)).quality["rounds"] == 1


def test_status_prints_a_line_for_each_mood_and_says_what_its_interval_is_of(place, capsys):
    after_rounds(place)
    status_command(place.root, as_json=True)
    found = json.loads(capsys.readouterr().out)["quality"]
    status_command(place.root)
    printed = capsys.readouterr().out
    assert "over 2 rounds; 95 % intervals, of the noise alone" in printed
    low = found["groups"][0]
    assert f"low valence: HR@10 {low['hr_at_10']:.3f} ({low['hr_at_10_low']:.3f} to" in printed
    assert "unanswered: HR@10 too few plays to be told from noise" in printed


@pytest.mark.parametrize("plan", [{}, REPORTING | {"evaluation_share": 0}])
def test_without_a_share_nothing_is_said_of_quality(plan, tmp_path, capsys):
    place = made(tmp_path / "t", settings_of(**plan))
    assert read_status(place, settings_of(**plan)).quality is None
    status_command(place.root)
    assert "uality" not in capsys.readouterr().out


def test_before_the_first_round_there_is_nothing_to_say(place):
    begun(place)
    quality = read_status(place, settings_of(**REPORTING)).quality
    assert quality["rounds"] == 0
    assert all(block["hr_at_10"] is None for block in quality["groups"])
