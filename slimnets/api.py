"""What `import slimnets` offers; a network's builder bears its registry name.

The package hands on from here what is asked of it, so that importing it alone is quick
and a program can still choose how TensorFlow starts.
"""

from slimnets import slim
from slimnets.backbone import features
from slimnets.inference.classifier import load
from slimnets.model import Model
from slimnets.nets.alexnet import alexnet_v2
from slimnets.nets.cifarnet import cifarnet
from slimnets.nets.convnext import convnext_small, convnext_tiny
from slimnets.nets.cyclegan import cyclegan_generator_resnet
from slimnets.nets.dcgan import discriminator as dcgan_discriminator
from slimnets.nets.dcgan import generator as dcgan_generator
from slimnets.nets.densenet import densenet_121, densenet_169, densenet_201
from slimnets.nets.efficientnet import (
    efficientnet_b0,
    efficientnet_b1,
    efficientnet_b2,
    efficientnet_b3,
    efficientnet_b4,
    efficientnet_b5,
    efficientnet_b6,
    efficientnet_b7,
    efficientnet_lite0,
    efficientnet_lite1,
    efficientnet_lite2,
    efficientnet_lite3,
    efficientnet_lite4,
)
from slimnets.nets.i3d import i3d
from slimnets.nets.inception_resnet_v2 import inception_resnet_v2
from slimnets.nets.inception_v1 import inception_v1
from slimnets.nets.inception_v2 import inception_v2
from slimnets.nets.inception_v3 import inception_v3
from slimnets.nets.inception_v4 import inception_v4
from slimnets.nets.lenet import lenet
from slimnets.nets.mnasnet import mnasnet_a1, mnasnet_b1
from slimnets.nets.mobilenet.mobilenet_v2 import mobilenet as mobilenet_v2
from slimnets.nets.mobilenet.mobilenet_v2 import mobilenet_v2_035, mobilenet_v2_140
from slimnets.nets.mobilenet.mobilenet_v3 import edge_tpu as mobilenet_edgetpu
from slimnets.nets.mobilenet.mobilenet_v3 import edge_tpu_075 as mobilenet_edgetpu_075
from slimnets.nets.mobilenet.mobilenet_v3 import large as mobilenet_v3_large
from slimnets.nets.mobilenet.mobilenet_v3 import (
    large_minimalistic as mobilenet_v3_large_minimalistic,
)
from slimnets.nets.mobilenet.mobilenet_v3 import small as mobilenet_v3_small
from slimnets.nets.mobilenet.mobilenet_v3 import (
    small_minimalistic as mobilenet_v3_small_minimalistic,
)
from slimnets.nets.mobilenet.mobilenet_v4 import conv_large as mobilenet_v4_conv_large
from slimnets.nets.mobilenet.mobilenet_v4 import conv_medium as mobilenet_v4_conv_medium
from slimnets.nets.mobilenet.mobilenet_v4 import conv_small as mobilenet_v4_conv_small
from slimnets.nets.mobilenet_v1 import (
    mobilenet_v1,
    mobilenet_v1_025,
    mobilenet_v1_050,
    mobilenet_v1_075,
)
from slimnets.nets.nasnet.nasnet import build_nasnet_cifar as nasnet_cifar
from slimnets.nets.nasnet.nasnet import build_nasnet_large as nasnet_large
from slimnets.nets.nasnet.nasnet import build_nasnet_mobile as nasnet_mobile
from slimnets.nets.nasnet.pnasnet import build_pnasnet_large as pnasnet_large
from slimnets.nets.nasnet.pnasnet import build_pnasnet_mobile as pnasnet_mobile
from slimnets.nets.overfeat import overfeat
from slimnets.nets.pix2pix import pix2pix_discriminator, pix2pix_generator
from slimnets.nets.registry import get_network_fn, list_networks, register
from slimnets.nets.regnet import regnet_y_1_6gf, regnet_y_8gf, regnet_y_400mf
from slimnets.nets.resnet50 import resnet50, resnet50_v1_5
from slimnets.nets.resnet_v1 import (
    resnet_v1_50,
    resnet_v1_101,
    resnet_v1_152,
    resnet_v1_200,
)
from slimnets.nets.resnet_v2 import (
    resnet_v2_50,
    resnet_v2_101,
    resnet_v2_152,
    resnet_v2_200,
)
from slimnets.nets.row import Network
from slimnets.nets.s3dg import s3dg
from slimnets.nets.vgg import vgg_16, vgg_19, vgg_a
from slimnets.nets.xception import xception

__all__ = [
    "Model",
    "Network",
    "alexnet_v2",
    "cifarnet",
    "convnext_small",
    "convnext_tiny",
    "cyclegan_generator_resnet",
    "dcgan_discriminator",
    "dcgan_generator",
    "densenet_121",
    "densenet_169",
    "densenet_201",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "efficientnet_lite3",
    "efficientnet_lite4",
    "features",
    "get_network_fn",
    "i3d",
    "inception_resnet_v2",
    "inception_v1",
    "inception_v2",
    "inception_v3",
    "inception_v4",
    "lenet",
    "list_networks",
    "load",
    "mnasnet_a1",
    "mnasnet_b1",
    "mobilenet_edgetpu",
    "mobilenet_edgetpu_075",
    "mobilenet_v1",
    "mobilenet_v1_025",
    "mobilenet_v1_050",
    "mobilenet_v1_075",
    "mobilenet_v2",
    "mobilenet_v2_035",
    "mobilenet_v2_140",
    "mobilenet_v3_large",
    "mobilenet_v3_large_minimalistic",
    "mobilenet_v3_small",
    "mobilenet_v3_small_minimalistic",
    "mobilenet_v4_conv_large",
    "mobilenet_v4_conv_medium",
    "mobilenet_v4_conv_small",
    "nasnet_cifar",
    "nasnet_large",
    "nasnet_mobile",
    "overfeat",
    "pix2pix_discriminator",
    "pix2pix_generator",
    "pnasnet_large",
    "pnasnet_mobile",
    "register",
    "regnet_y_1_6gf",
    "regnet_y_8gf",
    "regnet_y_400mf",
    "resnet50",
    "resnet50_v1_5",
    "resnet_v1_50",
    "resnet_v1_101",
    "resnet_v1_152",
    "resnet_v1_200",
    "resnet_v2_50",
    "resnet_v2_101",
    "resnet_v2_152",
    "resnet_v2_200",
    "s3dg",
    "slim",
    "vgg_16",
    "vgg_19",
    "vgg_a",
    "xception",
]
