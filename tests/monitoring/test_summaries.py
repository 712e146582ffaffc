"""What TensorBoard is given."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

from slimnets.monitoring import summaries as writers


def summaries_in(folder: Path) -> list[tuple[int, str, tf.Tensor]]:
    """Returns (step, tag, tensor) of what stands in a folder's event files."""
    found = []
    for path in folder.glob("events.*"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            found += [
                (event.step, value.tag, tf.make_ndarray(value.tensor))
                for value in event.summary.value
            ]
    return found


def test_summaries(tmp_path):
    summaries = writers.Summaries(str(tmp_path))
    summaries.scalars(3, {"total_loss": 0.5, "losses/regularization": 0.25})
    images = np.linspace(-3, 5, 2 * 4 * 4 * 3).reshape(2, 4, 4, 3).astype(np.float32)
    summaries.images(7, "input", tf.constant(images), most=1)
    summaries.close()
    *scalars, (step, tag, image) = summaries_in(tmp_path)
    assert scalars == [(3, "total_loss", 0.5), (3, "losses/regularization", 0.25)]
    assert (step, tag) == (7, "input")
    _, _, *pngs = image.tolist()
    assert len(pngs) == 1
    decoded = tf.io.decode_png(pngs[0]).numpy()
    assert decoded.shape == (4, 4, 3)
    assert (decoded.min(), decoded.max()) == (0, 255)


def test_summaries_of_nothing_but_gray(tmp_path):
    summaries = writers.Summaries(str(tmp_path))
    summaries.images(1, "input", tf.zeros([5, 4, 4, 1]))
    summaries.close()
    [(_, _, image)] = summaries_in(tmp_path)
    assert len(image.tolist()) == 2 + 4


def test_summaries_that_are_not_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    summaries = writers.Summaries(None)
    summaries.scalars(1, {"loss": 1.0})
    summaries.images(1, "input", tf.zeros([1, 4, 4, 3]))
    summaries.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("what", ["folder", "disk"])
def test_a_folder_that_takes_nothing_is_told_once(tmp_path, monkeypatch, what):
    folder = tmp_path / "events"
    if what == "folder":
        folder.touch()
    lines = []
    summaries = writers.Summaries(str(folder), lines.append)

    def fill(*_, **__):
        monkeypatch.undo()
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    if what == "disk":
        monkeypatch.setattr(tf.summary, "scalar", fill)
    summaries.scalars(1, {"loss": 1.0})
    summaries.scalars(2, {"loss": 1.0})
    summaries.images(2, "input", tf.zeros([1, 4, 4, 3]))
    summaries.close()
    [line] = lines
    assert line.startswith(f"no summaries are written to {folder} from here on: ")
    assert "\n" not in line


def test_a_folder_that_takes_nothing_is_an_error_where_nobody_is_told(tmp_path):
    (tmp_path / "events").touch()
    with pytest.raises(tf.errors.OpError):
        writers.Summaries(str(tmp_path / "events"))
