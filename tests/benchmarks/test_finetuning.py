"""Fine-tuning beside the peers: steps from minutes, the table, the files between."""

import csv

import pytest

from benchmarks import results, speed_page
from benchmarks.finetuning import page, run_slimnets
from benchmarks.finetuning.task import StepClock, Task, count_steps
from slimnets.training import history

TASK = Task(
    network="mobilenet_v1_025",
    width=0.25,
    image_size=128,
    checkpoint="model.ckpt",
    keras_weights="model.weights.h5",
    torch_weights="model.safetensors",
    weight_classes=1001,
    records="data/flowers",
    photos="photos",
    train_dir="run",
    recipe="train/recipes/mobilenet_v1_flowers.flags",
    learning_rate=0.001,
    weight_decay=0.01,
    freeze_batch_norm=False,
    batch_size=32,
    steps=50,
    evaluations=5,
    seed=1,
    threads=0,
)
ROWS = [
    page.Row(who, "", seed, step, 320.0, step / 600, top1)
    for who, seed, step, top1 in (
        ("slimnets", 1, 300, 0.5),
        ("slimnets", 1, 600, 0.8),
        ("slimnets", 2, 300, 0.6),
        ("slimnets", 2, 600, 0.9),
        ("probe", 1, 0, 0.7),
    )
]


def test_as_many_steps_as_fit_into_the_minutes():
    count = count_steps(320.0, 0.5, 32, 5)
    assert count == 300
    assert count_steps(320.0, 0.51, 32, 7) == 301
    assert count_steps(0.1, 0.5, 32, 5) == 5


def test_a_task_is_what_was_written():
    assert Task.read(TASK.write()) == TASK
    assert TASK.evaluated_steps == (10, 20, 30, 40, 50)
    assert TASK.in_folder("elsewhere").train_dir == "elsewhere"


def test_the_table_has_mean_and_deviation_of_the_seeds():
    first, last, probe = page.summarize(ROWS)
    assert first.top1 == "50.0, 60.0"
    assert (last.steps, last.minutes, last.mean) == (600, "1.00", "85.0")
    assert last.deviation == "7.1"
    assert probe.deviation == ""


def test_the_plot_is_drawn(tmp_path):
    page.draw(ROWS, "two seeds", tmp_path / "images" / "plot.png")
    assert (tmp_path / "images" / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_clock_leaves_out_first_steps_and_evaluations(monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(
        "benchmarks.finetuning.task.time.perf_counter", lambda: float(next(now))
    )
    clock = StepClock()
    assert clock.rate(32) == 0
    for _ in range(StepClock.FIRST_STEPS + 5):
        clock.end_step()
    clock.pause()
    next(now)
    clock.end_step()
    assert clock.steps == StepClock.FIRST_STEPS + 6
    assert clock.rate(32) == 32


def test_accuracy_is_read_from_what_a_run_left(tmp_path):
    assert run_slimnets.read_top1(str(tmp_path)) == {}
    kept = history.History(tmp_path, "top1", 20)
    for step in (10, 20):
        metrics = {"top1": step / 100}
        kept.add(
            history.Line(step, 1.0, "test", 4, metrics, 1.0, 0.1, False, 1.0),
            is_written=True,
        )
    assert run_slimnets.read_top1(str(tmp_path)) == {10: 0.1, 20: 0.2}


@pytest.mark.parametrize(
    "path",
    sorted(speed_page.RESULTS.glob("finetune_peers*.csv")),
    ids=lambda path: path.stem,
)
def test_the_page_of_recipes_shows_the_results(path):
    with path.open(encoding="utf-8") as file:
        rows = [
            page.Row(
                line["contender"],
                line["setting"],
                int(line["seed"]),
                int(line["step"]),
                float(line["images_per_s"]),
                float(line["minutes"]),
                float(line["top1"]),
            )
            for line in csv.DictReader(file)
        ]
    shown = (speed_page.ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert results.markdown(page.summarize(rows)) in shown
