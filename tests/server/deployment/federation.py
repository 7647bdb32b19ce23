"""A deployed federation on this computer: a real SuperLink with TLS, and real devices with real profiles."""

import datetime
import hashlib
import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from client.checkin.record import save
from client.checkin.shipped import instrument_named
from client.consent.purpose import Purpose
from client.files import SETTINGS
from client.ingest.formats import FormatName
from client.ingest.import_history import import_history
from client.ledger.ledger import open_ledger
from client.profile import open_profile
from client.recommend.release_file import STARTER
from client.settings import change_settings
from server import checkpoint
from server.deployment.deployment import Deployment, halt, read_deployment, write_deployment
from server.deployment.let_in import let_in
from server.deployment.runs import start_run
from server.deployment.superlink import SuperLinkPlace, start_superlink, stop_superlink
from server.deployment.supervise import is_running
from server.round import RoundState, ServerStep
from shared_model.books.entries import Entry, Joined
from shared_model.books.notes import Verifier
from shared_model.books.round_log import LEAVES, Leaf, decode_leaf
from shared_model.privacy.plan import PrivacyPlan
from shared_model.round_invitation import Learning
from shared_model.training.local_update import LocalTraining
from tests.client.prepared import make_profile
from tests.server.deployment.cut import Wire

EXPORT = Path("tests/fixtures/spotify/extended.zip").resolve()
DEVICE = Path("tests/client/node/device_process.py").resolve()
CLOCK = datetime.timedelta(days=1)


def plan(**changes: object) -> PrivacyPlan:
    values = {"population": 3, "cohort": 3, "minimum_cohort": 3, "rounds": 3, "max_participations": 9}
    return PrivacyPlan(**({"clip_norm": 0.5, "noise_multiplier": 1.0, "delta": 1e-3} | values | changes))


def learning(**changes: object) -> Learning:
    training = LocalTraining(learning_rate=0.1, batch_size=16, epochs=1)
    sha256 = hashlib.sha256(STARTER.read_bytes()).hexdigest()
    values = {"release": sha256, "training": training, "rank": 4, "seed": 7, "examples": 64, "candidates": 48}
    return Learning(**(values | changes))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificates(folder: Path) -> None:
    """ca.pem, server.pem and server.key.pem, thrown away with the test."""
    now = datetime.datetime.now(datetime.UTC)

    def made(name: str, issuer: x509.Name, *, authority: bool) -> x509.CertificateBuilder:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begun = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
        return (
            begun.serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK)
            .not_valid_after(now + CLOCK)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )

    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")])
    ca = made("authority", name, authority=True).public_key(authority.public_key()).sign(authority, hashes.SHA256())
    leaf = made("server", name, authority=False).public_key(server.public_key()).add_extension(names, critical=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.sign(authority, hashes.SHA256()).public_bytes(pem))
    (folder / "server.key.pem").write_bytes(private_pem(server))


def private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


MOOD = {"pleasure": 0.8132741, "arousal": 0.1957213}


def joined_profile(folder: Path, log_key: Verifier, *, rounds: bool) -> None:
    """As `init`, `consent`, `checkin`, `import` and `join` make it, of a computer that may always work."""
    make_profile(folder)
    allowed = ("run_on_batteries", "run_if_user_active", "run_on_metered")
    changes = {f"eligibility.{name}": "true" for name in allowed}
    change_settings(folder / SETTINGS, changes | {"eligibility.suspend_cpu_usage": "0"})
    with open_profile(folder) as profile:
        for purpose in (Purpose.LISTENING, Purpose.MOOD, *([Purpose.ROUNDS] if rounds else [])):
            profile.consents.decide(purpose, granted=True, at_s=1)
        save(profile.mood_for_writing(), instrument_named("affective_slider"), MOOD, at_s=1_600_000_000)
        import_history(
            EXPORT,
            FormatName.AUTO,
            history=profile.history,
            consent=profile.consents.listening(),
            clock=lambda: 1,
        )
        with open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger:
            ledger.append(Joined(log_key_sha256=hashlib.sha256(log_key.public_key).hexdigest()))


