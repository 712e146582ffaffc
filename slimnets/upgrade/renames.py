"""Tables: what a name of TensorFlow 1, NumPy or Python 2 is called today.

Names are written in full, as if everything were imported from its package. A target
holds for the names below its source too. What has no place today has a remedy, which
the report prints.
"""

from collections.abc import Container

# Where the longest source that matches wins. Several targets: the first that exists.
MODULES: dict[str, tuple[str, ...]] = {
    "tf_slim": ("slimnets.slim",),
    "tf_slim.nets": ("slimnets.nets",),
    "tf_slim.training.training": ("slimnets.slim.training",),
    "tf_slim.training.evaluation": ("slimnets.slim.train_eval",),
    "tf_slim.layers.layers": ("slimnets.slim.layers",),
    "tensorflow.contrib.slim": ("slimnets.slim",),
    "tensorflow.contrib.slim.nets": ("slimnets.nets",),
    "tensorflow.contrib.slim.python.slim": ("slimnets.slim",),
    "tensorflow.contrib.slim.python.slim.nets": ("slimnets.nets",),
    "tensorflow.contrib.layers": ("slimnets.slim.layers", "slimnets.slim"),
    "tensorflow.contrib.layers.python.layers": ("slimnets.slim",),
    "tensorflow.contrib.layers.python.layers.layers": ("slimnets.slim.layers",),
    "tensorflow.contrib.layers.python.layers.utils": ("slimnets.slim.utils",),
    "tensorflow.contrib.layers.python.ops": ("slimnets.slim",),
    "tensorflow.contrib.framework": (
        "slimnets.slim",
        "tensorflow.compat.v1.train",
        "tensorflow.compat.v1",
    ),
    "tensorflow.contrib.framework.python.ops": ("slimnets.slim",),
    "tensorflow.contrib.framework.python.ops.arg_scope": ("slimnets.slim",),
    "tensorflow.contrib.framework.python.ops.variables": ("slimnets.slim",),
    "tensorflow.contrib.framework.python.framework.checkpoint_utils": (
        "tensorflow.compat.v1.train",
    ),
    "tensorflow.contrib.framework.nest": ("tensorflow.compat.v1.nest",),
    "tensorflow.contrib.framework.python.framework.tensor_util": (
        "tensorflow.compat.v1",
        "tensorflow.python.framework.tensor_util",
    ),
    "tensorflow.contrib.metrics": ("slimnets.slim.metrics", "tensorflow.compat.v1"),
    "tensorflow.contrib.metrics.python.ops.metric_ops": ("slimnets.slim.metrics",),
    "tensorflow.contrib.losses": ("slimnets.slim.losses",),
    "tensorflow.contrib.losses.python.losses.loss_ops": ("slimnets.slim.losses",),
    "tensorflow.contrib.training": (
        "slimnets.slim.training",
        "slimnets.slim.train_eval",
        "slimnets.slim.evaluation",
    ),
    "tensorflow.contrib.training.HParams": ("slimnets.upgrade.hparams.HParams",),
    "tensorflow.contrib.training.python.training.hparam": ("slimnets.upgrade.hparams",),
    "tensorflow.contrib.training.python.training.training": ("slimnets.slim.training",),
    "tensorflow.contrib.training.python.training.evaluation": (
        "slimnets.slim.train_eval",
    ),
    "tensorflow.contrib.quantize": ("slimnets.quantization",),
    "tensorflow.contrib.quantize.python.quantize_graph": ("slimnets.quantization",),
    "tensorflow.contrib.data": (
        "tensorflow.compat.v1.data",
        "tensorflow.compat.v1.data.experimental",
    ),
    "tensorflow.contrib.util": ("tensorflow.compat.v1",),
    "tensorflow.contrib.saved_model": ("tensorflow.compat.v1.saved_model",),
    "tensorflow.contrib.lite": ("tensorflow.compat.v1.lite",),
    "tensorflow.contrib.lookup.HashTable": (
        "tensorflow.compat.v1.lookup.StaticHashTable",
    ),
    "tensorflow.contrib.lookup.KeyValueTensorInitializer": (
        "tensorflow.compat.v1.lookup.KeyValueTensorInitializer",
    ),
    "tensorflow.contrib.eager": ("tensorflow.compat.v1",),
    "tensorflow.python.platform.gfile": ("tensorflow.compat.v1.gfile",),
    "tensorflow.python.platform.flags": ("tensorflow.compat.v1.flags",),
    "tensorflow.python.pywrap_tensorflow": (
        "tensorflow.compat.v1.train",
        "tensorflow.python.pywrap_tensorflow",
    ),
}

