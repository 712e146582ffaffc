"""Images of each class, counted from records."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from slimnets import errors
from slimnets.datasets import arrays, registry
from slimnets.datasets.label_counts import count_labels


def test_every_record_counts_once(tmp_path):
    labels = np.repeat([0, 1, 3], [5, 1, 2])
    images = np.zeros([8, 4, 4, 3], np.uint8)
    split = arrays.Split(images, labels)
    arrays.convert(
        arrays.ArrayDataset(name="few", classes=tuple("abcd"), splits={"train": split}),
        tmp_path,
    )
    assert count_labels(registry.get_dataset(str(tmp_path), "train")) == (5, 1, 0, 2)


def test_labels_of_other_classes_are_counted_as_these():
    dataset = registry.get_dataset(None, "test")
    plain = np.array(count_labels(dataset))
    odd = dataclasses.replace(
        dataset, classes_by_label=(0, 1) * 5, class_names=("even", "odd")
    )
    assert count_labels(odd) == (plain[0::2].sum(), plain[1::2].sum())
    few = dataclasses.replace(dataset, classes_by_label=(-1, 0), class_names=("one",))
    assert count_labels(few) == (plain[1],)


@pytest.mark.slow
def test_a_broken_record_is_named_or_passed_over(tmp_path):
    dataset = registry.get_dataset(None, "test")
    content = bytearray(Path(dataset.files[0]).read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / "digits_test_00000-of-00001.tfrecord"
    path.write_bytes(content)
    broken = dataclasses.replace(dataset, files=(str(path),), counts=dataset.counts[:1])
    with pytest.raises(errors.InputError, match=f"{path}, record "):
        count_labels(broken)
    assert sum(count_labels(broken, skips=True)) < dataset.counts[0]
