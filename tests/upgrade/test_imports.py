"""Import statements, each in the forms that programs have it in."""

import pytest

TF = "import tensorflow.compat.v1 as tf\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import tensorflow as tf", TF),
        ("import tensorflow", "import tensorflow.compat.v1 as tensorflow\n"),
        ("import tensorflow.contrib.slim as slim", "from slimnets import slim\n"),
        ("import tensorflow.contrib.slim as s", "from slimnets import slim as s\n"),
        ("from tensorflow.contrib import slim", "from slimnets import slim\n"),
        ("import tf_slim as slim", "from slimnets import slim\n"),
        ("from tensorflow.contrib import layers", "from slimnets.slim import layers\n"),
        (
            "from tensorflow.contrib.framework import arg_scope as scope",
            "from slimnets.slim import arg_scope as scope\n",
        ),
        (
            "from tensorflow.contrib.framework.python.ops.variables import "
            "get_or_create_global_step",
            "from slimnets.slim import get_or_create_global_step\n",
        ),
        (
            "from tensorflow.contrib.slim.nets import resnet_v1, vgg",
            "from slimnets.nets import resnet_v1, vgg\n",
        ),
        ("from nets import vgg as v", "from slimnets.nets import vgg as v\n"),
        ("import nets.vgg as v", "from slimnets.nets import vgg as v\n"),
        (
            "from tensorflow.python.ops.control_flow_ops import cond",
            "from tensorflow.compat.v1 import cond\n",
        ),
        ("from tensorflow import flags", "from tensorflow.compat.v1 import flags\n"),
        (
            "import os, tensorflow as tf  # both",
            "import os\nimport tensorflow.compat.v1 as tf  # both\n",
        ),
        ("import tensorflow.compat.v1 as tf", TF),
        ("import nets.vgg", "import slimnets.nets.vgg\n"),
        (
            "import tensorflow.contrib.slim\ntensorflow.contrib.slim.conv2d",
            "import tensorflow.compat.v1 as tensorflow\nimport slimnets.slim\n"
            "slimnets.slim.conv2d\n",
        ),
        (
            "import tensorflow.contrib.crf",
            "import tensorflow.compat.v1 as tensorflow\n",
        ),
        ("from . import tensorflow", "from . import tensorflow\n"),
    ],
)
def test_an_import_is_todays(move, old, new):
    assert move(f"{old}\n").read() == new


def test_an_assignment_from_contrib_becomes_an_import(move):
    moved = move("import tensorflow as tf\n\nslim = tf.contrib.slim\n# what follows\n")
    assert moved.read() == f"{TF}\nfrom slimnets import slim\n# what follows\n"


def test_a_module_of_the_programs_own_wins(move):
    own = {"src/nets/vgg.py": "", "src/datasets/__init__.py": "flowers = 1\n"}
    moved = move(
        """
        from nets import vgg
        from nets import resnet_v1
        from datasets import flowers
        """,
        own,
    )
    assert moved.read().splitlines() == [
        "from nets import vgg",
        "from slimnets.nets import resnet_v1",
        "from datasets import flowers",
    ]


def test_what_is_gone_fails_only_where_it_is_used(move):
    moved = move("from tensorflow.contrib import crf as q\n\ndef f():\n  q.fold()\n")
    names: dict = {}
    exec(moved.read(), names)
    with pytest.raises(AttributeError, match=r"tensorflow.contrib.crf is gone: "):
        names["f"]()
    assert moved.left[0].startswith("net.py:1: tensorflow.contrib.crf: ")


def test_an_import_that_may_fail_still_may(move):
    old = "try:\n  from tensorflow.contrib import crf\nexcept ImportError:\n  pass\n"
    assert move(old).read() == old


def test_other_libraries_that_are_missing_are_told_once(move):
    moved = move("import scipy.misc\nimport no_such_library.part\nimport json\n")
    assert [line.partition(": ")[2].partition(":")[0] for line in moved.left] == [
        "scipy.misc",
        "no_such_library.part",
    ]
