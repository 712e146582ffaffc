"""A network as evaluation runs it: folded, and built no oftener than it takes."""

import pytest
import tensorflow as tf

from slimnets.config.inference import InferenceConfig, TrainedNetworkConfig
from slimnets.inference.predictor import Predictor, load_predictor
from slimnets.model import Model

SPEC = tf.TensorSpec([1, 32, 32, 3])


def loaded(**inference) -> Predictor:
    config = TrainedNetworkConfig(model="mobilenet_v1_025", image_size=32)
    return load_predictor(config, 5, InferenceConfig(**inference))


def batch_norms(found: Predictor) -> int:
    run = tf.function(lambda images: found.network(images)[0], autograph=False)
    operations = run.get_concrete_function(SPEC).graph.get_operations()
    return sum(op.type == "FusedBatchNormV3" for op in operations)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_batch_norm_is_folded_unless_told_otherwise(precision):
    assert batch_norms(loaded(precision=precision)) == 0
    assert batch_norms(loaded(precision=precision, fold_batch_norm=False)) == 27


def test_the_network_is_built_once_before_it_runs(monkeypatch):
    calls = []
    call = Model.__call__

    def counted(model, *arguments, **options):
        calls.append(model)
        return call(model, *arguments, **options)

    monkeypatch.setattr(Model, "__call__", counted)
    loaded()
    assert len(calls) == 1
