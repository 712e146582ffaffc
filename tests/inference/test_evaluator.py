"""Evaluation is exact, written down, and follows a running training."""

import errno
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.checkpoints.run_settings import RunSettings
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.datasets import arrays, tfrecord
from slimnets.datasets import registry as datasets
from slimnets.distribution import workers
from slimnets.inference import class_matching, evaluation_setup, evaluator
from slimnets.model import Model
from slimnets.training import trainer
from slimnets.training.state import TrainState
from tests import extras
from tests.datasets import records
from tests.datasets.records import write
from tests.tiny_runs import toy_split

CLASSES = ("red", "green", "blue")
AVERAGE = "/ExponentialMovingAverage"


def silent(line: str) -> None:
    """Says nothing."""


def evaluated(path: str | Path, say=silent, **flags) -> list[evaluator.Evaluation]:
    """Evaluates what lies at a path."""
    flags["checkpoint_path"] = str(path)
    return list(evaluator.evaluate(dataclass_flags.from_dict(EvalConfig, flags), say))


def refused(path: str | Path, **flags) -> str:
    """Returns the one line with which evaluation refuses a configuration."""
    with pytest.raises(errors.InputError) as caught:
        evaluated(path, **flags)
    message = str(caught.value)
    assert "\n" not in message
    return message


