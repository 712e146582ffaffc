"""--batch_size=auto: how the search decides, and what a run makes of it."""

import pytest

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.training import batch_size, trainer
from slimnets.training.batch_trial import OutOfMemory, Trial

MANY = 10**6
BEYOND = None  # of memory


def searched(rates: dict[int, float | None], **facts) -> tuple[list[Trial], list[str]]:
    """Searches where each size has a made-up rate; returns trials and lines."""

    def measure(size: int) -> Trial:
        if rates[size] is BEYOND:
            raise OutOfMemory
        held = size / 8 if "available" in facts else None
        return Trial(
            size,
            rates[size],
            held,
            facts.get("available"),
            facts.get("examples", MANY),
        )

    said = []
    return batch_size.search(measure, batch_size.generate_sizes(1), said.append), said


@pytest.mark.parametrize(
    ("replicas", "sizes"), [(1, [8, 16, 32]), (3, [9, 18, 36]), (16, [16, 32, 64])]
)
def test_sizes_are_multiples_of_the_replicas(replicas, sizes):
    several = batch_size.generate_sizes(replicas)
    assert [next(several) for _ in sizes] == sizes


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [
        ({8: 100, 16: 104}, 8),
        ({8: 100, 16: 150, 32: 156}, 16),
        ({8: 100, 16: 150, 32: 140}, 16),
        ({8: 100, 16: 150, 32: 159, 64: 160}, 32),
        ({8: 100, 16: 150, 32: 200, 64: BEYOND}, 32),
    ],
)
def test_the_smallest_that_is_nearly_the_fastest(rates, chosen):
    trials, said = searched(rates)
    assert batch_size.choose(trials) == chosen
    assert len(said) == len(rates)


def test_lines():
    _, said = searched({8: 100, 16: 150, 32: BEYOND}, available=100)
    assert said == [
        "batch size 8: 100.0 images/s, 1.00 GB",
        "batch size 16: 150.0 images/s, 2.00 GB",
        "batch size 32: out of memory",
    ]


def test_what_would_not_fit_is_not_tried():
    trials, said = searched({8: 100, 16: 200, 32: 400}, available=7.9)
    assert said[-1] == "batch size 64: not tried, it would take about 8.0 GB"
    assert batch_size.choose(trials) == 32


def test_a_batch_is_no_larger_than_an_epoch():
    trials, _ = searched({8: 100, 16: 200, 32: 400}, examples=40)
    assert batch_size.choose(trials) == 32


def test_nothing_fits():
    trials, _ = searched({8: BEYOND})
    with pytest.raises(errors.InputError, match=r"^--batch_size=auto: not even the"):
        batch_size.choose(trials)


@pytest.fixture
def trials_of(monkeypatch):
    """Returns what makes up the trials of a run, and counts them."""
    tried = []

    def make(rates: dict[int, float]) -> list[int]:
        def measure(config) -> Trial:
            size = config.data.batch_size
            tried.append(size)
            return Trial(size, rates[size], None, None, MANY)

        monkeypatch.setattr(batch_size, "measure_in_subprocess", measure)
        return tried

    return make


def test_a_run_takes_what_is_found_and_keeps_it(config, trials_of):
    tried = trials_of({8: 10, 16: 20, 32: 20})
    lines = []
    first = trainer.train(config(batch_size="auto"), lines.append)
    assert tried == [8, 16, 32]
    assert lines[-1] == "--batch_size=auto: 16; the learning rate is not scaled with it"
    assert run_settings.read_flags(first.checkpoint)["batch_size"] == 16
    made = config(batch_size="auto", max_number_of_steps=3)
    trainer.train(made, lines.append)
    assert tried == [8, 16, 32]
    assert lines[4] == "--batch_size=auto: 16, with which this run began"


def test_a_folder_without_checkpoints_is_no_run(config, trials_of, tmp_path):
    tried = trials_of({8: 10, 16: 10})
    trainer.train(config(max_number_of_steps=1), print)
    for path in (tmp_path / "run").glob("*ckpt*"):
        path.unlink()
    (tmp_path / "run" / "checkpoint").unlink()
    outcome = trainer.train(config(batch_size="auto"), print)
    assert tried == [8, 16]
    assert run_settings.read_flags(outcome.checkpoint)["batch_size"] == 8


def test_workers_of_several_machines_need_a_number(config):
    made = config(batch_size="auto", strategy="multi_worker")
    with pytest.raises(errors.InputError) as caught:
        trainer.train(made, print)
    assert str(caught.value) == (
        "--batch_size=auto with --strategy=multi_worker: each worker would find"
        " another; give a number"
    )
    assert checkpoints.find(made.run.train_dir) is None
