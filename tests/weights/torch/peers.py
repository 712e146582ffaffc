"""torchvision's and timm's networks: their tensors, and what they compute of images.

It runs in an interpreter that has them, which needs nothing of ours:

    python -m tests.weights.torch.peers describe
    python -m tests.weights.torch.peers compute mobilenet_v2 timm FOLDER
    python -m tests.weights.torch.peers apply mobilenet_v2 timm FOLDER

The first writes `peers.json`, facts that the quick tests hold our tables to. The second
writes random weights, images and their logits, for the tests marked `peers`; the third
the logits that the same images have with the weights of a file.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

CLASSES = 7
FACTS = Path(__file__).with_suffix(".json")
WEIGHTS, IMAGES, LOGITS = "weights.pth", "images.npy", "logits.npy"
GIVEN = "given.safetensors"
_NONE: Mapping[str, Any] = MappingProxyType({})


class Peer(NamedTuple):
    """A network of torchvision or timm.

    Attributes:
      model: its name there.
      size: height and width of the images to compare with, in pixels.
      options: of the library's own builder.
      arguments: of our builder, beside the table's, that such small images need.
      is_deep: whether it has so many blocks that random moments drown it in rounding
        errors.
    """

    model: str
    size: int = 64
    options: Mapping[str, Any] = _NONE
    arguments: Mapping[str, Any] = _NONE
    is_deep: bool = False


# The shape of a kernel of auxiliary heads is that of larger images.
_NO_AUXILIARY = {"create_aux_logits": False}
_MOBILENET_V1 = "_gen_mobilenet_v1"  # makes widths that have no names in timm


def _mobilenet_v1(width: float) -> Peer:
    # Eight rows of features, of which ours pools seven without its argument.
    return Peer(_MOBILENET_V1, 256, options={"channel_multiplier": width})


# By our network and the name of the table in slimnets.weights.torch.
PEERS: dict[tuple[str, str], Peer] = {
    ("mobilenet_v1", "timm"): Peer("mobilenetv1_100"),
    ("mobilenet_v1_075", "timm"): _mobilenet_v1(0.75),
    ("mobilenet_v1_050", "timm"): _mobilenet_v1(0.5),
    ("mobilenet_v1_025", "timm"): _mobilenet_v1(0.25),
    ("mobilenet_v2", "torchvision"): Peer("mobilenet_v2"),
    ("mobilenet_v2", "timm"): Peer("mobilenetv2_100"),
    ("mobilenet_v2_140", "torchvision"): Peer(
        "mobilenet_v2", options={"width_mult": 1.4}
    ),
    ("mobilenet_v2_140", "timm"): Peer("mobilenetv2_140"),
    ("mobilenet_v2_035", "torchvision"): Peer(
        "mobilenet_v2", options={"width_mult": 0.35}
    ),
    ("mobilenet_v2_035", "timm"): Peer("mobilenetv2_035"),
    **{
        (network, library): Peer(f"resnet{depth}")
        for network, depth in (
            ("resnet50_v1_5", 50),
            ("resnet50", 50),
            ("resnet_v1_50", 50),
            ("resnet_v1_101", 101),
            ("resnet_v1_152", 152),
        )
        for library in ("torchvision", "timm")
    },
    ("resnet_v2_50", "timm"): Peer("resnetv2_50"),
    ("resnet_v2_101", "timm"): Peer("resnetv2_101"),
    ("resnet_v2_152", "timm"): Peer("resnetv2_152"),
    **{
        (network, library): Peer(f"vgg{depth}", size=224)
        for network, depth in (("vgg_a", 11), ("vgg_16", 16), ("vgg_19", 19))
        for library in ("torchvision", "timm")
    },
    ("inception_v3", "torchvision"): Peer(
        "inception_v3", 139, {"init_weights": False}, _NO_AUXILIARY
    ),
    ("inception_v3", "timm"): Peer("inception_v3", 299, {"aux_logits": True}),
    ("inception_v4", "timm"): Peer("inception_v4", 139, arguments=_NO_AUXILIARY),
    ("inception_resnet_v2", "timm"): Peer(
        "inception_resnet_v2", 139, arguments=_NO_AUXILIARY
    ),
    **{
        (f"densenet_{depth}", library): Peer(f"densenet{depth}")
        for depth in (121, 169, 201)
        for library in ("torchvision", "timm")
    },
    ("nasnet_large", "timm"): Peer("nasnetalarge", 96),
    ("pnasnet_large", "timm"): Peer("pnasnet5large", 96),
    ("xception", "timm"): Peer("legacy_xception"),
    **{
        (network, library): Peer(network)
        for network in ("convnext_tiny", "convnext_small")
        for library in ("torchvision", "timm")
    },
    **{
        (f"mobilenet_v3_{size}", table): Peer(name.format(size))
        for size in ("large", "small")
        for table, name in (
            ("torchvision", "mobilenet_v3_{}"),
            ("timm", "mobilenetv3_{}_100"),
            ("timm_tf", "tf_mobilenetv3_{}_100"),
        )
    },
    **{
        (f"mobilenet_v3_{size}_minimalistic", "timm_tf"): Peer(
            f"tf_mobilenetv3_{size}_minimal_100"
        )
        for size in ("large", "small")
    },
    **{
        (f"mobilenet_v4_conv_{size}", "timm"): Peer(f"mobilenetv4_conv_{size}")
        for size in ("small", "medium", "large")
    },
    ("mnasnet_a1", "timm"): Peer("semnasnet_100"),
    ("mnasnet_b1", "torchvision"): Peer("mnasnet1_0"),
    ("mnasnet_b1", "timm"): Peer("mnasnet_100"),
    **{
        (f"efficientnet_b{n}", table): Peer(f"{prefix}efficientnet_b{n}", is_deep=n > 4)
        for n in range(8)
        for table, prefix in (("torchvision", ""), ("timm", ""), ("timm_tf", "tf_"))
    },
    **{
        (f"efficientnet_lite{n}", table): Peer(f"{prefix}efficientnet_lite{n}")
        for n in range(5)
        for table, prefix in (("timm", ""), ("timm_tf", "tf_"))
    },
    ("regnet_y_400mf", "torchvision"): Peer("regnet_y_400mf"),
    ("regnet_y_400mf", "timm"): Peer("regnety_004"),
    ("regnet_y_1_6gf", "torchvision"): Peer("regnet_y_1_6gf", is_deep=True),
    ("regnet_y_1_6gf", "timm"): Peer("regnety_016", is_deep=True),
    ("regnet_y_8gf", "torchvision"): Peer("regnet_y_8gf"),
    ("regnet_y_8gf", "timm"): Peer("regnety_080_tv"),
}


def build(network: str, table: str) -> Any:
    """Returns the library's network with logits of CLASSES classes, for inference."""
    peer = PEERS[network, table]
    options = {"num_classes": CLASSES, **peer.options}
    if table == "torchvision":
        import torchvision

        return torchvision.models.get_model(peer.model, weights=None, **options).eval()
    import timm

    if peer.model == _MOBILENET_V1:
        make = getattr(timm.models.efficientnet, _MOBILENET_V1)
        return make("mobilenetv1_100", **options).eval()
    return timm.create_model(peer.model, pretrained=False, **options).eval()


