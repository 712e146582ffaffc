"""Strategies by name, and what is said where there can be none."""

import json

import pytest
import tensorflow as tf

from slimnets import errors
from slimnets.config.devices import DevicesConfig
from slimnets.distribution import strategies

WORKERS = ["a:1", "b:2"]


def tf_config(kind: str = "worker", index: int = 0, **cluster: list[str]) -> str:
    """Returns what TF_CONFIG holds."""
    cluster = cluster or {"worker": WORKERS}
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


def test_none_is_tensorflows_default():
    strategy = strategies.get_strategy(DevicesConfig("none"))
    assert strategy.num_replicas_in_sync == 1 and strategies.is_chief(strategy)
    assert strategies.get_strategy(
        DevicesConfig("none", num_clones=1, clone_on_cpu=True)
    )


def test_mirrored_on_two_cpus():
    strategy = strategies.get_strategy(DevicesConfig("mirrored", 2, clone_on_cpu=True))
    assert isinstance(strategy, tf.distribute.MirroredStrategy)
    assert strategy.num_replicas_in_sync == 2 and strategies.is_chief(strategy)
    assert all("CPU" in device for device in strategy.extended.worker_devices)


@pytest.mark.parametrize(
    ("arguments", "count"),
    [(("none",), 1), (("mirrored", 2), 2), (("mirrored", 0, True), 1)],
)
def test_replicas_counted_beforehand(arguments, count):
    assert strategies.count_replicas(DevicesConfig(*arguments)) == count
    assert (
        strategies.get_strategy(DevicesConfig(*arguments)).num_replicas_in_sync == count
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("mirrord",), "unknown strategy 'mirrord'; did you mean mirrored"),
        (("none", 2), "--num_clones=2 needs --strategy=mirrored or multi_worker"),
        (("mirrored", 3, True), "cannot split the CPU into 3 devices after"),
        (("multi_worker",), "TF_CONFIG is not set; set it in each process, as in"),
        (("parameter_server",), 'as in TF_CONFIG=\'{"cluster": {"chief": \\["host0'),
        (("tpu", 2), "--num_clones and --clone_on_cpu are about CPUs and GPUs"),
        (("none", 0, False, 600.0, "mine"), "--tpu=mine needs --strategy=tpu"),
    ],
)
def test_what_cannot_be(monkeypatch, arguments, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(errors.InputError, match=message):
        strategies.get_strategy(DevicesConfig(*arguments))


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        tf_config(index=2),
        tf_config("chief"),
        tf_config(index=None),
    ],
)
def test_a_broken_tf_config(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(errors.InputError, match="TF_CONFIG is not usable") as caught:
        strategies.get_strategy(DevicesConfig("multi_worker"))
    assert text in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["worker", "ps"])
def test_parameter_servers_in_a_tf_config(monkeypatch, kind):
    """They would be waited for, without ever taking part."""
    monkeypatch.setenv("TF_CONFIG", tf_config(kind, worker=["a:1"], ps=["b:2"]))
    with pytest.raises(errors.InputError, match="names tasks of the kind ps; workers,"):
        strategies.get_strategy(DevicesConfig("multi_worker"))


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"worker": ["a:1"], "ps": ["b:2"]}, "has to name one chief, at least one ps"),
        ({"worker": ["a:1"], "chief": ["b:2"]}, "has to name one chief, at least one"),
        ({"worker": ["a:1"], "evaluator": ["b:2"]}, "tasks of the kind evaluator; a"),
    ],
)
def test_a_cluster_without_servers_or_chief(monkeypatch, cluster, message):
    monkeypatch.setenv("TF_CONFIG", tf_config(**cluster))
    with pytest.raises(errors.InputError, match=message):
        strategies.get_strategy(DevicesConfig("parameter_server"))


def test_a_worker_on_a_cpu_has_one_replica(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", tf_config())
    with pytest.raises(errors.InputError, match="on a CPU has one replica"):
        strategies.get_strategy(
            DevicesConfig("multi_worker", num_clones=2, clone_on_cpu=True)
        )


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "chief"),
    [
        ({"worker": WORKERS}, "worker", 0, True),
        ({"worker": WORKERS}, "worker", 1, False),
        ({"chief": ["c:0"], "worker": WORKERS}, "worker", 0, False),
        ({"chief": ["c:0"], "worker": WORKERS}, "chief", 0, True),
    ],
)
def test_the_chief_is_the_chief_or_else_the_first_worker(
    monkeypatch, cluster, kind, index, chief
):
    monkeypatch.setenv("TF_CONFIG", tf_config(kind, index, **cluster))

    class Strategy:
        cluster_resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()

    assert strategies.is_chief(Strategy()) is chief
