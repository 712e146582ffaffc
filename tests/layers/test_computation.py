"""What is chosen for a run, and that the layers of that run alone take it."""

import threading

import pytest
import tensorflow as tf

from slimnets.hardware import Hardware
from slimnets.layers import computation
from slimnets.layers.computation import Computation, computing

AVX2 = Hardware(onednn=True, instructions=frozenset({"avx2"}))
AVX512 = Hardware(onednn=True, instructions=frozenset({"avx2", "avx512f"}))
BF16 = Hardware(
    onednn=True, instructions=frozenset({"avx2", "avx512f", "avx512_bf16", "amx_bf16"})
)
EIGEN = Hardware(onednn=False, instructions=frozenset({"avx2"}))
ARM = Hardware(onednn=True)
GPU = Hardware(has_gpu=True, onednn=True, instructions=frozenset({"avx2"}))

# Beside the product for whole extents, which is always the faster one.
PLAIN: set[str] = set()
COMPILED = {"compiled_filter_gradients"}
POINTWISE = {"pointwise_filter_gradients_as_products"}
IN_16_BITS = {*POINTWISE, "depthwise_in_float32"}


@pytest.mark.parametrize(
    ("training", "precision", "hardware", "chosen"),
    [
        (True, tf.float32, AVX2, COMPILED),
        (False, tf.float32, AVX2, PLAIN),
        (True, tf.float64, AVX2, PLAIN),
        (True, tf.float32, AVX512, PLAIN),
        (True, tf.float32, BF16, PLAIN),
        (True, tf.float32, EIGEN, PLAIN),
        (True, tf.float32, ARM, PLAIN),
        (True, tf.float32, GPU, PLAIN),
        (True, tf.bfloat16, BF16, IN_16_BITS),
        (False, tf.bfloat16, BF16, POINTWISE),
        (True, tf.bfloat16, AVX2, IN_16_BITS),
        (True, tf.float16, ARM, IN_16_BITS),
        (True, tf.bfloat16, GPU, PLAIN),
        (True, tf.float16, GPU, PLAIN),
        (False, tf.bfloat16, GPU, PLAIN),
    ],
)
def test_the_fastest(training, precision, hardware, chosen):
    expected = dict.fromkeys({"whole_extents_as_products", *chosen}, True)
    found = computation.choose_fastest(training, precision, hardware)
    assert found == Computation(**expected)


def test_the_innermost_value_is_current():
    outer, inner = Computation(depthwise_in_float32=True), Computation()
    assert computation.given() is None
    assert computation.current() == Computation()
    with computing(outer):
        with computing(inner):
            assert computation.current() is computation.given() is inner
        assert computation.current() is outer
        with pytest.raises(KeyError), computing(inner):
            raise KeyError
        assert computation.current() is outer
    assert computation.given() is None


def test_other_threads_have_their_own():
    found = []
    with computing(Computation(depthwise_in_float32=True)):
        thread = threading.Thread(target=lambda: found.append(computation.given()))
        thread.start()
        thread.join()
    assert found == [None]
