"""The mended handlers turn parsed features into tensors."""

import tensorflow as tf
import tf_slim

from slimnets.mended import tfexample_decoder

v1 = tf.compat.v1


def decoded(handler, features, **values):
    """What `handler` makes of an Example with these values."""
    example = tf.train.Example(
        features=tf.train.Features(
            feature={
                name: tf.train.Feature(int64_list=tf.train.Int64List(value=value))
                for name, value in values.items()
            }
        )
    )
    with tf.Graph().as_default(), v1.Session() as session:
        decoder = tf_slim.tfexample_decoder.TFExampleDecoder(
            features, {"item": handler()}
        )
        (item,) = decoder.decode(example.SerializeToString())
        session.run(v1.tables_initializer())
        return session.run(item).tolist()


def test_tensor_takes_its_shape_from_other_features():
    features = {
        "values": v1.VarLenFeature(tf.int64),
        "height": v1.FixedLenFeature([], tf.int64),
        "width": v1.FixedLenFeature([], tf.int64),
    }
    item = decoded(
        lambda: tfexample_decoder.Tensor("values", shape_keys=["height", "width"]),
        features,
        values=[1, 2, 3, 4, 5, 6],
        height=[2],
        width=[3],
    )
    assert item == [[1, 2, 3], [4, 5, 6]]


def test_lookup_tensor_looks_up_what_the_mended_tensor_reads():
    def handler():
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant([3, 5], tf.int64), ["cat", "dog"]
            ),
            "other",
        )
        return tfexample_decoder.LookupTensor("values", table, shape=[3, 1])

    features = {"values": v1.FixedLenFeature([3], tf.int64)}
    item = decoded(handler, features, values=[5, 3, 9])
    assert item == [[b"dog"], [b"cat"], [b"other"]]


def test_sparse_tensor_is_made_dense():
    features = {
        "indices": v1.VarLenFeature(tf.int64),
        "values": v1.VarLenFeature(tf.int64),
    }
    item = decoded(
        lambda: tfexample_decoder.SparseTensor(shape=[5], densify=True),
        features,
        indices=[1, 3],
        values=[7, 8],
    )
    assert item == [0, 7, 0, 8, 0]
