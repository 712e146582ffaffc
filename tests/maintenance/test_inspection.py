"""Inspection: every variable with kind, type, shape and figures; NaN is told."""

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.maintenance import inspection


def test_a_run_is_inspected(run):
    text = inspection.inspect(str(run))
    rows = {line.split()[0]: line.split() for line in text.splitlines()}
    assert rows["Tiny/Conv/weights"][1:4] == ["network", "float32", "3x3x3x4"]
    assert rows["Tiny/Conv/weights/Momentum"][1] == "slot"
    assert rows["Tiny/Conv/weights/ExponentialMovingAverage"][1] == "average"
    assert rows["global_step"][1:5] == ["training", "int64", "scalar", "3"]
    assert "network: 6 arrays, 135 values" in text


def test_figures_are_of_finite_values_and_faults_are_counted(tmp_path):
    values = {
        "a": np.array([1, np.nan, 3, -np.inf], np.float32),
        "b": np.array([], np.float32),
        "c": tf.constant([1.5, 2.5], tf.bfloat16).numpy(),
        "d": np.array([np.nan], np.float32),
    }
    text = inspection.inspect(checkpoints.save(tmp_path, 1, values))
    rows = {line.split()[0]: line.split() for line in text.splitlines()}
    assert rows["a"][3:] == ["4", "1", "2", "1", "3", "(2", "NaN", "or", "infinite)"]
    assert rows["b"][4:] == ["-"] * 4
    assert rows["c"][2:] == ["bfloat16", "2", "1.5", "2", "0.5", "2.5"]
    assert "2 variables hold NaN or infinite values, such as a, d" in text


def test_a_wildcard_chooses(run):
    text = inspection.inspect(str(run), "*/biases")
    assert "Tiny/Logits/biases" in text and "Conv" not in text
    with pytest.raises(errors.InputError, match="holds nothing of the name 'x'"):
        inspection.inspect(str(run), "x")
