"""Devices of clones, variables and optimizer."""

import pytest
import tensorflow as tf

from slimnets import slim
from slimnets.deployment.config import DeploymentConfig

v1 = tf.compat.v1


def test_one_clone_has_the_first_gpu_and_no_scope():
    config = DeploymentConfig()
    assert config.clone_device(0) == "/device:GPU:0"
    assert config.clone_scope(0) == ""
    assert config.variables_device() == config.inputs_device() == "/device:CPU:0"
    assert config.caching_device() is None


def test_each_of_several_clones_has_a_gpu():
    config = DeploymentConfig(num_clones=2)
    assert [config.clone_device(i) for i in (0, 1)] == [
        "/device:GPU:0",
        "/device:GPU:1",
    ]
    assert [config.clone_scope(i) for i in (0, 1)] == ["clone_0", "clone_1"]
    assert DeploymentConfig(2, clone_on_cpu=True).clone_device(1) == "/device:CPU:0"
    for place in (config.clone_device, config.clone_scope):
        with pytest.raises(ValueError, match="less than num_clones"):
            place(2)


def test_servers_hold_the_variables_in_turn():
    config = DeploymentConfig(num_clones=2, num_ps_tasks=2)
    assert config.clone_device(1) == "/job:worker/device:GPU:1"
    assert config.optimizer_device() == "/job:worker/device:CPU:0"
    with (
        tf.Graph().as_default(),
        slim.arg_scope([slim.variable], device=config.variables_device()),
    ):
        places = [slim.variable(name, []).device for name in "abc"]
        assert tf.no_op().device == ""
        assert config.caching_device()(tf.no_op()) == ""
    assert places == [f"/job:ps/device:CPU:0/task:{task}" for task in (0, 1, 0)] or (
        places == [f"/job:ps/task:{task}/device:CPU:0" for task in (0, 1, 0)]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_replicas": 2}, "num_ps_tasks must be positive"),
        ({"num_ps_tasks": 1, "worker_job_name": ""}, "worker_job_name"),
        ({"num_ps_tasks": 1, "ps_job_name": ""}, "ps_job_name"),
        ({"replica_id": 1}, "replica_id must be less"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        DeploymentConfig(**options)