# Names that lost their place before TensorFlow 1.15, which its own tables lack.
EARLY: dict[str, str] = {
    "tensorflow.pack": "tensorflow.compat.v1.stack",
    "tensorflow.unpack": "tensorflow.compat.v1.unstack",
    "tensorflow.mul": "tensorflow.compat.v1.multiply",
    "tensorflow.sub": "tensorflow.compat.v1.subtract",
    "tensorflow.neg": "tensorflow.compat.v1.negative",
    "tensorflow.concat_v2": "tensorflow.compat.v1.concat",
    "tensorflow.select": "tensorflow.compat.v1.where",
    "tensorflow.inv": "tensorflow.compat.v1.reciprocal",
    "tensorflow.batch_matmul": "tensorflow.compat.v1.matmul",
    "tensorflow.complex_abs": "tensorflow.compat.v1.abs",
    "tensorflow.listdiff": "tensorflow.compat.v1.setdiff1d",
    "tensorflow.scalar_summary": "tensorflow.compat.v1.summary.scalar",
    "tensorflow.histogram_summary": "tensorflow.compat.v1.summary.histogram",
    "tensorflow.merge_summary": "tensorflow.compat.v1.summary.merge",
    "tensorflow.merge_all_summaries": "tensorflow.compat.v1.summary.merge_all",
    "tensorflow.train.SummaryWriter": "tensorflow.compat.v1.summary.FileWriter",
    "tensorflow.image.per_image_whitening": (
        "tensorflow.compat.v1.image.per_image_standardization"
    ),
    "tensorflow.contrib.deprecated.scalar_summary": (
        "tensorflow.compat.v1.summary.scalar"
    ),
    "tensorflow.contrib.deprecated.histogram_summary": (
        "tensorflow.compat.v1.summary.histogram"
    ),
}

# What TensorFlow's tables rename to something that is called in another way.
OTHER_ARGUMENTS = ("tensorflow.contrib.summary.",)

# Where the names of TensorFlow's private modules that moved are looked for.
PUBLIC = (
    "tensorflow.compat.v1",
    "tensorflow.compat.v1.train",
    "tensorflow.compat.v1.nn",
    "tensorflow.compat.v1.image",
    "tensorflow.compat.v1.math",
    "tensorflow.compat.v1.graph_util",
)

# research/slim's packages, which lie in slimnets under the same names.
RESEARCH_SLIM = ("nets", "preprocessing", "datasets", "deployment")
# How other programs spell the way to them.
RESEARCH_PREFIXES = ("models.research.slim.", "research.slim.", "slim.")

NUMPY: dict[str, str] = {
    **{f"numpy.{name}": f"builtins.{name}" for name in ("int", "float", "complex")},
    **{f"numpy.{name}": f"builtins.{name}" for name in ("bool", "object", "str")},
    "numpy.long": "builtins.int",
    "numpy.unicode": "builtins.str",
    "numpy.float_": "numpy.float64",
    "numpy.complex_": "numpy.complex128",
    "numpy.string_": "numpy.bytes_",
    "numpy.unicode_": "numpy.str_",
    "numpy.bool8": "numpy.bool_",
    "numpy.Inf": "numpy.inf",
    "numpy.Infinity": "numpy.inf",
    "numpy.infty": "numpy.inf",
    "numpy.NaN": "numpy.nan",
    "numpy.NAN": "numpy.nan",
    "numpy.PINF": "numpy.inf",
    "numpy.product": "numpy.prod",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.alltrue": "numpy.all",
    "numpy.sometrue": "numpy.any",
    "numpy.round_": "numpy.round",
    "numpy.row_stack": "numpy.vstack",
    "numpy.in1d": "numpy.isin",
    "numpy.trapz": "numpy.trapezoid",
}
# Aliases that NumPy's own names have replaced with another meaning: rewritten although
# they exist, to what they meant.
NUMPY_REUSED = frozenset({"numpy.bool", "numpy.long"})

# Functions whose builtins have another name in Python 3.
PYTHON_2 = {
    "xrange": "range",
    "raw_input": "input",
    "unicode": "str",
    "basestring": "str",
    "unichr": "chr",
}