def images_and_labels(folder: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Reads a split without the pipeline; the images as `plain` prepares them."""
    images, labels = [], []
    files = list(datasets.get_dataset(folder, split).files)
    for record in tf.data.TFRecordDataset(files):
        parsed = tfrecord.parse_example(record)
        images.append(tf.io.decode_png(parsed["encoded"]).numpy() / 127.5 - 1)
        labels.append(int(parsed["label"]))
    return np.array(images, np.float32), np.array(labels)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_every_example_counts_once_whatever_the_batch(run, toy_data, batch_size):
    [result] = evaluated(run, batch_size=batch_size)
    images, labels = images_and_labels(toy_data, "validation")
    model = Model("tiny_bn", 3)
    checkpoints.restore(model.variables_by_name, checkpoints.require(run))
    logits = model(images)[0].numpy().astype(np.float64)
    predictions = logits.argmax(axis=1)
    confusion = np.zeros([3, 3], np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -log_softmax[np.arange(7), labels].mean()
    summary = result.summary
    np.testing.assert_array_equal(summary.confusion_matrix, confusion)
    assert summary.num_examples == 7
    assert summary.top1 == np.mean(predictions == labels)
    assert summary.top5 == 1.0  # of three classes all are among the five
    assert summary.loss == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    "flags",
    [
        {"fold_batch_norm": False},
        pytest.param({"runtime": "openvino"}, marks=extras.marks("openvino")),
        pytest.param(
            {"runtime": "litert", "batch_size": 3}, marks=extras.marks("litert")
        ),
        pytest.param(
            {"runtime": "openvino", "fold_batch_norm": False},
            marks=extras.marks("openvino"),
        ),
    ],
)
def test_any_way_to_run_it_gives_the_same(run, flags):
    [expected] = evaluated(run)
    [result] = evaluated(run, **flags)
    assert result.summary.loss == pytest.approx(expected.summary.loss, rel=1e-4)
    np.testing.assert_array_equal(
        result.summary.confusion_matrix, expected.summary.confusion_matrix
    )


def test_gray_images_for_weights_of_colour(run, tmp_path):
    message = refused(run, use_grayscale=True)
    assert message.startswith(f"{run}/model.ckpt-2 was trained on images in colour: ")
    assert "leave --use_grayscale out" in message
    values = checkpoints.Reader(str(run / "model.ckpt-2")).read()
    kernel = "Tiny/Conv/weights"
    values[kernel] = values[kernel].sum(axis=2, keepdims=True)
    gray = checkpoints.save(tmp_path / "gray", 2, values)
    shutil.copy(run / "settings.json", tmp_path / "gray")
    assert refused(gray) == f"{gray} was trained on gray images: give --use_grayscale"
    assert len(evaluated(gray, use_grayscale=True)) == 1


@pytest.mark.parametrize("strategy", ["tpu", "parameter_server"])
def test_strategies_of_training_alone(run, strategy):
    line = f"--strategy={strategy} is for training; evaluation runs on CPUs and GPUs"
    assert line in refused(run, strategy=strategy)


def test_a_runtime_that_is_not_installed(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert refused(run, runtime="openvino") == (
        "openvino is not installed: pip install 'slimnets[openvino]', or in a checkout"
        " pip install '.[openvino]'"
    )


def test_the_settings_beside_the_checkpoint_say_what_it_is(config, tmp_path):
    made = config(
        use_grayscale=True, image_size=12, preprocessing_name="lenet", batch_size=3
    )
    trainer.train(made, silent)
    lines = []
    [result] = evaluated(tmp_path / "run", lines.append)
    assert (result.dataset.name, result.dataset.split) == ("toy", "validation")
    assert result.class_names == CLASSES
    assert lines == [
        f"restored 4 variables from {tmp_path}/run/model.ckpt-2; 1 in it not used"
    ]


def test_without_settings_flags_say_it(run, toy_data, tmp_path):
    [expected] = evaluated(run)
    (run / "settings.json").unlink()
    assert "so name the network with --model" in refused(run)
    [result] = evaluated(run, model="tiny_bn", dataset_dir=toy_data)
    assert result.summary.loss == expected.summary.loss


@pytest.mark.parametrize("split", ["train", "validation"])
def test_the_split_can_be_named(run, split):
    [result] = evaluated(run, dataset_split_name=split)
    assert result.summary.num_examples == {"train": 12, "validation": 7}[split]
    assert result.eval_dir == str(run / f"eval_{split}")


def test_results_are_written(run, tmp_path):
    [result] = evaluated(run, eval_dir=str(tmp_path / "results"))
    content = json.loads((tmp_path / "results" / "results-2.json").read_text())
    assert content == {
        "checkpoint": str(run / "model.ckpt-2"),
        "global_step": 2,
        "moving_averages": False,
        "dataset": "toy",
        "split": "validation",
        **result.summary.to_json(dict(enumerate(CLASSES))),
    }
    assert [row["name"] for row in content["classes"]] == list(CLASSES)
    [events] = (tmp_path / "results").glob("events.*")
    scalars = {
        value.tag: (event.step, float(tf.make_ndarray(value.tensor)))
        for event in tf.compat.v1.train.summary_iterator(str(events))
        for value in event.summary.value
    }
    assert scalars.keys() == {"eval/Accuracy", "eval/Recall_5", "eval/loss"}
    step, top1 = scalars["eval/Accuracy"]
    assert step == 2 and top1 == pytest.approx(result.summary.top1)


def rename_trained_class(run: Path, was: str, becomes: str) -> None:
    """Changes what the settings beside a checkpoint call a class."""
    path = run / "settings.json"
    path.write_text(path.read_text().replace(f'"{was}"', f'"{becomes}"'))


def test_other_names_of_the_classes_are_refused_or_told(run):
    [expected] = evaluated(run)
    rename_trained_class(run, "green", "lime")
    message = refused(run)
    assert "was not trained on 1 of the 3 classes of toy: green; leave" in message
    lines = []
    [result] = evaluated(run, say=lines.append, labels_offset=0)
    assert lines[0].startswith("class 1 was 'lime' in training, in toy it is 'green':")
    assert result.summary.loss == expected.summary.loss


def test_classes_in_another_order_are_matched_by_name(run, tmp_path):
    [expected] = evaluated(run)
    split = toy_split(7, 1)
    reordered = arrays.ArrayDataset(
        name="reordered",
        classes=("blue", "red"),  # no green one
        splits={
            "test": arrays.Split(
                split.images[split.labels != 1], split.labels[split.labels != 1] == 0
            )
        },
    )
    arrays.convert(reordered, tmp_path / "reordered")
    lines = []
    flags = {"dataset_dir": str(tmp_path / "reordered")}
    [result] = evaluated(run, lines.append, **flags)
    assert lines[:2] == [
        "reordered numbers its classes differently from training, so they are matched"
        " by name: its label 0, blue, is the network's class 2",
        "reordered lacks 1 of the network's 3 classes: green",
    ]
    assert result.class_names == CLASSES
    confusion = expected.summary.confusion_matrix.copy()
    confusion[1] = 0
    np.testing.assert_array_equal(result.summary.confusion_matrix, confusion)


def test_checkpoints_without_a_step_keep_their_results_apart(run, tmp_path):
    for name in ("one.ckpt", "two.ckpt"):
        for part in (".index", ".data-00000-of-00001"):
            (run / f"{name}{part}").write_bytes(
                (run / f"model.ckpt-2{part}").read_bytes()
            )
        evaluated(run / name, eval_dir=str(tmp_path / "results"))
    written = sorted(path.name for path in (tmp_path / "results").glob("*.json"))
    assert written == ["results-one.ckpt.json", "results-two.ckpt.json"]


def test_a_default_folder_that_cannot_be_written_is_no_obstacle(run):
    (run / "eval_validation").touch()
    lines = []
    [result] = evaluated(run, lines.append)
    assert result.eval_dir is None and result.summary.num_examples == 7
    assert lines[-1] == (
        f"no results are written: {run}/eval_validation: File exists; give --eval_dir"
    )


def test_scores_that_cannot_be_written_are_given_all_the_same(run, tmp_path):
    (tmp_path / "file").touch()
    [result] = evaluated(run, eval_dir=str(tmp_path / "file"))
    assert result.eval_dir is None and result.summary.num_examples == 7
    assert result.fault == f"cannot write to --eval_dir={tmp_path}/file: File exists"


def test_a_disk_that_is_full_keeps_the_results_of_before(run, monkeypatch):
    evaluated(run)
    results = run / "eval_validation" / "results-2.json"
    before = results.read_bytes()

    def write_half(path, content):
        with path.open("wb") as file:
            file.write(content[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_half)
    [result] = evaluated(run)
    assert result.eval_dir is None and result.summary.num_examples == 7
    assert result.fault.startswith(
        f"cannot write the results to {run}/eval_validation: [Errno 28] No space left"
    )
    assert results.read_bytes() == before
    assert not list(results.parent.glob("*unfinished*"))


@pytest.mark.parametrize(
    "flags",
    [
        {},
        pytest.param({"eval_interval_secs": 10, "timeout": 15}, marks=pytest.mark.slow),
    ],
)
def test_a_checkpoint_that_a_training_removes_meanwhile(
    config, run, monkeypatch, during_sleep, flags
):
    """The training beside the evaluation keeps one checkpoint."""
    made = config(model="tiny_bn", max_number_of_steps=5, max_checkpoints_to_keep=1)
    load = evaluation_setup.load_predictor

    def train_meanwhile(*arguments):
        trainer.train(made, silent)
        monkeypatch.setattr(evaluation_setup, "load_predictor", load)
        return load(*arguments)

    monkeypatch.setattr(evaluation_setup, "load_predictor", train_meanwhile)
    lines = []
    [result] = evaluated(run, lines.append, **flags)
    assert checkpoints.get_step(result.report.path) == 5
    assert lines[0] == (
        f"{run}/model.ckpt-2 was removed before it could be read; taking the next"
    )


@pytest.mark.usefixtures("ended_pipelines")
@pytest.mark.parametrize(
    "damage", [pytest.param("no image", marks=pytest.mark.slow), "wrong checksum"]
)
def test_bad_records_are_left_out_and_listed(run, toy_data, tmp_path, damage):
    [expected] = evaluated(run)
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "labels.txt").write_text("0:red\n1:green\n2:blue\n")
    [file] = datasets.get_dataset(toy_data, "validation").files
    good = list(tf.data.TFRecordDataset(file).as_numpy_iterator())
    paths = [folder / f"toy_test_0000{k}-of-00002.tfrecord" for k in range(2)]
    bad = tfrecord.make_example(b"text", "png", 1, 8, 8)
    write(paths[0], [*good[:2], bad, good[2]])
    write(paths[1], good[3:])
    if damage == "wrong checksum":
        records.damage(paths[0], 2, "data")
    flags = {"dataset_dir": str(folder), "batch_size": 2}
    assert f"{paths[0]}, record 2 (the first is 0): " in refused(run, **flags)
    flags["on_bad_record"] = "skip"
    [result] = evaluated(run, **flags)
    reason = {"no image": "not an image", "wrong checksum": "its checksum is wrong"}
    [line] = result.left_out
    assert line.startswith(f"{paths[0]}, record 2 (the first is 0): {reason[damage]}")
    assert result.summary.num_examples == 7
    np.testing.assert_array_equal(
        result.summary.confusion_matrix, expected.summary.confusion_matrix
    )
    assert "more than --max_bad_records=0 bad" in refused(
        run, max_bad_records=0, **flags
    )


@pytest.fixture
def evaluate_in_turn(monkeypatch):
    """Returns what evaluates as two workers, the second one first.

    What the second one adds to the sums is kept for the first one, which has the rest.
    """

    def evaluate(run: Path, **flags) -> evaluator.Evaluation:
        sent: list[np.ndarray] = []

        def send(_, *arrays):
            sent.extend(np.copy(array) for array in arrays)
            return arrays

        def add(_, *arrays):
            return [array + sent.pop(0) for array in arrays]

        monkeypatch.setattr(workers, "get_share", lambda strategy: (1, 2))
        monkeypatch.setattr(workers, "sum_over", send)
        monkeypatch.setattr(evaluator, "_require_same_step", lambda *_: None)
        with pytest.raises((RuntimeError, errors.InputError)):  # of half the examples
            evaluated(run, **flags)
        monkeypatch.setattr(workers, "get_share", lambda strategy: (0, 2))
        monkeypatch.setattr(workers, "sum_over", add)
        [result] = evaluated(run, **flags)
        return result

    return evaluate


@pytest.mark.slow
@pytest.mark.usefixtures("ended_pipelines")
def test_a_worker_whose_whole_share_is_bad(run, toy_data, tmp_path, evaluate_in_turn):
    (tmp_path / "labels.txt").write_text("0:red\n1:green\n2:blue\n")
    [file] = datasets.get_dataset(toy_data, "validation").files
    good = list(tf.data.TFRecordDataset(file).as_numpy_iterator())
    bad = tfrecord.make_example(b"text", "png", 1, 8, 8)
    path = tmp_path / "toy_test.tfrecord"
    flags = {"dataset_dir": str(tmp_path), "on_bad_record": "skip"}
    for turn in (1, -1):  # of the second worker, of the first
        write(path, [one for record in good for one in (record, bad)[::turn]])
        result = evaluate_in_turn(run, **flags)
        assert result.summary.num_examples == 7
        assert [line.partition(":")[0] for line in result.left_out] == [
            f"{path}, record {k} (the first is 0)" for k in range(turn == 1, 14, 2)
        ]
    with pytest.raises(errors.InputError, match="more than --max_bad_records=7 bad"):
        write(path, [good[0], *[bad] * 8])
        evaluate_in_turn(run, max_bad_records=7, **flags)
    with pytest.raises(errors.InputError, match="none of the 4 images can be used"):
        write(path, [bad] * 4)
        evaluate_in_turn(run, **flags)


def test_as_many_as_asked_for(config, run, during_sleep):
    made = [config(model="tiny_bn", max_number_of_steps=n) for n in (3, 4)]
    during_sleep += [lambda one=one: trainer.train(one, silent) for one in made]
    results = evaluated(run, eval_interval_secs=10, max_evals=2)
    assert [checkpoints.get_step(r.report.path) for r in results] == [2, 3]


@pytest.fixture
def averaged(config, tmp_path) -> Path:
    """Returns a checkpoint whose averages say red, and whose weights say blue."""
    state = TrainState(config(moving_average_decay=0.9), 3)
    for name, variable in state.variables().items():
        variable.assign(tf.zeros_like(variable))
        if name == "Tiny/Logits/biases":
            variable.assign([0.0, 0.0, 9.0])
        if name == f"Tiny/Logits/biases{AVERAGE}":
            variable.assign([9.0, 0.0, 0.0])
    return Path(state.save(tmp_path / "averaged", keep=1))


@pytest.mark.parametrize(("use", "predicted"), [(True, 0), (False, 2)])
def test_moving_averages(averaged, toy_data, use, predicted):
    [result] = evaluated(
        averaged, model="tiny", dataset_dir=toy_data, use_moving_averages=use
    )
    assert result.report.averaged is use
    assert result.summary.confusion_matrix[:, predicted].sum() == 7


def test_labels_offset(config, tmp_path):
    """Class 0 is the background, which no image shows and the network lacks."""
    images = np.zeros([6, 8, 8, 3], np.uint8)
    data = arrays.ArrayDataset(
        name="with_background",
        classes=("background", "a", "b"),
        splits={
            name: arrays.Split(images, np.array([1, 2, 1, 1, 1, 2]))
            for name in ("train", "test")
        },
    )
    arrays.convert(data, tmp_path / "data")
    flags = {"dataset_dir": str(tmp_path / "data"), "labels_offset": 1}
    trainer.train(config(**flags), silent)
    [result] = evaluated(tmp_path / "run")
    assert result.class_names == ("a", "b")
    assert result.summary.count.tolist() == [4, 2]
    assert result.dataset.split == "test"
    message = refused(tmp_path / "run", labels_offset=0)
    assert "the network has 2 classes, the dataset with_background has 3;" in message


class TestBackground:
    """Published checkpoints, of 1000 and 1001 classes, without settings."""

    @pytest.fixture
    def data(self, tmp_path):
        """Returns a maker of datasets that show the same 3 classes of so many."""

        def make(num_classes: int, labels: list[int], first: str = "a") -> str:
            images = np.random.default_rng(0).integers(0, 255, (6, 8, 8, 3), np.uint8)
            names = (first, *(f"class_{k}" for k in range(1, num_classes)))
            split = arrays.Split(images, np.array(labels))
            folder = tmp_path / f"data_{num_classes}"
            arrays.convert(arrays.ArrayDataset("net", names, {"test": split}), folder)
            return str(folder)

        return make

    @pytest.fixture
    def published(self, tmp_path):
        """Returns a maker of checkpoints that say class `favourite` to any image."""

        def make(num_classes: int, favourite: int) -> str:
            model = Model("tiny", num_classes)
            values = {n: v.numpy() for n, v in model.variables_by_name.items()}
            values["Tiny/Logits/biases"][favourite] = 1e4
            return checkpoints.save(tmp_path / f"published_{num_classes}", 0, values)

        return make

    @pytest.mark.parametrize(
        ("of_checkpoint", "of_dataset", "offset"),
        [(1001, 1001, 0), (1000, 1000, 0), (1001, 1000, -1), (1000, 1001, 1)],
    )
    def test_it_is_found_out_and_said(
        self, data, published, of_checkpoint, of_dataset, offset
    ):
        favourite = 8 + (of_checkpoint == 1001)
        label = 8 + (of_dataset == 1001)
        folder = data(of_dataset, [label, label, label, 5, 6, label])
        lines = []
        path = published(of_checkpoint, favourite)
        [result] = evaluated(path, lines.append, dataset_dir=folder, model="tiny")
        assert result.summary.top1 == 4 / 6
        assert len(result.class_names) == of_checkpoint
        assert result.class_names[favourite] == f"class_{label}"
        told = [line for line in lines if "--labels_offset" in line]
        assert len(told) == (offset != 0)
        for line in told:
            assert line.endswith(f"by 1 (--labels_offset={offset})")

    def test_the_flag_wins(self, data, published):
        folder = data(1001, [8] * 6)
        lines = []
        flags = {"model": "tiny", "dataset_dir": folder, "labels_offset": 2}
        [result] = evaluated(published(1000, 6), lines.append, **flags)
        assert result.summary.top1 == 1
        assert not [line for line in lines if "labels" in line]

    def test_it_is_not_guessed(self, data, published):
        flags = {"model": "tiny", "dataset_dir": data(9, [8] * 6)}
        path = published(1001, 8)
        assert "1001 classes, the dataset net 9: give --labels_offset=0 if" in refused(
            path, **flags
        )
        for said in ({"labels_offset": 0}, {"num_classes": 1001}):
            [result] = evaluated(path, **flags, **said)
            assert result.summary.top1 == 1

    def test_others_weights_are_not_scored_by_number(self, data, published):
        """Published weights have settings without class names: 5 photos' labels are
        none of their classes, though the names are as few."""
        path = published(1000, 8)
        facts = RunSettings(
            model="tiny",
            num_classes=1000,
            image_size=8,
            class_names=(),
            preprocessing_name=None,
            labels_offset=0,
            use_grayscale=False,
            dataset_dir=None,
            dataset_name=None,
        )
        run_settings.write_facts(Path(path).parent, facts)
        assert class_matching.are_nameless(path)
        flags = {"dataset_dir": data(10, [8] * 6)}
        message = refused(path, **flags)
        assert "1000 classes, the dataset net 10: give --labels_offset=0 if" in message
        for said in ({"labels_offset": 0}, {"num_classes": 1000}):
            [result] = evaluated(path, **flags, **said)
            assert result.summary.top1 == 1
        Path(path).parent.joinpath(run_settings.FILE).write_text(
            json.dumps(
                {"run": {**dataclass_flags.to_dict(facts), "class_names": ["x"]}}
            )
        )
        assert not class_matching.are_nameless(path)
        [result] = evaluated(path, **flags)  # its run says labels_offset=0
        assert result.summary.top1 == 1

    def test_more_labels_than_classes(self, data, published):
        flags = {"model": "tiny", "dataset_dir": data(1000, [8] * 6)}
        message = refused(published(1000, 8), labels_offset=-1, **flags)
        assert message.startswith(
            "the network has 1000 classes, the dataset net has 1001 with"
            " --labels_offset=-1; "
        )


def test_the_evaluation_follows(config, run, during_sleep):
    make = config(model="tiny_bn", max_number_of_steps=5)
    during_sleep.append(lambda: trainer.train(make, silent))
    results = evaluated(run, eval_interval_secs=10, timeout=15)
    assert [checkpoints.get_step(r.report.path) for r in results] == [2, 5]
    assert results[0].summary.loss != results[1].summary.loss
    names = sorted(path.name for path in (run / "eval_validation").glob("*.json"))
    assert names == ["results-2.json", "results-5.json"]


@pytest.mark.usefixtures("ended_pipelines")
class TestBadInput:
    """One line."""

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            (
                {"model": "tiny"},
                "is a checkpoint of tiny_bn, says settings.json beside",
            ),
            ({"batch_size": 0}, "--batch_size=0 must be at least 1"),
            ({"timeout": 5}, "--timeout and --max_evals say when to stop waiting"),
            ({"max_evals": 5}, "--timeout and --max_evals say when to stop waiting"),
            ({"num_classes": 2}, "the network has 2 classes, the dataset toy has 3; "),
            (
                {"num_classes": 4},
                "Tiny/Logits/weights has shape [4, 3] there and [4, 4]",
            ),
            ({"dataset_split_name": "vali"}, "'vali'; did you mean validation?"),
            ({"dataset_dir": "/nowhere"}, "no folder /nowhere; give"),
            ({"preprocessing_name": "incepton"}, "did you mean inception"),
        ],
    )
    def test_settings_that_cannot_be_meant(self, run, flags, message):
        assert message in refused(run, **flags)

    def test_a_misfit_names_flags_that_this_program_has(self, run):
        message = refused(run, num_classes=4)
        assert message.endswith(
            "; name its network with --model and the number of its classes with"
            " --num_classes"
        )
        assert "exclude" not in message

    def test_settings_that_are_damaged(self, run):
        (run / "settings.json").write_text("{")
        message = refused(run)
        assert f"{run}/settings.json cannot be read" in message
        assert message.endswith("remove it and give --model instead")

    def test_a_dataset_without_a_held_out_split(self, run, tmp_path):
        data = arrays.ArrayDataset(
            name="toy",
            classes=CLASSES,
            splits={
                "all": arrays.Split(np.zeros([1, 8, 8, 3], np.uint8), np.zeros(1, int))
            },
        )
        arrays.convert(data, tmp_path / "all")
        message = refused(run, dataset_dir=str(tmp_path / "all"))
        assert "no held-out split; name one of all with --dataset_split_name" in message

    def test_an_image_that_does_not_decode(self, run, tmp_path):
        folder = tmp_path / "broken"
        folder.mkdir()
        (folder / "labels.txt").write_text("0:red\n1:green\n2:blue\n")
        png = tf.io.encode_png(np.zeros([8, 8, 3], np.uint8)).numpy()
        with tf.io.TFRecordWriter(str(folder / "toy_test.tfrecord")) as writer:
            for encoded in (png, png[:40], png):
                writer.write(tfrecord.make_example(encoded, "png", 1, 8, 8))
        message = refused(run, dataset_dir=str(folder))
        assert f"{folder}/toy_test.tfrecord, record 1 (the first is 0)" in message

    def test_dataset_json_that_counts_too_many_or_too_few(
        self, run, toy_data, tmp_path
    ):
        shutil.copytree(toy_data, tmp_path / "data")
        path = tmp_path / "data" / "dataset.json"
        sound = path.read_text()
        for count, message in (
            (6, "more than the 6 examples"),
            (8, "record 7 (the first is 0): the file ends after 7"),
        ):
            path.write_text(sound.replace('"examples": 7', f'"examples": {count}'))
            assert message in refused(run, dataset_dir=str(tmp_path / "data"))

    def test_no_checkpoint(self, tmp_path):
        assert f"no checkpoint in the folder {tmp_path};" in refused(tmp_path)
