"""TPUs, of which there is none here: what is said, and who does what on one."""

import urllib.error

import pytest
import tensorflow as tf

from slimnets import Model, errors
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies, tpus, workers
from slimnets.layers import computation


def unknown_name(tpu):
    raise urllib.error.URLError("Name or service not known")


def no_such_op(resolver):
    raise tf.errors.NotFoundError(
        None, None, "TPUs not found in the cluster. Failed\nMore"
    )


@pytest.mark.parametrize(
    ("where", "name", "does", "reason"),
    [
        (tf.distribute.cluster_resolver, "TPUClusterResolver", unknown_name, "service"),
        (tf.tpu.experimental, "initialize_tpu_system", no_such_op, "in the cluster)"),
    ],
)
def test_where_there_is_none_one_line_says_so(monkeypatch, where, name, does, reason):
    monkeypatch.setattr(where, name, does)
    with pytest.raises(errors.InputError, match="no TPU is found by --tpu=l") as caught:
        strategies.get_strategy(DevicesConfig("tpu"))
    assert reason in str(caught.value) and "\n" not in str(caught.value)


class OnTpu(tf.distribute.TPUStrategy):
    """Stands for a strategy over another machine's cores."""

    def __init__(self):
        pass


def test_one_process_drives_all_cores():
    strategy = OnTpu()
    assert tpus.is_on_tpu(strategy) and strategies.is_chief(strategy)
    assert not workers.is_cluster(strategy)
    default = tf.distribute.get_strategy()
    assert strategies.get_local_part(strategy) is default


def test_layers_compute_plainly_on_one(monkeypatch):
    model = Model("lenet", 3)
    monkeypatch.setattr(tf.distribute, "get_strategy", OnTpu)
    assert model.choose_computation(True) == computation.Computation()
