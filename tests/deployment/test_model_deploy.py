"""Clones train as one network with the whole batch would."""

import numpy as np
import tensorflow as tf

from slimnets import slim
from slimnets.deployment import model_deploy

v1 = tf.compat.v1
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(8, 3)).astype(np.float32)
LABELS = RNG.normal(size=(8, 1)).astype(np.float32)


def build(images, labels):
    net = slim.fully_connected(images, 4, normalizer_fn=slim.batch_norm, scope="hidden")
    net = slim.fully_connected(
        net,
        1,
        activation_fn=None,
        weights_regularizer=slim.l2_regularizer(0.1),
        scope="out",
    )
    slim.losses.mean_squared_error(net, labels)
    v1.summary.scalar("output", tf.reduce_mean(net))
    return net


def deploy(num_clones, optimizer=True, **options):
    config = model_deploy.DeploymentConfig(num_clones, clone_on_cpu=True)
    return model_deploy.deploy(
        config,
        build,
        [tf.constant(IMAGES), tf.constant(LABELS)],
        optimizer=v1.train.GradientDescentOptimizer(0.1) if optimizer else None,
        **options,
    )


def trained(num_clones):
    """Returns the losses of two steps, and the variables after them."""
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        with slim.arg_scope(
            [slim.fully_connected], weights_initializer=v1.ones_initializer()
        ):
            model = deploy(num_clones)
        session.run(v1.global_variables_initializer())
        losses = [session.run(model.train_op) for _ in range(2)]
        values = {v.op.name: session.run(v) for v in v1.global_variables()}
    return losses, values


def test_clones_of_one_batch_do_the_work_of_one():
    losses, values = trained(1)
    of_clones, values_of_clones = trained(3)
    np.testing.assert_allclose(of_clones, losses, rtol=1e-5)
    assert losses[1] < losses[0]
    assert values.keys() == values_of_clones.keys()
    for name, value in values.items():
        np.testing.assert_allclose(values_of_clones[name], value, 1e-4, 1e-6, name)
    assert values["global_step"] == 2
    assert np.any(values["hidden/BatchNorm/moving_mean"])


def test_losses_updates_and_summaries_lie_in_the_clones_scopes():
    with tf.Graph().as_default():
        model = deploy(2, summarize_gradients=True)
        for clone in model.clones:
            assert clone.outputs.op.name.startswith(clone.scope)
            assert len(v1.get_collection(v1.GraphKeys.LOSSES, clone.scope)) == 1
            assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS, clone.scope)) == 2
        names = {s.op.name for s in v1.get_collection(v1.GraphKeys.SUMMARIES)}
        assert model.total_loss.op.name == "total_loss"
    assert [clone.scope for clone in model.clones] == ["clone_0/", "clone_1/"]
    assert {"clone_0/output", "clone_0/Losses/regularization_loss"} < names
    assert {"clone_1/Losses/clone_loss", "total_loss_1"} < names
    assert {"out/weights_gradient", "out/weights_gradient_norm"} < names
    assert model.summary_op.op.type == "MergeSummary"


def test_without_an_optimizer_there_is_a_loss_alone():
    with tf.Graph().as_default():
        model = deploy(2, optimizer=False)
    assert model.train_op is None
    assert model.total_loss.shape == []


def test_without_a_loss_there_is_none():
    with tf.Graph().as_default():
        model = model_deploy.deploy(model_deploy.DeploymentConfig(), lambda: None)
    assert model == (None, None, None, [model_deploy.Clone(None, "", "/device:GPU:0")])
