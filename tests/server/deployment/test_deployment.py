import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from server.deployment import deployment as module
from server.deployment.deployment import halt, held, is_halted, read_deployment, resume, write_deployment
from shared_model.errors import BadInput, Refused, SottovoceError
from shared_model.privacy.plan import Clipping, Mechanism
from shared_model.privacy.spent import Sampling
from tests.server.deployment.federation import Federation, plan


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    return Federation.begin(tmp_path / "s", plan(), start=False)


def test_what_is_written_is_read_and_never_written_again(federation: Federation) -> None:
    found = read_deployment(federation.training)
    assert found.plan == plan()
    with pytest.raises(Refused, match="trains by one plan"):
        write_deployment(found, federation.training)


@pytest.mark.parametrize(
    "changes",
    [
        {"mechanism": Mechanism.OFF, "noise_multiplier": 0.0},
        {"clipping": Clipping.ADAPTIVE},
        {
            "mechanism": Mechanism.MATRIX_FACTORISATION,
            "sampling": Sampling.NONE,
            "bands": 2,
            "cohort": 1,
            "minimum_cohort": 1,
        },
    ],
)
def test_line_6_a_plan_that_devices_cannot_count_is_refused(federation: Federation, changes: dict[str, object]) -> None:
    with pytest.raises(Refused, match="which devices cannot count"):
        replace(federation.deployment, plan=plan(**changes))


def test_a_damaged_file_or_key_is_a_sentence(federation: Federation) -> None:
    deployment = federation.deployment
    deployment.log_key.write_bytes(b"nothing")
    with pytest.raises(BadInput, match="cannot be read; restore it"):
        deployment.signer()
    (federation.training / "deployment.json").write_bytes(b"{")
    with pytest.raises(BadInput, match="restore it from a backup"):
        read_deployment(federation.training)


def test_a_halt_lasts_until_it_is_taken_back(federation: Federation) -> None:
    assert not is_halted(federation.training)
    halt(federation.training)
    assert is_halted(federation.training)
    resume(federation.training)
    resume(federation.training)
    assert not is_halted(federation.training)


def test_one_process_runs_rounds(federation: Federation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_S", 0.3)
    command = (
        "import sys, pathlib; from server.deployment.deployment import held\n"
        "with held(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command, str(federation.training)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SottovoceError, match="another process runs the rounds"), held(federation.training):
            pass
        other.kill()
    with held(federation.training):
        pass
