"""The number of classes is read off the shapes of the classifier's variables."""

import pytest

from slimnets import checkpoints
from slimnets.model import Model


@pytest.mark.parametrize("num_classes", [7, 1001, None])
def test_of_a_checkpoint(tmp_path, num_classes):
    model = Model("tiny", num_classes)
    values = {name: v.numpy() for name, v in model.variables_by_name.items()}
    path = checkpoints.save(tmp_path, 0, values)
    assert checkpoints.read_num_classes(path, "tiny") == num_classes


def test_of_a_real_network_on_small_images():
    shapes = checkpoints.get_variable_shapes("mobilenet_v1_025", 9)
    assert checkpoints.infer_num_classes(shapes, "mobilenet_v1_025") == 9


def test_variables_that_disagree_tell_nothing():
    shapes = checkpoints.get_variable_shapes("tiny", 3)
    shapes["Tiny/Logits/biases"] = [4]
    assert checkpoints.infer_num_classes(shapes, "tiny") is None
