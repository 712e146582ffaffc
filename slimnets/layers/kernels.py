"""Each way to compute a convolution; the computation around says which is taken.

The layers know of variables, names and scopes; here are values in and values out, and
each way has its measured reason.
"""

from collections.abc import Callable

import tensorflow as tf

from slimnets.layers import computation, scoping

Pair = tuple[int, int]
Gradients = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

# With fewer channels, as images have, XLA's gradient of the filters is the slower one.
_FEWEST_CHANNELS = 8


def convolve(
    inputs: tf.Tensor,
    weights: tf.Tensor | tf.Variable,
    stride: Pair = (1, 1),
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Pair = (1, 1),
    name: str = "Conv2D",
) -> tf.Tensor:
    """Convolves in the way that the computation around chooses for these shapes.

    Args:
      inputs: float [batch, height, width, channels], or NCHW.
      weights: float [height, width, channels, num_outputs].
      stride: (height, width); (1, 1) where the rate is not.
      padding: 'SAME' or 'VALID'.
      data_format: 'NHWC' or 'NCHW'.
      rate: dilation, (height, width).
      name: of the op in a v1 graph.

    Returns:
      [batch, out_height, out_width, num_outputs], or NCHW, of the inputs' type.
    """
    weights = scoping.cast_to(weights, inputs.dtype)
    if data_format == "NHWC":
        way = computation.current()
        if way.whole_extents_as_products and _covers_input(inputs, weights, padding):
            return multiply_whole_extent(inputs, weights)
        if way.pointwise_filter_gradients_as_products and _is_pointwise(
            weights, stride
        ):
            return convolve_pointwise(inputs, weights)
        if way.compiled_filter_gradients and _gains_by_compiling(inputs, weights, rate):
            return convolve_with_compiled_gradient(inputs, weights, stride, padding)
    return tf.nn.convolution(
        inputs, weights, stride, padding, data_format, rate, name=name
    )


