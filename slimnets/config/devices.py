"""The settings that say on which devices training and evaluation run."""

import dataclasses

from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class DevicesConfig:
    """Which devices share the work, of this machine and of others."""

    strategy: str = setting(
        "none",
        "none: one device. mirrored: all of this machine's. multi_worker: the machines"
        " that TF_CONFIG names. tpu: the cores of the TPU that --tpu names; it was"
        " never tried on one.",
        choices=choices.STRATEGIES,
        instead={
            "parameter_server": "there are no servers of parameters; give multi_worker,"
            " whose workers sum up their gradients at each step",
        },
        common=True,
    )
    num_clones: int = setting(
        0, "Replicas on this machine; 0 takes one per GPU, or one CPU.", lowest=0
    )
    clone_on_cpu: bool = setting(False, "Put the replicas on CPUs, GPUs or not.")
    rendezvous_timeout: float = setting(
        600.0,
        "Seconds that a worker of --strategy=multi_worker waits for the others.",
        lowest=1.0,
    )

    tpu: str = setting(
        "local",
        "TPU of --strategy=tpu: local, its name in Google Cloud, or grpc://host:port.",
    )

    @property
    def has_workers(self) -> bool:
        """Whether other processes take part."""
        return self.strategy == "multi_worker"