# What to do where a name has no place: the longest that matches wins.
REMEDIES: dict[str, str] = {
    "tensorflow.contrib.quantize": (
        "call create_training_graph or create_eval_graph of slimnets.quantization,"
        " which fold and quantize in one"
    ),
    "tensorflow.contrib.lookup": (
        "use tf.lookup.StaticHashTable with tf.lookup.KeyValueTensorInitializer or"
        " TextFileInitializer"
    ),
    "tensorflow.contrib.learn": "the Estimators are gone; write a loop, or tf.keras",
    "tensorflow.estimator": (
        "TensorFlow lost it in 2.16; write a loop with slim.learning.train"
    ),
    "tensorflow.contrib.tpu": "use tf.distribute.TPUStrategy",
    "tensorflow.contrib.image": "use tf.raw_ops.ImageProjectiveTransformV3",
    "tensorflow.contrib.graph_editor": (
        "write what it changed as a function that builds the graph anew"
    ),
    "tensorflow.contrib.rnn": (
        "the cells are in tf.compat.v1.nn.rnn_cell, with pip install tf_keras and"
        " TF_USE_LEGACY_KERAS=1"
    ),
    "tensorflow.contrib.distributions": "use tensorflow_probability",
    "tensorflow.contrib.seq2seq": "use tensorflow_addons' seq2seq",
    "tensorflow.contrib.crf": "use tensorflow_addons' text.crf",
    "tensorflow.contrib.opt": "use tensorflow_addons' or an optimizer of tf.train",
    "tensorflow.contrib.tensorboard": "use the package tensorboard itself",
    "tensorflow.contrib.summary": "use tf.compat.v2.summary",
    "tensorflow.contrib.layers": (
        "slimnets.slim has no such layer; write it with those that it has"
    ),
    "tensorflow.contrib": "tf.contrib is gone from TensorFlow 2, and this part with it",
    "tensorflow.examples": (
        "read the data set from its files, or with slimnets convert-dataset"
    ),
    "tensorflow.layers": (
        "pip install tf_keras and set TF_USE_LEGACY_KERAS=1, or use slim's layers,"
        " whose variables have other names"
    ),
    "tensorflow.nn.rnn_cell": "pip install tf_keras and set TF_USE_LEGACY_KERAS=1",
    "tensorflow.image_summary": (
        "use tf.summary.image(name, images, max_outputs); its name comes first"
    ),
    "tensorflow.batch_fft": "use tf.signal.fft",
    "tensorflow.python": "it is private to TensorFlow, and moved; use the public name",
    "tensorflow": "TensorFlow has no such name any more",
    "tf_slim": "slimnets.slim has no such name",
    "nets": "slimnets.nets has no such name; add the file to the program",
    "preprocessing": (
        "slimnets.preprocessing has no such name; add the file to the program"
    ),
    "datasets": "slimnets.datasets has no such name; add the file to the program",
    "deployment": "slimnets.deployment has no such name; add the file to the program",
    "scipy.misc": (
        "SciPy's images are gone: use imageio for imread and imsave, PIL for imresize"
    ),
    "cPickle": "it is pickle in Python 3",
    "cStringIO": "it is io.BytesIO or io.StringIO in Python 3",
    "StringIO": "it is io.BytesIO or io.StringIO in Python 3",
    "urllib2": "it is urllib.request in Python 3",
    "urlparse": "it is urllib.parse in Python 3",
    "ConfigParser": "it is configparser in Python 3",
    "Queue": "it is queue in Python 3",
    "Tkinter": "it is tkinter in Python 3",
    "commands": "it is subprocess in Python 3",
    "__builtin__": "it is builtins in Python 3",
    "sklearn.externals": "import joblib itself",
    "sklearn.cross_validation": "it is sklearn.model_selection",
    "numpy": "NumPy has no such name any more",
}
# Names that exist today only with Keras 2: never taken for granted.
KERAS_2 = (
    "tensorflow.layers",
    "tensorflow.nn.rnn_cell",
    "tensorflow.compat.v1.layers",
    "tensorflow.compat.v1.nn.rnn_cell",
)


def longest_prefix(name: str, table: Container[str]) -> str | None:
    """Returns the longest part of a dotted name, from its start, that is in a table."""
    while name and name not in table:
        name = name.rpartition(".")[0]
    return name or None
