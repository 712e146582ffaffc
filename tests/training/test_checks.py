"""Settings that cannot be meant are told in one line."""

import pytest

from slimnets.checkpoints import atomic_files
from tests.tiny_runs import refused

MIRRORED = {"strategy": "mirrored", "num_clones": 2, "clone_on_cpu": True}


def test_a_train_dir_that_is_a_file(config, tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "file/run"):
        message = refused(config(train_dir=str(tmp_path / name)))
        assert f"cannot write to --train_dir={tmp_path}/{name}: " in message


def test_a_train_dir_that_cannot_be_written(config, tmp_path, monkeypatch):
    def forbidden(dir):
        raise PermissionError(13, "Permission denied", dir)

    # chmod does not keep root from writing, and tests may run as root.
    monkeypatch.setattr(atomic_files.tempfile, "TemporaryFile", forbidden)
    message = refused(config(train_dir=str(tmp_path)))
    assert message == f"cannot write to --train_dir={tmp_path}: Permission denied"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"model": ""}, "no network named; give --model"),
        ({"train_dir": ""}, "--train_dir is empty"),
        ({"model": "tinyy"}, "unknown network 'tinyy'; did you mean tiny"),
        ({"num_epochs": 1.0}, "--max_number_of_steps and --num_epochs both say"),
        ({"steps_per_call": 0}, "--steps_per_call=0 must be at least 1"),
        ({"batch_size": 0}, "--batch_size=0 must be at least 1"),
        ({"max_number_of_steps": 0}, "--max_number_of_steps=0 must be at least 1"),
        ({"max_number_of_steps": "0ep"}, "--max_number_of_steps=0 must be at least 1"),
        (
            {"max_number_of_steps": None, "num_epochs": 0.0},
            "--num_epochs=0.0 must be above 0 and below inf",
        ),
        ({"max_checkpoints_to_keep": -1}, "--max_checkpoints_to_keep=-1 must be"),
        ({"learning_rate": -0.1}, "--learning_rate=-0.1 must be at least 0"),
        ({"label_smoothing": 1.0}, "--label_smoothing=1.0 must be at least 0 and"),
        (
            {"sample": ("balanced",), "class_weights": ("balanced",)},
            "--sample=balanced and --class_weights=balanced both make up",
        ),
        ({"loss": "sigmoyd"}, "unknown loss 'sigmoyd'; did you mean sigmoid"),
        ({"focal_gamma": 1.0}, "--focal_gamma is of the focal losses, and --loss is"),
        ({"loss": "sigmoid_focal", "focal_alpha": 1.0}, "--focal_alpha=1.0 must be"),
        (
            {"loss": "softmax_focal", "focal_alpha": 0.5},
            "--focal_alpha is of --loss=sigmoid_focal, and --loss is softmax_focal",
        ),
        ({"moving_average_decay": 1.0}, "--moving_average_decay=1.0 must be at"),
        ({"checkpoint_exclude_scopes": ("a",)}, "--checkpoint_exclude_scopes says"),
        ({"trainable_scopes": ("Big",)}, "unknown trainable scope 'Big'"),
        ({"labels_offset": 3}, "labels_offset is 3; it has to be from -1 to 2"),
        ({"preprocessing_name": "vggg"}, "unknown preprocessing 'vggg'; did you"),
        ({"dataset_split_name": "tran"}, "'tran'; did you mean train"),
        ({"dataset_dir": "/nowhere"}, "no folder /nowhere; give the output folder"),
        (
            {"strategy": "tpu", "batch_size": "auto"},
            "--batch_size=auto tries sizes on CPUs and GPUs alone",
        ),
        (
            {"strategy": "tpu", "precision": "float16"},
            "--precision=float16 is for GPUs; give --precision=bfloat16",
        ),
        ({"num_clones": 2}, "--num_clones=2 needs --strategy=mirrored"),
        (
            {"strategy": "mirrored", "num_clones": 2, "batch_size": 5},
            "--batch_size=5 cannot be divided among 2 replicas",
        ),
        (
            {"learning_rate_decay_type": "cosine", "max_number_of_steps": None},
            "--learning_rate_decay_type=cosine needs an end",
        ),
        ({"moving_average_start": 5}, "--moving_average_start is when the moving"),
        ({"moving_average_start": "5x"}, "--moving_average_start"),
        ({"layer_decay": 0.0}, "--layer_decay=0.0 must be above 0 and at most 1"),
        ({"learning_rate_decay_type": "fix"}, "unknown learning_rate_decay_type"),
        (
            {"clip_gradient_norm": 1.0, "clip_gradient_value": 1.0},
            "--clip_gradient_norm and --clip_gradient_value both limit",
        ),
        ({"clip_gradient_norm": -1.0}, "--clip_gradient_norm=-1.0 must be at least 0"),
        (
            {"num_microbatches": 3},
            "--batch_size=4 cannot be divided into --num_microbatches=3 parts; give a",
        ),
        (
            {**MIRRORED, "num_microbatches": 4},
            "--num_microbatches=4 parts of 2 replicas; give a multiple of 8",
        ),
        (
            {**MIRRORED, "num_microbatches": 2, "sync_batch_norm": True},
            "--sync_batch_norm takes all images of a step at once",
        ),
        (
            {"learning_rate_decay_type": "multistep"},
            "--decay_epochs and --learning_rate_decay_type=multistep need each other",
        ),
        (
            {"decay_epochs": ("30",)},
            "need each other; the type is fixed",
        ),
        (
            {"learning_rate_decay_type": "multistep", "decay_epochs": ("30", "x")},
            "--decay_epochs has 'x'; give numbers above 0 and each above the one",
        ),
        (
            {"learning_rate_decay_type": "multistep", "decay_epochs": ("30", "20")},
            "--decay_epochs has '20'",
        ),
        ({"optimizer": "adm"}, "unknown optimizer 'adm'; did you mean adam"),
        ({"adam_beta1": 1.0}, "--adam_beta1=1.0 must be at least 0 and below 1"),
        ({"precision": "float8"}, "unknown precision 'float8'; did you mean"),
    ],
)
def test_settings_that_cannot_be_meant(config, tmp_path, flags, message):
    assert message in refused(config(**flags))
    assert not list(tmp_path.glob("run/model.ckpt*"))


@pytest.mark.parametrize(
    ("flags", "flag"),
    [
        ({"num_clones": 2}, "num_clones"),
        ({"seed": 1}, "seed"),
        ({"steps_per_call": 2}, "steps_per_call"),
        ({"sync_batch_norm": True}, "sync_batch_norm"),
        ({"batch_size": "auto"}, "batch_size=auto"),
        ({"precision": "float16"}, "precision=float16"),
        ({"on_bad_record": "skip"}, "on_bad_record=skip"),
        ({"sample": ("balanced",)}, "sample"),
        ({"data_service": "grpc://a:1"}, "data_service"),
        ({"quantize_delay": 0}, "quantize_delay"),
    ],
)
def test_what_workers_that_take_turns_cannot_do(config, tmp_path, flags, flag):
    flags = {"seed": None, "strategy": "parameter_server", **flags}
    message = refused(config(**flags))
    assert f"--{flag} does not go with --strategy=parameter_server: " in message
    assert not list(tmp_path.iterdir())
