"""Datasets of TensorFlow Datasets, of builders that are made here."""

import sys

import numpy as np
import pytest
import tensorflow as tf

from slimnets import errors, user_cache
from slimnets.datasets import sources, tfrecord
from tests import extras

CLASSES = ["red", "green", "blue"]


def prepare(name, said=None):
    """Returns the source of a name."""
    say = (said if said is not None else []).append
    return sources.prepare(f"tfds:{name}", say, sources.PhotoReading())


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(user_cache.HOME, str(tmp_path / "home"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(errors.InputError, match=r"pip install 'slimnets\[tfds\]'"):
        prepare("mnist")


def test_a_name_stays_what_it_is():
    assert sources.make_absolute("tfds:mnist") == "tfds:mnist"


def make_images(count, seed):
    noise = np.random.default_rng(seed)
    return noise.integers(0, 256, (count, 6, 5, 3)).astype(np.uint8)


def define_builders(tfds):
    """Defines the builders, whose names the library then knows."""

    class TinyColours(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(
                    {
                        "image": tfds.features.Image(shape=(None, None, 3)),
                        "label": tfds.features.ClassLabel(names=CLASSES),
                        "id": tfds.features.Scalar(np.int64),
                    }
                )
            )

        def _split_generators(self, dl_manager):
            return {"train": self._generate(7, 0), "test": self._generate(3, 1)}

        def _generate(self, count, seed):
            for k, image in enumerate(make_images(count, seed)):
                yield k, {"image": image, "label": k % 3, "id": k}

        _generate_examples = _generate

    class TinyTags(TinyColours):
        def _info(self):
            tags = tfds.features.Sequence(tfds.features.ClassLabel(names=CLASSES))
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(
                    {
                        "picture": tfds.features.Image(encoding_format="jpeg"),
                        "tags": tags,
                    }
                )
            )

        def _generate_examples(self, count, seed):
            for k, image in enumerate(make_images(count, seed)):
                yield k, {"picture": image, "tags": [[], [2, 0], [1]][k % 3]}

        _generate = _generate_examples

    return TinyColours, TinyTags


@extras.needs("tfds")
@pytest.mark.filterwarnings("ignore")
def test_builders_are_read_by_name(monkeypatch):
    import tensorflow_datasets as tfds

    define_builders(tfds)
    monkeypatch.setattr(tfds.core.utils.gcs_utils, "_is_gcs_disabled", True)
    said = []
    source = prepare("tiny_colours", said)
    assert said[0].startswith("tfds:tiny_colours: tiny_colours/1.0.0 of TensorFlow")
    assert source.list_splits() == ["test", "train"]
    dataset = source.get_dataset("train")
    assert dataset.class_names == ("red", "green", "blue")
    pictures = {image.tobytes(): k % 3 for k, image in enumerate(make_images(7, 0))}
    found = {}
    for record in tfrecord.read_records(dataset.files):
        parsed = tfrecord.parse_example(record)
        pixels = tf.io.decode_png(parsed["encoded"]).numpy()
        found[pixels.tobytes()] = int(parsed["label"])
    assert found == pictures
    said.clear()
    assert prepare("tiny_colours", said) == source
    assert not said
    tags = prepare("tiny_tags").get_dataset("test")
    assert tags.multi_label
    labels = [
        tfrecord.parse_example(record, ["labels"])["labels"].numpy().tolist()
        for record in tfrecord.read_records(tags.files)
    ]
    assert sorted(labels) == [[], [0, 2], [1]]
    with pytest.raises(errors.InputError, match="cannot make 'tiny_colour'"):
        prepare("tiny_colour")
