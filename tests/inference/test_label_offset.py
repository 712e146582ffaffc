"""Which class is class 0, of a checkpoint and of a dataset."""

import pytest

from slimnets import errors
from slimnets.datasets.registry import Dataset
from slimnets.inference import label_offset


def dataset(num_classes: int, first: str = "a") -> Dataset:
    names = (first, *(f"class_{k}" for k in range(1, num_classes)))
    return Dataset("photos", "test", (), (1,), names, 3)


@pytest.mark.parametrize(
    ("num_classes", "data", "offset", "said"),
    [
        (1001, dataset(1001), 0, ""),
        (1000, dataset(1000), 0, ""),
        (5, dataset(5), 0, ""),
        (
            1001,
            dataset(1000),
            -1,
            "checkpoint is the background, so labels are shifted up",
        ),
        (
            1000,
            dataset(1001),
            1,
            "dataset is the background, so labels are shifted down",
        ),
        (1001, dataset(703, "background"), 0, "703: labels are taken as they are"),
        (1000, dataset(703, "background"), 1, "the dataset is the background, so"),
        (5, dataset(6, "background"), 1, "the dataset is the background, so labels"),
    ],
)
def test_what_can_be_told_is_said(num_classes, data, offset, said):
    lines = []
    assert label_offset.choose_offset(num_classes, data, None, lines.append) == offset
    assert len(lines) == bool(said)
    for line in lines:
        assert said in line and line.endswith(f"(--labels_offset={offset})")
        assert line.startswith(
            f"the checkpoint has {num_classes} classes, the dataset photos"
            f" {data.num_classes}: "
        )


@pytest.mark.parametrize(
    ("num_classes", "data"),
    [
        (1001, dataset(703)),
        (1000, dataset(703)),
        (1001, dataset(10)),
        (6, dataset(5)),
        (5, dataset(6)),
        (7, dataset(5, "background")),
    ],
)
def test_what_cannot_be_told_is_not_guessed(num_classes, data):
    with pytest.raises(errors.InputError, match="give --labels_offset=0 if") as caught:
        label_offset.choose_offset(num_classes, data, None, print)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("num_classes", "data", "default", "offset", "said"),
    [
        (4, dataset(6), 2, 2, "labels are shifted down by 2 (--labels_offset=2)"),
        (5, dataset(5), 0, 0, ""),
        (5, dataset(5), 1, 0, "labels are taken as they are (--labels_offset=0)"),
        (1001, dataset(1000), 0, -1, "shifted up by 1 (--labels_offset=-1)"),
    ],
)
def test_training_is_asked_where_nothing_else_tells(
    num_classes, data, default, offset, said
):
    lines = []
    assert (
        label_offset.choose_offset(num_classes, data, default, lines.append) == offset
    )
    assert [said in line for line in lines] == [True] * bool(said)


def test_names_in_the_order_of_the_network():
    data = dataset(3)
    assert label_offset.list_class_names(data.class_names, 0) == (
        "a",
        "class_1",
        "class_2",
    )
    assert label_offset.list_class_names(data.class_names, 1) == ("class_1", "class_2")
    assert label_offset.list_class_names(data.class_names, -1) == (
        "background",
        "a",
        "class_1",
        "class_2",
    )
