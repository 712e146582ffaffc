"""timm's networks on PyTorch, channels last."""

import shutil
from collections.abc import Callable

from benchmarks.work import INPUT, TRAIN, Work
from slimnets import hardware

_NETWORKS = {
    "mobilenet_v1": "mobilenetv1_100",
    "mobilenet_v2": "mobilenetv2_100",
    "resnet50": "resnet50",
    "resnet_v1_50": "resnet50",
    "inception_v3": "inception_v3",
    "vgg_16": "vgg16",
    "efficientnet_b0": "tf_efficientnet_b0",
    "densenet_121": "densenet121",
}


def settings(work: Work) -> list[str]:
    """Precision, and whether torch.compile is used."""
    if work.mode == INPUT:
        return ["2 workers", "1 worker"]
    if work.network not in _NETWORKS and work.network != "alexnet_v2":
        return []
    kinds = ["float32"]
    if hardware.multiplies_bfloat16():
        kinds += ["bfloat16"]
    if shutil.which("g++"):
        kinds += [f"{kind} compiled" for kind in kinds]
    return kinds


def start(work: Work, setting: str) -> Callable[[], None]:
    """Returns a step of training with SGD, or of inference."""
    import torch

    if work.mode == INPUT:
        return _input_step(work, int(setting.split()[0]))
    torch.set_num_threads(hardware.cores())
    model = network(work).to(memory_format=torch.channels_last)
    shape = [work.batch_size, 3, work.image_size, work.image_size]
    images = torch.randn(shape).to(memory_format=torch.channels_last)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled="bfloat16" in setting)
    if work.mode == TRAIN:
        return _train_step(model.train(), images, autocast, "compiled" in setting)
    run = torch.compile(model.eval()) if "compiled" in setting else model.eval()

    def step() -> None:
        with torch.inference_mode(), autocast:
            run(images)

    return step


def _train_step(model, images, autocast, compiled: bool) -> Callable[[], None]:
    import torch

    run = torch.compile(model) if compiled else model
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    labels = torch.randint(0, 1000, [len(images)])

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with autocast:
            loss = torch.nn.functional.cross_entropy(run(images).float(), labels)
        loss.backward()
        optimizer.step()

    return step


def _input_step(work: Work, workers: int) -> Callable[[], None]:
    """torchvision's folder of photos and transforms, in a DataLoader."""
    import itertools

    import torch
    from torchvision import datasets, transforms

    recipe = transforms.Compose(
        [
            transforms.RandomResizedCrop(work.image_size, (0.05, 1.0), (0.75, 1.33)),
            transforms.RandomHorizontalFlip(),
            transforms.ColorJitter(brightness=32 / 255, saturation=0.5),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    loader = torch.utils.data.DataLoader(
        datasets.ImageFolder(work.photos, recipe),
        work.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=True,
        drop_last=True,
    )
    batches = itertools.chain.from_iterable(itertools.repeat(loader))
    return lambda: next(batches)


def network(work: Work):
    """Returns the network as a module, with random weights."""
    if work.network == "alexnet_v2":
        return _alexnet_v2()
    import timm

    return timm.create_model(_NETWORKS[work.network], pretrained=False)


def _alexnet_v2():
    """AlexNet of arXiv:1404.5997, which timm lacks."""
    from torch import nn

    def conv(inputs: int, depth: int, kernel: int, **options) -> list[nn.Module]:
        return [nn.Conv2d(inputs, depth, kernel, **options), nn.ReLU(inplace=True)]

    def dense(inputs: int, depth: int) -> list[nn.Module]:
        return [nn.Linear(inputs, depth), nn.ReLU(inplace=True), nn.Dropout(0.5)]

    return nn.Sequential(
        *conv(3, 64, 11, stride=4),
        nn.MaxPool2d(3, 2),
        *conv(64, 192, 5, padding=2),
        nn.MaxPool2d(3, 2),
        *conv(192, 384, 3, padding=1),
        *conv(384, 384, 3, padding=1),
        *conv(384, 256, 3, padding=1),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        *dense(256 * 5 * 5, 4096),
        *dense(4096, 4096),
        nn.Linear(4096, 1000),
    )
