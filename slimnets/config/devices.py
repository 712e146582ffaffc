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
        " that TF_CONFIG names, all in each step. parameter_server: the same, but each"
        " at its own pace, with the weights on servers. tpu: the cores of the TPU that"
        " --tpu names; it was never tried on one.",
        choices=choices.STRATEGIES,
        common=True,
    )
    num_clones: int = setting(
        0, "Replicas on this machine; 0 takes one per GPU, or one CPU.", lowest=0
    )
    clone_on_cpu: bool = setting(False, "Put the replicas on CPUs, GPUs or not.")
    rendezvous_timeout: float = setting(
        600.0,
        "Seconds that a process of --strategy=multi_worker or parameter_server waits"
        " for the others.",
        lowest=1.0,
    )

    tpu: str = setting(
        "local",
        "TPU of --strategy=tpu: local, its name in Google Cloud, or grpc://host:port.",
    )

    @property
    def has_workers(self) -> bool:
        """Whether other processes run the same program beside this one."""
        return self.strategy == "multi_worker"

    @property
    def has_servers(self) -> bool:
        """Whether servers hold the weights, and a chief tells workers what to do."""
        return self.strategy == "parameter_server"
