"""Names in a file's code, and what is kept of it."""

import pytest

TF = "import tensorflow.compat.v1 as tf\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tf.contrib.framework.nest.flatten(x)", "tf.nest.flatten(x)"),
        ("tf.contrib.data.Dataset", "tf.data.Dataset"),
        ("tf.contrib.rnn.static_rnn", "tf.nn.static_rnn"),
        ("tf.contrib.lookup.HashTable(a, 0)", "tf.lookup.StaticHashTable(a, 0)"),
        ("tf.pack([1, 2])", "tf.stack([1, 2])"),
        ("tf.train.SummaryWriter", "tf.summary.FileWriter"),
        ("tf.reduce_sum(x, keep_dims=True)", "tf.reduce_sum(x, keep_dims=True)"),
        ("tf.log(x).name", "tf.log(x).name"),
    ],
)
def test_a_name_of_tensorflow_is_todays(move, old, new):
    moved = move(f"import tensorflow as tf\nx = 1\ny = {old}\n")
    assert moved.read() == f"{TF}x = 1\ny = {new}\n"
    assert not moved.left


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tf.contrib.slim.conv2d", "slim.conv2d"),
        ("tf.contrib.layers.conv2d(x)", "slim.layers.conv2d(x)"),
        ("tf.contrib.framework.arg_scope", "slim.arg_scope"),
        ("tf.contrib.metrics.streaming_auc", "slim.metrics.streaming_auc"),
        ("tf.contrib.training.create_train_op", "slim.training.create_train_op"),
    ],
)
def test_a_name_of_contrib_gets_the_import_it_needs(move, old, new):
    moved = move(f"import tensorflow as tf\n\ny = {old}\n")
    assert moved.read() == f"{TF}from slimnets import slim\n\ny = {new}\n"


def test_hparams_are_ours(move):
    names: dict = {}
    exec(
        move(
            """
            from tensorflow.contrib import training as contrib_training
            values = contrib_training.HParams(rate=0.5).parse("rate=1")
            """
        ).read(),
        names,
    )
    assert names["values"].rate == 1.0


def test_a_name_that_is_taken_is_left_to_who_has_it(move):
    moved = move("import tensorflow as tf\n\ndef f(slim):\n  tf.contrib.slim.stack\n")
    assert "from slimnets import slim as slimnets_slim" in moved.read()
    assert "slimnets_slim.stack" in moved.read()


def test_a_parameter_that_hides_an_import_is_not_renamed(move):
    moved = move(
        """
        import numpy as np
        from tensorflow.contrib import layers
        def f(np, layers):
          return np.int, layers.nothing
        y = np.int
        """
    )
    assert "return np.int, layers.nothing" in moved.read()
    assert "y = int" in moved.read()
    assert not moved.left


def test_numpys_old_aliases(move):
    moved = move(
        """
        import numpy as np
        a = np.zeros(3, np.float), np.bool, np.float_, np.product([1]), np.newaxis
        b = np.no_such_name
        """
    )
    assert "a = np.zeros(3, float), bool, np.float64, np.prod([1]), np.newaxis" in (
        moved.read()
    )
    assert moved.left == [
        "net.py:3: numpy.no_such_name: NumPy has no such name any more"
    ]


def test_a_library_imported_under_two_names_is_one(move):
    moved = move(
        """
        import tensorflow.compat.v1 as tf
        import tf_slim as slim
        import tensorflow as tf
        from tensorflow.contrib import slim
        a = tf.pack([slim.conv2d])
        """
    )
    assert moved.read().splitlines()[1:] == [
        "from slimnets import slim",
        "import tensorflow.compat.v1 as tf",
        "from slimnets import slim",
        "a = tf.stack([slim.conv2d])",
    ]


def test_python_2s_builtins_and_dictionaries(move):
    old = "for i in xrange(3):\n  {}.iteritems()\n"
    assert move(old).read() == "for i in range(3):\n  {}.items()\n"


def test_a_name_of_the_files_own_is_no_builtin(move):
    old = "def f(xrange):\n  return xrange(unicode=3), g().unicode, g.unicode\n"
    assert move(old).read() == old


def test_a_file_for_tensorflow_2_keeps_it(move):
    old = "import tensorflow as tf\n\ntf.compat.v1.placeholder(tf.float32)\n"
    assert move(old).read() == (
        "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\n\n"
        "tf.compat.v1.placeholder(tf.float32)\n"
    )


def test_comments_and_layout_stay(move):
    old = (
        "# -*- coding: utf-8 -*-\n'''Größe.'''\n\n"
        "import tensorflow as tf   # the library\n\n\n"
        "def f( x ):  # as it\n"
        "\treturn tf.contrib.layers.flatten( x,\n\t   scope = 'a' )\n"
    )
    moved = move(old).read()
    assert moved == old.replace(
        "import tensorflow as tf   # the library\n",
        f"{TF[:-1]}   # the library\nfrom slimnets import slim\n",
    ).replace("tf.contrib.layers", "slim.layers")


def test_a_file_for_keras_stays(move):
    old = (
        "import tensorflow as tf\n\nnet = tf.keras.Sequential()\n"
        "if __name__ == '__main__':\n  net.fit()\n"
    )
    assert move(old).read() == old


def test_what_is_nested_too_deeply_is_copied_and_told(move):
    old = f"import tensorflow as tf\nx = {' + '.join(['1'] * 3000)}\n"
    moved = move(old)
    assert moved.read() == old
    assert "nested too deeply" in moved.left[0]


@pytest.mark.parametrize(
    "source", ["print 'x'\n", "if 1:\n\tx = 1\n    y = 2\n", "except = 1\n"]
)
def test_what_is_no_python_3_is_copied_and_told(move, source):
    source = f"import tensorflow as tf\n{source}"
    moved = move(source)
    assert moved.read() == source
    assert len(moved.left) == 1
    assert "no Python 3" in moved.left[0]


def test_what_is_left_has_its_line_and_a_remedy(move):
    moved = move(
        """
        import tensorflow as tf

        params = tf.contrib.tpu.TPUEstimator(a=1)
        dense = tf.layers.dense
        always = tf.contrib.summary.always_record_summaries()
        """
    )
    assert moved.left[0].startswith(
        "net.py:3: tensorflow.contrib.tpu.TPUEstimator: use"
    )
    assert "contrib.summary.always_record_summaries: use" in moved.left[2]
    assert moved.left[1].startswith(
        "net.py:4: tensorflow.layers.dense: pip install tf_"
    )