@dataclass
class Device:
    """A profile that has joined, and its process while it runs."""

    folder: Path
    told: dict[str, str]
    number: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with (self.folder / "device.log").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(DEVICE), json.dumps(self.told)],
                env=os.environ | {"PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self) -> str:
        return (self.folder / "device.log").read_text()

    def entries(self) -> tuple[Entry, ...]:
        """Of its ledger, while no process has it."""
        with (
            open_profile(self.folder / "profile") as profile,
            open_ledger(profile.ledger, key=profile.ledger_key, mirror=profile.mirror) as ledger,
        ):
            return ledger.entries

    def kinds(self) -> list[str]:
        return [type(entry).__name__ for entry in self.entries()]

    def pause(self, moment: str) -> None:
        """From now on it waits there: `tests/client/node/device_process.py`."""
        self._reached.unlink(missing_ok=True)
        written = self.folder / "pause.new"
        written.write_text(moment)
        written.replace(self.told["pause"])

    def has_reached_it(self) -> bool:
        return self._reached.exists()

    def go_on(self) -> None:
        Path(self.told["pause"]).unlink(missing_ok=True)

    @property
    def _reached(self) -> Path:
        return Path(self.told["pause"]).with_suffix(".reached")


@dataclass
class Federation:
    root: Path
    place: SuperLinkPlace
    superlink: "subprocess.Popen[bytes] | None" = None
    devices: list[Device] = field(default_factory=list)
    wire: Wire | None = None

    @classmethod
    def begin(cls, root: Path, privacy: PrivacyPlan, *, round_s: float = 30.0, start: bool = True) -> "Federation":
        root.mkdir(exist_ok=True, parents=True)
        certificates(root)
        (root / "log.key.pem").write_bytes(private_pem(Ed25519PrivateKey.generate()))
        deployment = Deployment(
            run="test",
            plan=privacy,
            step=ServerStep(learning_rate=1.0, momentum=0.0),
            learning=learning(),
            round_s=round_s,
            pause_s=0.0,
            release=STARTER,
            log=root / "log",
            log_key=root / "log.key.pem",
            log_name="example.org/test",
        )
        (root / "training").mkdir()
        write_deployment(deployment, root / "training")
        place = SuperLinkPlace(
            home=root / "flower",
            certificate=root / "server.pem",
            key=root / "server.key.pem",
            authority=root / "ca.pem",
            port=free_port() if start else 0,
        )
        federation = cls(root, place)
        if start:
            federation.start_superlink()
        return federation

    @property
    def training(self) -> Path:
        return self.root / "training"

    @property
    def deployment(self) -> Deployment:
        return read_deployment(self.training)

    def start_superlink(self) -> None:
        self.superlink = start_superlink(self.place)

    def run(self) -> int:
        return start_run(self.place, self.training)

    def rest(self) -> None:
        """Halted, with the round that was going on finished."""
        halt(self.training)
        self.wait_for(lambda: not is_running(self.training))

    def enrol(self, *, rounds: bool = True) -> Device:
        """A new profile with an import, its node registered; not started."""
        number = len(self.devices)
        folder = self.root / f"device{number}"
        folder.mkdir()
        vkey = self.deployment.signer().verifier
        joined_profile(folder / "profile", vkey, rounds=rounds)
        key = ec.generate_private_key(ec.SECP384R1())
        (folder / "node.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
        )
        public = folder / "node.pub"
        public.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        )
        keys = {device.number + 1: (device.folder / "node.pub").read_bytes() for device in self.devices}
        let_in(self.place, self.training, keys | {number + 1: public.read_bytes()})
        told = {
            "profile": str(folder / "profile"),
            "superlink": self.place.local,
            "authority": str(self.place.authority),
            "node_key": str(folder / "node.key"),
            "home": str(folder / "flower"),
            "log_key": vkey.vkey,
            "pause": str(folder / "pause"),
        }
        device = Device(folder, told, number)
        self.devices.append(device)
        return device

    def state(self) -> RoundState | None:
        return checkpoint.latest(self.training / "rounds")

    def leaves(self) -> list[Leaf]:
        file = self.root / "log" / LEAVES
        lines = file.read_bytes().splitlines() if file.exists() else []
        return [decode_leaf(line, what="leaf") for line in lines]

    def wait_for(self, condition: Callable[[], bool], within_s: float = 300.0) -> None:
        """It ends as soon as it holds; a machine that does much else takes its time."""
        ends = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < ends, self.logs()
            time.sleep(0.2)

    def wait_for_round(self, number: int, within_s: float = 300.0) -> RoundState:
        self.wait_for(lambda: (state := self.state()) is not None and state.round >= number, within_s)
        found = self.state()
        assert found is not None
        return found

    def logs(self) -> str:
        files = [self.place.home / "superlink.log", *(device.folder / "device.log" for device in self.devices)]
        return "\n".join(f"--- {file}\n{file.read_text()[-3000:]}" for file in files if file.exists())

    def end(self) -> None:
        for device in self.devices:
            if device.process is not None:
                device.process.terminate()
        for device in self.devices:
            device.kill(signal.SIGTERM)
        if self.superlink is not None:
            stop_superlink(self.superlink)
        if self.wire is not None:
            self.wire.close()


def processes_of(folder: Path) -> list[str]:
    """What was started with its state in `folder`, and still runs."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            if f"FLWR_HOME={folder}".encode() in environment:
                left.append((process / "cmdline").read_text())
        except OSError:  # it ended meanwhile
            continue
    return left
