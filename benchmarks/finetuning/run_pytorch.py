"""PyTorch: a plain loop of timm's own parts, channels last."""

import itertools
import os
from collections.abc import Iterator
from typing import Any

from benchmarks.finetuning.task import StepClock, Task, Training

_WARMUP = 20  # a share of the steps, one in so many, over which the rate rises
_WORKERS = 2


def train(task: Task) -> Training:
    """Trains with AdamW on a cosine, and timm's transforms."""
    import torch
    from timm.optim import create_optimizer_v2
    from timm.scheduler import create_scheduler_v2

    from slimnets import hardware

    torch.manual_seed(task.seed)
    torch.set_num_threads(task.threads or hardware.cores())
    held_out = _load(task, "validation")
    model = _build(task, len(held_out.dataset.classes))
    optimizer = create_optimizer_v2(
        model, "adamw", task.learning_rate, task.weight_decay
    )
    schedule, _ = create_scheduler_v2(
        optimizer,
        "cosine",
        num_epochs=task.steps,
        warmup_epochs=task.steps // _WARMUP,
        warmup_lr=0.0,
        step_on_epochs=False,
        updates_per_epoch=1,
    )
    clock, top1 = StepClock(), {}
    _set_mode(model, task)
    for images, labels in itertools.islice(_repeat(_load(task, "train")), task.steps):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        clock.end_step()
        schedule.step_update(clock.steps)
        if clock.steps in task.evaluated_steps:
            top1[clock.steps] = _score(model, held_out)
            _set_mode(model, task)
            clock.pause()
    return Training(clock.rate(task.batch_size), top1)


def _build(task: Task, classes: int):
    """Returns timm's network with the weights and a head of its own.

    `create_model` gives MobileNet v1 of its full width alone, so the function below it
    is called; the padding is TF-Slim's, which timm has for its `tf_` networks.
    """
    import torch
    from safetensors.torch import load_file
    from timm.models import efficientnet

    make: Any = getattr(efficientnet, "_gen_mobilenet_v1")  # noqa: B009 - see above
    model = make(
        "mobilenetv1_100",
        task.width,
        num_classes=task.weight_classes,
        pad_type="same",
    )
    missing = model.load_state_dict(load_file(task.torch_weights), strict=False)
    if missing.unexpected_keys or missing.missing_keys:
        raise ValueError(f"timm's network does not fit the weights: {missing}")
    model.reset_classifier(classes)
    return model.to(memory_format=torch.channels_last)


def _set_mode(model, task: Task) -> None:
    """Lets the network train; batch norm keeps its averages where it is frozen."""
    import torch

    model.train()
    for module in model.modules():
        if task.freeze_batch_norm and isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def _load(task: Task, split: str):
    import torch
    from timm.data import create_transform
    from torchvision import datasets

    trains = split == "train"
    transform = create_transform(
        task.image_size,
        is_training=trains,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        crop_pct=None if trains else 1.0,
    )
    photos = datasets.ImageFolder(os.path.join(task.photos, split), transform)
    return torch.utils.data.DataLoader(
        photos,
        task.batch_size,
        shuffle=trains,
        drop_last=trains,
        num_workers=_WORKERS if trains else 0,
        persistent_workers=trains,
    )


def _repeat(loader) -> Iterator[tuple[Any, Any]]:
    import torch

    for images, labels in itertools.chain.from_iterable(itertools.repeat(loader)):
        yield images.contiguous(memory_format=torch.channels_last), labels


def _score(model, held_out) -> float:
    """Returns the share of the held-out photos that are classified right."""
    import torch

    model.eval()
    right = 0
    with torch.inference_mode():
        for images, labels in held_out:
            right += int((model(images).argmax(1) == labels).sum())
    return right / len(held_out.dataset)
