"""The clock, the log lines, the summaries and the signals."""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.util import event_pb2

from slimnets.training import actions


class Clock:
    """A clock that goes on by command."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Puts a clock in the place of actions' time."""
    clock = Clock()
    monkeypatch.setattr(actions, "time", clock)
    return clock


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


def test_every_n_steps(clock):
    every = actions.Every(steps=3)
    assert [step for step in range(1, 10) if every.due(step)] == [3, 6, 9]


def test_steps_in_between_fall_due_at_the_next_that_is_asked_about(clock):
    every = actions.Every(7, steps=5)
    assert [step for step in (8, 9, 11, 14, 21, 24, 25) if every.due(step)] == [
        11,
        21,
        25,
    ]


def test_every_n_seconds(clock):
    every, due = actions.Every(secs=10), []
    for step in range(1, 8):
        clock.now += 4
        if every.due(step):
            due.append(step)
    assert due == [3, 6]


def test_steps_start_the_clock_anew(clock):
    every = actions.Every(steps=5, secs=10)
    clock.now += 9
    assert every.due(5)
    clock.now += 9
    assert not every.due(6)
    clock.now += 1
    assert every.due(7)


def test_never(clock):
    every = actions.Every()
    clock.now += 1e9
    assert not any(every.due(step) for step in range(1, 100))


class TestWaiting:
    """The share of the time, and the line that is said once."""

    def interval(self, clock, waiting, waits, works) -> float:
        with waiting.data():
            clock.now += waits
        clock.now += works
        return waiting.since_last()

    def test_share(self, clock):
        waiting = actions.Waiting(print)
        assert self.interval(clock, waiting, 1, 3) == 0.25
        assert self.interval(clock, waiting, 0, 3) == 0

    def test_it_says_so_once_and_not_of_the_start(self, clock):
        said = []
        waiting = actions.Waiting(said.append)
        self.interval(clock, waiting, 9, 1)
        self.interval(clock, waiting, 1, 19)
        self.interval(clock, waiting, 1, 1)
        assert not said
        for _ in range(3):
            self.interval(clock, waiting, 2, 8)
        [line] = said
        assert line.startswith("the network waits for data 20% of the time; ")


def test_rate(clock):
    rate = actions.Rate(10, batch_size=8)
    clock.now += 4
    assert rate.since_last(12) == (4.0, 2.0)
    clock.now += 1
    assert rate.since_last(14) == (16.0, 0.5)


@pytest.mark.parametrize(("end", "left"), [(250, ", 0:05:00 left"), (None, "")])
def test_a_line_of_progress(capsys, end, left):
    progress = actions.Progress(90, end)
    progress.step()
    progress.report(100, 1.23456, (16.0, 2.0))
    progress.close()
    assert capsys.readouterr().out == (
        f"global step 100: loss = 1.2346 (2.000 sec/step, 16.0 images/s{left})\n"
    )


def test_a_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    progress = actions.Progress(90, 100)
    progress.step()
    progress.report(91, 1.23456, (16.0, 2.0))
    progress.close()
    written = capsys.readouterr()
    assert "91/100" in written.err and "loss 1.2346, 16.0 images/s" in written.err
    assert not written.out


def test_summaries(tmp_path):
    summaries = actions.Summaries(str(tmp_path))
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
    summaries = actions.Summaries(str(tmp_path))
    summaries.images(1, "input", tf.zeros([5, 4, 4, 1]))
    summaries.close()
    [(_, _, image)] = summaries_in(tmp_path)
    assert len(image.tolist()) == 2 + 4


def test_summaries_that_are_not_wanted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    summaries = actions.Summaries(None)
    summaries.scalars(1, {"loss": 1.0})
    summaries.images(1, "input", tf.zeros([1, 4, 4, 3]))
    summaries.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_signal_is_a_request_and_the_second_acts(name):
    number = signal.Signals[name]
    received = []
    before = signal.signal(number, lambda *_: received.append("as usual"))
    try:
        with actions.interruptible() as asked:
            assert asked.by is None
            os.kill(os.getpid(), number)
            assert (asked.by, received) == (name, [])
            os.kill(os.getpid(), number)
            assert received == ["as usual"]
        with actions.interruptible() as asked:
            pass
        os.kill(os.getpid(), number)
        assert asked.by is None and len(received) == 2
    finally:
        signal.signal(number, before)


def test_outside_the_main_thread_nothing_changes():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def run() -> None:
        with actions.interruptible() as asked:
            seen.append(asked.by)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [None] and signal.getsignal(signal.SIGTERM) is before
