"""Modules are imported below slimnets.slim by the paths that tf_slim had for them."""

import importlib
import sys
from pathlib import Path

import pytest
import tf_slim
from tf_slim.ops import variables as slim_variables

import slimnets
from slimnets import slim
from slimnets.mended import modules

HOME = Path(tf_slim.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(HOME).with_suffix("").parts)
    for path in HOME.rglob("*.py")
    if not path.stem.endswith(("_test", "__init__", "test_utils"))
)
NETWORKS = [path for path in MODULES if path.startswith("nets.")]
OURS = {
    "layers": {"conv2d": slim.conv2d, "batch_norm": slim.batch_norm},
    "layers.layers": {"max_pool2d": slim.max_pool2d, "relu6": slim.relu6},
    "layers.optimizers": {"optimize_loss": slim.optimize_loss},
    "ops": {"variables": modules.variables},
    "ops.arg_scope": {"arg_scope": slim.arg_scope},
    "ops.variables": {"local_variable": slim.local_variable},
    "data": {"tfexample_decoder": slim.tfexample_decoder},
    "losses": {"metric_learning": slim.losses.metric_learning},
    "training": {"training": slim.training},
}


@pytest.fixture
def installed(monkeypatch):
    """Puts ours in tf_slim's place for one test."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = {n: m for n, m in sys.modules.items() if n.split(".")[0] == "tf_slim"}
    slim.install()
    yield
    for name in [n for n in sys.modules if n.split(".")[0] == "tf_slim"]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.parametrize("path", [path for path in MODULES if path not in NETWORKS])
def test_every_module_is_found_by_tf_slims_path(path):
    ours = importlib.import_module(f"slimnets.slim.{path}")
    theirs = importlib.import_module(f"tf_slim.{path}")
    assert vars(ours).keys() >= vars(theirs).keys()


@pytest.mark.parametrize("path", NETWORKS)
def test_networks_are_those_of_slimnets(path):
    ours = importlib.import_module(f"slimnets.slim.{path}")
    assert ours is importlib.import_module(f"slimnets.{path}")
    assert ours.__name__ == ours.__spec__.name == f"slimnets.{path}"


@pytest.mark.parametrize("path", OURS)
def test_modules_hold_what_is_ours(path):
    module = importlib.import_module(f"slimnets.slim.{path}")
    for name, value in OURS[path].items():
        assert getattr(module, name) is value


def test_networks_are_an_attribute():
    assert slim.nets is slimnets.nets
    assert slim.nets.vgg.vgg_16 is slimnets.vgg_16
    assert slimnets.nets.mobilenet.mobilenet_v3.large is slimnets.mobilenet_v3_large
    with pytest.raises(AttributeError, match="no attribute 'netz'"):
        _ = slim.netz
    with pytest.raises(ImportError):
        importlib.import_module("slimnets.slim.nets.vggg")


def test_tf_slim_itself_stays_until_ours_is_installed():
    assert importlib.import_module("tf_slim") is tf_slim
    assert importlib.import_module("tf_slim.ops.variables") is slim_variables
    assert tf_slim.conv2d is not slim.conv2d


def test_installed_it_is_what_a_program_imports(installed):
    program = {}
    exec(
        "import tf_slim as slim, tf_slim.nets\n"
        "from tf_slim.nets import inception, resnet_v1\n"
        "from tf_slim.layers import conv2d, utils\n"
        "from tf_slim.data import tfexample_decoder\n"
        "from tf_slim.ops.variables import get_model_variables\n",
        program,
    )
    assert program["slim"] is slim
    assert program["conv2d"] is slim.conv2d
    assert program["utils"] is modules.utils
    assert program["tfexample_decoder"] is slim.tfexample_decoder
    assert program["get_model_variables"] is slim.get_model_variables
    assert program["inception"].inception_v3 is slimnets.inception_v3
    assert program["slim"].nets.resnet_v1 is program["resnet_v1"]
