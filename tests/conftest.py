"""What the tests share. Qt draws offscreen unless a test asks for more."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["LANGUAGE"] = "en"  # whatever the desktop speaks
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # never the one of whoever runs the tests
if os.environ.get("LC_ALL") in {"C", "POSIX"}:
    os.environ["LC_ALL"] = "C.UTF-8"  # Qt complains about any locale that is not UTF-8

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keyring
import pytest

from keymon import secret_variables
from keymon.log import LogFile, begin, end
from keymon.secret_values import SECRETS
from tests.gateway import MakeAnyGateway
from tests.gateway_file import GatewayFile
from tests.gateway_server import GatewayServer
from tests.keyrings import MemoryKeyring
from tests.mariadb import MariaDb, installed, mariadb

REAL_GATEWAY = Path(os.environ.get("KEYMON_REAL_GATEWAY", Path(__file__).parents[2] / "shared" / "real-gateway"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--faults", default="8", metavar="all|N", help="of each test in the fault suite all values, or about N (8)"
    )
    parser.addoption(
        "--held", default="100", metavar="MS", help="how long a fault may hold the window's thread (100 ms)"
    )
    parser.addoption("--faults-json", metavar="FILE", help="write what the fault suite has counted into a file")


@pytest.fixture(scope="session", autouse=True)
def recordings_untouched() -> Iterator[None]:
    """Fail a run that changes a file of the recorded gateways, or leaves one beside them."""
    before = digests(REAL_GATEWAY)
    yield
    assert digests(REAL_GATEWAY) == before


def digests(folder: Path) -> dict[str, tuple[str, int]]:
    """Return what tells the files of a gateway's folder from all others: content and time of the last change."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in files
    }


@pytest.fixture(autouse=True)
def secrets_of_our_own() -> Iterator[None]:
    """Forget what keymon took out of the environment, and which secrets it knows."""
    yield
    secret_variables.forget_all()
    SECRETS.forget_all()


@pytest.fixture(autouse=True)
def profiles_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep keymon's own files in a folder of the test's; returned is the file of the profiles, which is not there."""
    folder = tmp_path / "keymon-config"
    monkeypatch.setenv("KEYMON_CONFIG_DIR", str(folder))
    monkeypatch.setenv("KEYMON_LOG_DIR", str(tmp_path / "keymon-log"))
    return folder / "profiles.toml"


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[LogFile]:
    """The log, into which keymon writes meanwhile."""
    end()
    yield begin(tmp_path / "keymon-log")
    end()


@pytest.fixture
def memory_keyring() -> Iterator[MemoryKeyring]:
    """A keyring that a test can look into; otherwise there is none."""
    before = keyring.get_keyring()
    made = MemoryKeyring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def real_gateway(tmp_path: Path) -> Path:
    """A copy of the databases that running gateways wrote, with their own answers."""
    if not REAL_GATEWAY.is_dir():
        pytest.skip("the recorded gateways are not here; set KEYMON_REAL_GATEWAY to their folder")
    folder = tmp_path / "real-gateway"
    shutil.copytree(REAL_GATEWAY, folder, copy_function=shutil.copyfile)
    return folder


MakeGateway = Callable[..., GatewayFile]


@pytest.fixture
def make_gateway(tmp_path: Path) -> Iterator[MakeGateway]:
    """Make gateway databases: `make_gateway(keys=[...], name="gateway.db", MAX_FAILURES="3")`."""
    made: list[GatewayFile] = []

    def make(keys: Sequence[str] = (), name: str = "gateway.db", **settings: str) -> GatewayFile:
        made.append(GatewayFile(tmp_path / name, keys, **settings))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


def need_mariadb() -> None:
    """Skip a test where there is no MariaDB server; in CI it fails there."""
    if not installed():
        reason = "MariaDB's server is not installed (on Debian and Ubuntu: apt install mariadb-server)"
        if os.environ.get("KEYMON_NEED_MARIADB") or os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDb]:
    """A MariaDB server for all tests of a run; where there is none they are skipped, in CI they fail."""
    need_mariadb()
    with mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def second_server() -> Iterator[MariaDb]:
    """Another server, to fail over to, and to kill: what has been committed survives that."""
    need_mariadb()
    with mariadb("--innodb-flush-log-at-trx-commit=2") as server:
        yield server


MakeGatewayServer = Callable[..., GatewayServer]


@pytest.fixture
def make_gateway_server(mariadb_server: MariaDb) -> Iterator[MakeGatewayServer]:
    """Make gateways' databases on a server: `make_gateway_server(keys=[...], MAX_FAILURES="3")`."""
    made: list[GatewayServer] = []

    def make(keys: Sequence[str] = (), **settings: str) -> GatewayServer:
        made.append(GatewayServer(mariadb_server, keys, **settings))
        return made[-1]

    yield make
    for gateway in made:
        gateway.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def make_any_gateway(request: pytest.FixtureRequest) -> MakeAnyGateway:
    """Make gateways' databases of either kind: what uses this runs on SQLite and on MariaDB."""
    made: MakeAnyGateway = request.getfixturevalue(
        {"sqlite": "make_gateway", "mariadb": "make_gateway_server"}[request.param]
    )
    return made