def convolve_depthwise(
    inputs: tf.Tensor,
    weights: tf.Tensor | tf.Variable,
    stride: Pair,
    padding: str,
    data_format: str,
    rate: Pair,
) -> tf.Tensor:
    """Filters each channel by its own weights [height, width, channels, multiplier].

    Other arguments are those of `convolve`.
    """
    height, width = stride
    strides = [1, 1, height, width] if data_format == "NCHW" else [1, height, width, 1]
    # On a CPU its gradients take three times as long in 16 bits as in 32; without them
    # MobileNets infer 1.3 to 1.8 times as fast in bfloat16 (AVX-512).
    way = computation.current()

    def convolve(inputs: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.nn.depthwise_conv2d(
            inputs, weights, strides, padding, data_format, dilations=rate
        )

    if way.depthwise_gradients_in_float32 and inputs.dtype.size == 2:
        cast = tf.convert_to_tensor(scoping.cast_to(weights, inputs.dtype))
        return _differentiate_in_float32(convolve, inputs, cast)
    dtype = tf.float32 if way.depthwise_in_float32 else inputs.dtype
    outputs = convolve(scoping.cast_to(inputs, dtype), scoping.cast_to(weights, dtype))
    return scoping.cast_to(outputs, inputs.dtype)


def _differentiate_in_float32(
    compute: Callable[..., tf.Tensor], *values: tf.Tensor
) -> tf.Tensor:
    """Computes in 16 bits, and the gradients as those of the same in float32."""

    @tf.custom_gradient
    def run(*values: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradients(upstream: tf.Tensor) -> list[tf.Tensor]:
            exact = [tf.cast(value, tf.float32) for value in values]
            with tf.GradientTape() as tape:
                tape.watch(exact)
                outputs = compute(*exact)
            found = tape.gradient(outputs, exact, tf.cast(upstream, tf.float32))
            return [tf.cast(one, values[0].dtype) for one in found]

        return compute(*values), gradients

    return run(*values)


def activate(outputs: tf.Tensor, activation_fn: Callable) -> tf.Tensor:
    """Activates; relu6 in 16 bits is compiled where the computation around says so.

    TensorFlow's takes four times as long in bfloat16 as XLA's, and its gradient twice.
    """
    compiled = computation.current().compiled_activations
    if compiled and activation_fn is tf.nn.relu6 and outputs.dtype.size == 2:
        return _compiled_relu6(outputs)
    return activation_fn(outputs)


@tf.custom_gradient
def _compiled_relu6(inputs: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    outputs = _clip_to_six(inputs)
    return outputs, lambda upstream: _pass_inside_six(upstream, outputs)


@tf.function(autograph=False, jit_compile=True)
def _clip_to_six(inputs: tf.Tensor) -> tf.Tensor:
    six = tf.constant(6, inputs.dtype)
    return tf.minimum(tf.maximum(inputs, tf.zeros([], inputs.dtype)), six)


@tf.function(autograph=False, jit_compile=True)
def _pass_inside_six(upstream: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    inside = (outputs > 0) & (outputs < 6)
    return tf.where(inside, upstream, tf.zeros([], upstream.dtype))


def add_biases(
    outputs: tf.Tensor, biases: tf.Tensor | tf.Variable, data_format: str
) -> tf.Tensor:
    """Adds biases [channels] to a tensor of any rank from 2 on."""
    biases = scoping.cast_to(biases, outputs.dtype)
    add = _add_in_bfloat16 if outputs.dtype == tf.bfloat16 else tf.nn.bias_add
    return add(outputs, biases, data_format)


def _covers_input(inputs: tf.Tensor, weights: tf.Tensor, padding: str) -> bool:
    """Whether the filters see all of the input at once, as AlexNet's fc6 to fc8 do."""
    extent = inputs.shape[1:3]
    return (
        extent.is_fully_defined()
        and extent == weights.shape[:2]
        and (padding == "VALID" or extent.num_elements() == 1)
    )


def _is_pointwise(weights: tf.Tensor, stride: Pair) -> bool:
    """Whether each pixel's channels are mixed, and nothing else."""
    return weights.shape[:2].num_elements() == 1 and max(stride) == 1


def _gains_by_compiling(inputs: tf.Tensor, weights: tf.Tensor, rate: Pair) -> bool:
    """Whether XLA's gradient of the filters is faster than oneDNN's slow ones."""
    pointwise = weights.shape[:2].num_elements() == 1
    enough = inputs.shape.as_list()[3] >= _FEWEST_CHANNELS
    return enough and not pointwise and max(rate) == 1


def multiply_whole_extent(inputs: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Convolves over the whole extent as one matrix product.

    The convolution's gradients take most of AlexNet's training step on a CPU; the
    product's are several times faster.
    """
    size, depth = weights.shape[:3].num_elements(), weights.shape.as_list()[3]
    rows = tf.reshape(inputs, [-1, size])
    products = tf.matmul(rows, tf.reshape(weights, [size, depth]))
    return tf.reshape(products, [-1, 1, 1, depth], name="Conv2D")


@tf.custom_gradient
def convolve_pointwise(
    inputs: tf.Tensor, weights: tf.Tensor
) -> tuple[tf.Tensor, Gradients]:
    """Convolves 1x1; its weights' gradient is a matrix product.

    In bfloat16 the convolution's own takes several times as long on a CPU.

    Args:
      inputs: float [batch, height, width, channels].
      weights: float [1, 1, channels, num_outputs].
    """

    def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *_, depth, num_outputs = weights.shape.as_list()
        rows = tf.reshape(inputs, [-1, depth])
        upstream_rows = tf.reshape(upstream, [-1, num_outputs])
        products = tf.matmul(rows, upstream_rows, transpose_a=True)
        mixed_back = tf.nn.conv2d(
            upstream, tf.transpose(weights, [0, 1, 3, 2]), 1, "VALID"
        )
        return mixed_back, tf.reshape(products, weights.shape)

    return tf.nn.conv2d(inputs, weights, 1, "VALID", name="Conv2D"), gradients


def convolve_with_compiled_gradient(
    inputs: tf.Tensor, weights: tf.Tensor, stride: Pair, padding: str
) -> tf.Tensor:
    """Convolves NHWC; its weights' gradient is compiled by XLA, which takes Eigen's.

    On two cores with AVX2 and for 3x3 filters, that takes 0.5 to 0.8 of the time of
    oneDNN's, at 224 pixels a quarter. Off a training step it takes 6 % (ResNet-50),
    13 % (AlexNet, Inception v3, DenseNet-121) or a third (VGG-16).

    Args:
      inputs: float [batch, height, width, channels].
      weights: float [height, width, channels, num_outputs].
      stride: (height, width).
      padding: 'SAME' or 'VALID'.
    """
    options = {"strides": [1, *stride, 1], "padding": padding}

    @tf.custom_gradient
    def convolve(inputs: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Gradients]:
        def gradients(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs),
                filter=weights,
                out_backprop=upstream,
                **options,
            )
            shape = tuple(weights.shape.as_list())
            return of_inputs, _compute_filter_gradient(
                inputs, upstream, shape, **options
            )

        outputs = tf.raw_ops.Conv2D(
            input=inputs, filter=weights, name="Conv2D", **options
        )
        return outputs, gradients

    return convolve(inputs, tf.convert_to_tensor(weights))


@tf.function(autograph=False, jit_compile=True)
def _compute_filter_gradient(
    inputs: tf.Tensor,
    upstream: tf.Tensor,
    shape: tuple[int, ...],
    strides: list[int],
    padding: str,
) -> tf.Tensor:
    """Compiled once for each shape; layers that are alike share it."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=inputs,
        filter_sizes=shape,
        out_backprop=upstream,
        strides=strides,
        padding=padding,
    )


def _add_in_bfloat16(
    outputs: tf.Tensor, biases: tf.Tensor, data_format: str
) -> tf.Tensor:
    """Adds biases; their gradient is summed in float32.

    TensorFlow's own, BiasAddGrad, sums in bfloat16 on a CPU: of 25,088 ones it makes
    512.
    """
    channels = data_format.index("C") if data_format.startswith("NC") else -1
    axes = list(range(outputs.shape.rank))
    del axes[channels]

    @tf.custom_gradient
    def add(outputs: tf.Tensor, biases: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        added = tf.nn.bias_add(outputs, biases, data_format)
        return added, lambda upstream: (upstream, tf.reduce_sum(upstream, axes))

    return add(outputs, biases)
