"""MnasNet: "Platform-Aware Neural Architecture Search for Mobile".

Tan et al., arXiv:1807.11626.

    with slim.arg_scope(mnasnet.mnasnet_arg_scope()):
        logits, end_points = mnasnet.mnasnet_a1(images, is_training=False)

Weights trained in PyTorch (torchvision's `mnasnet1_0`, our mnasnet_b1) expect
`use_explicit_padding=True`. `slimnets convert-weights` makes up for its epsilon of
batch norm; for tensors taken as they are `batch_norm_epsilon=1e-5` in the arg scope
does.
"""

import functools
from typing import Any

import tensorflow as tf

from slimnets.nets import mbconv
from slimnets.nets.mbconv import Stage, Table
from slimnets.nets.row import Network, named_builder

mnasnet_arg_scope = mbconv.mbconv_arg_scope

# Figure 7 of arXiv:1807.11626. Its SepConv is a block without expansion; its last 1x1
# convolution is that of the published weights.
A1 = Table(
    stem=32,
    stages=(
        Stage(1, 3, 1, 16, 1, squeeze_excite=False),
        Stage(6, 3, 2, 24, 2, squeeze_excite=False),
        Stage(3, 5, 2, 40, 3, squeeze_excite=True),
        Stage(6, 3, 2, 80, 4, squeeze_excite=False),
        Stage(6, 3, 1, 112, 2, squeeze_excite=True),
        Stage(6, 5, 2, 160, 3, squeeze_excite=True),
        Stage(6, 3, 1, 320, 1, squeeze_excite=False),
    ),
    head=1280,
    activation_fn=tf.nn.relu,
)

# Found without squeeze-excite in the search space; what the published weights fit.
B1 = Table(
    stem=32,
    stages=(
        Stage(1, 3, 1, 16, 1, squeeze_excite=False),
        Stage(3, 3, 2, 24, 3, squeeze_excite=False),
        Stage(3, 5, 2, 40, 3, squeeze_excite=False),
        Stage(6, 5, 2, 80, 3, squeeze_excite=False),
        Stage(6, 3, 1, 96, 2, squeeze_excite=False),
        Stage(6, 5, 2, 192, 4, squeeze_excite=False),
        Stage(6, 3, 1, 320, 1, squeeze_excite=False),
    ),
    head=1280,
    activation_fn=tf.nn.relu,
)

# mbconv.base, which takes `table=B1` too.
mnasnet_base = functools.partial(mbconv.base, table=A1, scope="MnasNet")


def _row(name: str, table: Table, **facts: Any) -> Network:
    """Returns a network's row; section 5 has dropout 0.2 before the logits."""
    return Network(
        name,
        mbconv.mbconv,
        mnasnet_arg_scope,
        image_size=224,
        preprocessing="imagenet",
        classes=1000,
        arguments={"table": table, "dropout_keep_prob": 0.8, "scope": name},
        **facts,
    )


NETWORKS = (
    _row(
        "mnasnet_a1",
        A1,
        paper="arXiv:1807.11626, figure 7",
        parameters=3_887_038,
        multiply_adds=311.6,
        # of the authors' checkpoint: tensorflow/tpu, models/official/mnasnet
        top1=75.2,
        top5=92.5,
    ),
    _row(
        "mnasnet_b1",
        B1,
        paper="arXiv:1807.11626, table 1",
        parameters=4_383_312,
        multiply_adds=314.4,
        # the paper's; the authors published no checkpoint
        top1=74.5,
    ),
)

mnasnet_a1 = named_builder(NETWORKS, "mnasnet_a1")
mnasnet_b1 = named_builder(NETWORKS, "mnasnet_b1")
