"""tf_slim's handlers that turn the features of a tf.Example into tensors, mended.

Each is a subclass of tf_slim's and replaces the one method that no longer runs, so an
instance passes for tf_slim's wherever one is asked for.
"""

from tf_slim.data import tfexample_decoder as slim_decoder

from slimnets.mended.twin import make_twin, rebind

_NAMES = vars(make_twin(slim_decoder))


class Tensor(slim_decoder.Tensor):
    __doc__ = slim_decoder.Tensor.__doc__
    tensors_to_item = rebind(slim_decoder.Tensor.tensors_to_item, _NAMES)


class LookupTensor(slim_decoder.LookupTensor, Tensor):
    # tf_slim's asks the next class in line for the tensor; here that is ours.
    __doc__ = slim_decoder.LookupTensor.__doc__


class BackupHandler(slim_decoder.BackupHandler):
    __doc__ = slim_decoder.BackupHandler.__doc__
    tensors_to_item = rebind(slim_decoder.BackupHandler.tensors_to_item, _NAMES)


class SparseTensor(slim_decoder.SparseTensor):
    __doc__ = slim_decoder.SparseTensor.__doc__
    tensors_to_item = rebind(slim_decoder.SparseTensor.tensors_to_item, _NAMES)


class Image(slim_decoder.Image):
    __doc__ = slim_decoder.Image.__doc__
    _decode = rebind(slim_decoder.Image._decode, _NAMES)


MENDED = (Tensor, LookupTensor, BackupHandler, SparseTensor, Image)
