"""What pip installs, tried in environments that have nothing else of slimnets."""

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import tensorflow as tf

import slimnets
from slimnets import commands

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parent.parent
SOURCES = ("slimnets", "train", "eval", "setup.py", "pyproject.toml", "README.md")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
OFFLINE = ("--no-deps", "--no-index", "--no-build-isolation")
IMPORT_UNDER_BOTH_NAMES = """
import sys
sys.path.append({checkout!r})
import train.convert_dataset, slimnets.train.convert_dataset
import slimnets.eval.list_networks, eval.list_networks
from slimnets import commands
assert train.convert_dataset is slimnets.train.convert_dataset
assert eval.list_networks is slimnets.eval.list_networks
assert commands.load_program("convert-dataset") is train.convert_dataset
print("tensorflow" in sys.modules)
"""


class Environment:
    """A virtual environment with this one's packages, but none that is editable.

    A path in a .pth file is searched for packages alone: the .pth files there, by which
    editable installs are found, are not read.
    """

    def __init__(self, folder: Path):
        self._bin = folder / "venv" / "bin"
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        site = self.run(
            self._bin / "python",
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
        )
        packages = Path(site.stdout.strip()) / "packages.pth"
        packages.write_text(sysconfig.get_path("purelib"))

    def install(self, *words: str | Path) -> None:
        python = ("--python", self._bin / "python")
        self.run(*PIP, *python, "install", *OFFLINE, *words)

    def slimnets(self, *words: str, status: int = 0) -> subprocess.CompletedProcess:
        return self.run(self._bin / "slimnets", *words, status=status)

    def python(self, program: str) -> str:
        return self.run(self._bin / "python", "-c", program).stdout

    def run(self, *words: str | Path, status: int = 0) -> subprocess.CompletedProcess:
        """Runs a command, in a folder that is not the project's."""
        done = subprocess.run(words, cwd=self.elsewhere, capture_output=True, text=True)
        assert done.returncode == status, done.stdout + done.stderr
        return done


def copy_sources(folder: Path) -> Path:
    """Returns a copy of what a package is built of: a build writes beside it."""
    for name in SOURCES:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the wheel that pip builds."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = copy_sources(tmp_path_factory.mktemp("sources"))
    words = (*PIP, "wheel", *OFFLINE, "--wheel-dir", folder, sources)
    subprocess.run(words, check=True, capture_output=True)
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Returns an environment with the wheel."""
    environment = Environment(tmp_path_factory.mktemp("installed"))
    environment.install(wheel)
    return environment


def test_the_wheel_has_the_version_and_no_common_names(wheel):
    assert f"-{slimnets.__version__}-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"slimnets", f"slimnets-{slimnets.__version__}.dist-info"}


def test_the_wheel_has_all_files_of_the_packages(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in (
        ("slimnets", "slimnets"),
        ("train", "slimnets/train"),
        ("eval", "slimnets/eval"),
    ):
        files = (path for path in (PROJECT / folder).rglob("*.*"))
        wanted = {
            f"{package}/{path.relative_to(PROJECT / folder)}"
            for path in files
            if path.suffix != ".pyc" and path.is_file()
        }
        assert wanted <= names


def test_the_wheels_files_alone_are_used(installed):
    where = installed.python("import slimnets; print(slimnets.__file__)")
    assert str(PROJECT) not in where
    missing = (
        "import importlib.util as u; print(u.find_spec('train'), u.find_spec('eval'))"
    )
    assert installed.python(missing) == "None None\n"


def save_zeros(checkpoint: Path, network: str) -> None:
    """Saves a checkpoint of a network's variables, all of them 0."""
    golden = PROJECT / "tests" / "goldens" / f"{network}.json"
    shapes = dict(json.loads(golden.read_text())["variables"])
    tf.raw_ops.SaveV2(
        prefix=str(checkpoint),
        tensor_names=list(shapes),
        shape_and_slices=[""] * len(shapes),
        tensors=[tf.zeros(shape) for shape in shapes.values()],
    )


def test_the_readmes_first_snippet_runs(installed):
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    network = re.search(r'Model\("(\w+)"', snippet)[1]
    checkpoint = re.search(r'"([^"]+\.ckpt)"', snippet)[1]
    save_zeros(installed.elsewhere / checkpoint, network)
    assert "262 variables" in installed.python(snippet)


@pytest.mark.parametrize("name", commands.PROGRAMS)
def test_the_wheel_has_every_program(installed, name):
    assert f"  slimnets {name} " in installed.slimnets(name, "--help").stdout


def test_the_overview_names_what_there_is(installed):
    overview = installed.slimnets()
    assert overview.stderr == ""
    assert f"slimnets {slimnets.__version__}" in overview.stdout
    for text in (*commands.PROGRAMS, "CPU:0", *slimnets.list_networks()):
        assert text in overview.stdout


def test_training_without_a_dataset_takes_the_digits_of_the_wheel(installed):
    printed = installed.slimnets(
        "train",
        "--model=lenet",
        "--max_number_of_steps=2",
        "--batch_size=4",
        "--train_dir=run",
    ).stdout
    assert printed.startswith("no --dataset_dir: handwritten digits, with --")
    assert (installed.elsewhere / "run" / "model.ckpt-2.index").exists()


def test_a_network_of_ones_own_goes_through_the_wheels_programs(installed):
    shutil.copy(PROJECT / "examples" / "pebble.py", installed.elsewhere)
    installed.slimnets(
        "train",
        "--model=pebble:pebble",
        "--max_number_of_steps=2",
        "--batch_size=4",
        "--train_dir=pebbles",
    )
    given = "--checkpoint_path=pebbles"
    assert "385 images" in installed.slimnets("eval", given).stdout
    extracted = installed.slimnets(
        "extract", given, "--end_points=Features", "--output=features.npz"
    )
    assert "Features: 385 x 128" in extracted.stdout
    exported = installed.slimnets("export", given, "--output=exported")
    assert "bytes: 32 of 32 images of the same class" in exported.stdout


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_an_editable_install_has_one_module_a_program(tmp_path, mode):
    (tmp_path / "checkout").mkdir()
    checkout = copy_sources(tmp_path / "checkout")
    environment = Environment(tmp_path)
    environment.install(f"--config-settings=editable_mode={mode}", "-e", checkout)
    program = IMPORT_UNDER_BOTH_NAMES.format(checkout=str(checkout))
    assert environment.python(program) == "False\n"
    assert "slimnets list --" in environment.slimnets("list", "--help").stdout


def test_ci_has_the_oldest_python_and_tensorflow_that_the_wheel_allows(wheel):
    (name,) = (n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("/METADATA"))
    metadata = zipfile.ZipFile(wheel).read(name).decode()
    ci = (PROJECT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    python = re.search(r"^Requires-Python: >=(\S+)$", metadata, re.MULTILINE)[1]
    oldest = re.search(r"^Requires-Dist: tensorflow>=(\S+)$", metadata, re.MULTILINE)
    assert f'python: ["{python}", ' in ci
    assert f'tensorflow: ["tensorflow=={oldest[1]}.*", "tensorflow"]' in ci
