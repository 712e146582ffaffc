"""docs/serving.md shows what TensorFlow Serving is sent, and what it answers."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets.config.inference import ExportConfig, TrainedNetworkConfig
from slimnets.inference import exporter

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"


@pytest.mark.slow
def test_the_bodies_on_the_page_are_those_of_an_export(classifier, toy_data, tmp_path):
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    request, answer = map(json.loads, blocks)
    exporter.export(
        ExportConfig(
            trained=TrainedNetworkConfig(
                checkpoint_path=classifier.checkpoint, dataset_dir=toy_data
            ),
            output=str(tmp_path / "1"),
        )
    )
    signature = tf.saved_model.load(str(tmp_path / "1")).signatures[
        request["signature_name"]
    ]
    # A signature of one input takes each instance as its value, {"b64": ...} as bytes.
    [name] = signature.structured_input_signature[1]
    photos = [base64.b64decode(one["b64"]) for one in request["instances"]]
    outputs = signature(**{name: tf.constant(photos)})
    [row] = answer["predictions"]
    assert set(outputs) == set(row)
    assert outputs["label"].numpy() == [b"red"] and row["label"] == "red"
    for part in ("logits", "probabilities"):
        assert outputs[part].shape == (1, len(row[part]))
    np.testing.assert_allclose(
        outputs["probabilities"], classifier.predict(photos), atol=1e-4
    )
    shares = np.exp(row["logits"]) / np.exp(row["logits"]).sum()
    np.testing.assert_allclose(row["probabilities"], shares, atol=2e-3)