def digest(shapes: Iterable[tuple[str, Iterable[int]]]) -> dict[str, Any]:
    """Returns the number of tensors, and a hash of their names and shapes.

    Args:
      shapes: each tensor's name and shape; the counters of batch norm are left out.
    """
    lines = sorted(
        " ".join([name, *map(str, shape)])
        for name, shape in shapes
        if not name.endswith("num_batches_tracked")
    )
    text = "\n".join(lines).encode()
    return {"tensors": len(lines), "sha256": hashlib.sha256(text).hexdigest()}


def describe(networks: Iterable[str]) -> None:
    """Writes the facts of the networks into peers.json, beside those of others."""
    facts = json.loads(FACTS.read_text()) if FACTS.exists() else {}
    for network, table in PEERS:
        if network in networks:
            state = build(network, table).state_dict()
            shapes = [(name, tensor.shape) for name, tensor in state.items()]
            facts[f"{network} {table}"] = digest(shapes)
    lines = [f"{json.dumps(key)}: {json.dumps(facts[key])}" for key in sorted(facts)]
    FACTS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def randomize(state: Mapping[str, Any], seed: int = 0) -> None:
    """Gives each tensor random values, none of them what training begins with."""
    import torch

    rng = np.random.default_rng(seed)
    for name, tensor in state.items():
        if tensor.is_floating_point():
            drawn = _draw(name, tuple(tensor.shape), rng)
            tensor.copy_(torch.from_numpy(np.asarray(drawn, np.float32)))


def _draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if len(shape) > 1:
        return rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
    if name.endswith((".weight", ".running_var")):
        return rng.uniform(0.5, 1.5, shape)
    return 0.1 * rng.standard_normal(shape)


def calibrate(model: Any, images: Any) -> None:
    """Gives batch norm the moments of the images' features, as training would.

    With others features grow from block to block, and fifty blocks make of rounding
    errors differences as large as the logits. For the same reason what a block adds
    becomes less than its input.
    """
    import torch

    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.mul_(0.5)
        norm.momentum = 1.0
        norm.train()
    model(images)
    for norm in norms:
        norm.eval()


def compute(network: str, table: str, folder: Path) -> None:
    """Writes random weights, two images [2, height, width, 3], and their logits."""
    import torch

    model = build(network, table)
    folder.mkdir(parents=True, exist_ok=True)
    peer = PEERS[network, table]
    images = np.random.default_rng(1).uniform(-1, 1, [8, peer.size, peer.size, 3])
    images = images.astype(np.float32)
    with torch.no_grad():
        randomize(model.state_dict())
        if peer.is_deep:
            calibrate(model, torch.from_numpy(images).permute(0, 3, 1, 2))
    torch.save(model.state_dict(), folder / WEIGHTS)
    np.save(folder / IMAGES, images[:2])
    _save_logits(model, folder)


def apply(network: str, table: str, folder: Path) -> None:
    """Writes the logits of the images in a folder under the weights in it."""
    import safetensors.torch

    model = build(network, table)
    model.load_state_dict(safetensors.torch.load_file(folder / GIVEN))
    _save_logits(model, folder)


def _save_logits(model: Any, folder: Path) -> None:
    import torch

    images = torch.from_numpy(np.load(folder / IMAGES)).permute(0, 3, 1, 2)
    with torch.no_grad():
        logits = model.double()(images.double())  # no rounding errors of its own
    if isinstance(logits, tuple):  # those of an auxiliary head too
        logits = logits[0]
    np.save(folder / LOGITS, logits.numpy())


def main() -> None:
    """Runs what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    described = commands.add_parser("describe")
    described.add_argument("networks", nargs="*", default=[n for n, _ in PEERS])
    runs = {"compute": compute, "apply": apply}
    for name in runs:
        command = commands.add_parser(name)
        command.add_argument("network")
        command.add_argument("table")
        command.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "describe":
        describe(given.networks)
    else:
        runs[given.command](given.network, given.table, given.folder)


if __name__ == "__main__":
    main()
