"""What a run's evaluations decide, and how they are kept."""

import csv
import json
import math

import pytest

from slimnets import errors
from slimnets.training.history import JSON_LINES, TABLE, History, Line


def line(step: int, top1: float = 0.5, loss: float = 1.0) -> Line:
    """Returns an evaluation."""
    return Line(
        step=step,
        epoch=step / 10,
        split="validation",
        num_examples=8,
        metrics={"top1": top1, "loss": loss},
        train_loss=0.7,
        learning_rate=0.1,
        moving_averages=False,
        seconds=0.5,
    )


def history(folder, *top1, metric="top1") -> History:
    """Returns the history of a run evaluated at steps 1, 2, 3, ..."""
    made = History(folder, metric, 0)
    for step, value in enumerate(top1, 1):
        made.add(line(step, value), is_written=True)
    return made


def test_the_first_of_the_best(tmp_path):
    made = history(tmp_path, 0.2, 0.6, 0.6, 0.4)
    assert made.best is made.lines[1]
    assert made.count_since_best() == 2
    assert made.knows(4) and not made.knows(5)
    assert made.is_best(line(5, 0.7)) and not made.is_best(line(5, 0.6))


def test_of_the_loss_less_is_better(tmp_path):
    made = History(tmp_path, "loss", 0)
    for step, loss in enumerate((math.nan, 2.0, math.inf, 1.0, 1.5), 1):
        made.add(line(step, loss=loss), is_written=False)
    assert made.best is made.lines[3]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("top1", "times"),
    [
        ((), 0),
        ((0.5, 0.5), 0),
        ((0.5, 0.5, 0.4), 1),
        ((0.5, 0.4, 0.6, 0.5), 0),  # each better one begins the count anew
        ((0.5, 0.5, 0.5, 0.5, 0.5), 2),
        ((0.5, 0.5, 0.5, 0.5, 0.5, 0.9), 2),  # what was lowered stays so
    ],
)
def test_a_plateau(tmp_path, top1, times):
    made = history(tmp_path, *top1)
    assert made.compute_plateau_factor(patience=2, factor=0.1) == 0.1**times


def test_another_process_reads_the_same(tmp_path):
    written = history(tmp_path, 0.1, 1 / 3, math.nan)
    read = History(tmp_path, "top1", last_step=3)
    assert read.lines[:2] == written.lines[:2]
    assert math.isnan(read.lines[2].metrics["top1"])


def test_steps_that_are_lost_are_forgotten(tmp_path):
    history(tmp_path, 0.1, 0.2, 0.3)
    assert [line.step for line in History(tmp_path, "top1", last_step=2).lines] == [
        1,
        2,
    ]


def test_the_files(tmp_path):
    history(tmp_path, 0.25, math.inf)
    rows = [
        json.loads(text) for text in (tmp_path / JSON_LINES).read_text().splitlines()
    ]
    assert rows[0] == {
        "step": 1,
        "epoch": 0.1,
        "split": "validation",
        "num_examples": 8,
        "top1": 0.25,
        "loss": 1.0,
        "train_loss": 0.7,
        "learning_rate": 0.1,
        "moving_averages": False,
        "seconds": 0.5,
    }
    assert rows[1]["top1"] is None
    with (tmp_path / TABLE).open(newline="") as table:
        read = list(csv.DictReader(table))
    assert [row["step"] for row in read] == ["1", "2"]
    assert read[0].keys() == rows[0].keys()


@pytest.mark.parametrize(
    "text", ["[1]\n", "{}\n", '{"step": "x"}\n', '{"step": 1}\n', "\x00", "[" * 10**5]
)
def test_a_file_that_is_none(tmp_path, text):
    (tmp_path / JSON_LINES).write_text(text)
    with pytest.raises(errors.InputError) as caught:
        History(tmp_path, "top1", 9)
    assert f"{tmp_path / JSON_LINES} cannot be read" in str(caught.value)


def test_another_metric_than_before(tmp_path):
    history(tmp_path, 0.5)
    with pytest.raises(errors.InputError, match="no mAP of every evaluation"):
        History(tmp_path, "mAP", 9)
