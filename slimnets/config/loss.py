"""The settings of the loss: what training minimizes beside the regularization."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class LossConfig:
    """Which loss, of the logits and of an auxiliary head's alike."""

    loss: str = setting(
        "softmax",
        "What is minimized. softmax: cross entropy, for images of one class. sigmoid:"
        " cross entropy of each class against the rest, the mean over the classes, for"
        " images of any number of classes. softmax_focal and sigmoid_focal: the same,"
        " with easy examples weighed down.",
        choices=choices.LOSSES,
    )
    label_smoothing: float = setting(
        0.0,
        "Share of each label that is spread evenly over all classes, in [0, 1).",
        lowest=0,
        below=1,
    )
    focal_gamma: float = setting(
        2.0,
        "Power of the focal losses' weight (1 - p)^gamma, where p is the probability of"
        " what is right (arXiv:1708.02002). 0 gives cross entropy.",
        lowest=0,
    )
    focal_alpha: float | None = setting(
        None,
        "Weight, in sigmoid_focal, of the classes that an image has; that of the others"
        " is 1 - alpha. The paper takes 0.25. None weighs both by 1. For softmax_focal,"
        " weigh the classes with --class_weights.",
        above=0,
        below=1,
    )
    class_weights: tuple[str, ...] = setting(
        (),
        "Weights of the classes in the loss, against imbalance: rose=2,tulip=0.5 by"
        " name or number, 1 for the others; or balanced: images / (classes * images of"
        " the class), counted before training. A weight multiplies what the loss has"
        " for the class where an image is of it; the loss stays a mean over images.",
    )
