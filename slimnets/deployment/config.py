"""Where the parts of a deployed network lie: devices and name scopes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

Device = str | Callable[[Any], str]

_CPU = "/device:CPU:0"


@dataclasses.dataclass(frozen=True)
class DeploymentConfig:
    """How many clones there are, and on which devices.

    Attributes:
      num_clones: of the network in each replica, each on a GPU of its own.
      clone_on_cpu: all clones are on the CPU.
      replica_id: which replica this graph is, below num_replicas.
      num_replicas: workers.
      num_ps_tasks: parameter servers that hold the variables in turn; 0 for none.
      worker_job_name: of the cluster's workers.
      ps_job_name: of its parameter servers.
    """

    num_clones: int = 1
    clone_on_cpu: bool = False
    replica_id: int = 0
    num_replicas: int = 1
    num_ps_tasks: int = 0
    worker_job_name: str = "worker"
    ps_job_name: str = "ps"

    def __post_init__(self) -> None:
        if self.num_replicas > 1 and self.num_ps_tasks < 1:
            raise ValueError("num_ps_tasks must be positive where num_replicas is > 1")
        if self.num_replicas > 1 or self.num_ps_tasks > 0:
            if not self.worker_job_name:
                raise ValueError(
                    "worker_job_name must be given where there are several"
                )
            if not self.ps_job_name:
                raise ValueError("ps_job_name must be given where there are several")
        if self.replica_id >= self.num_replicas:
            raise ValueError("replica_id must be less than num_replicas")

    @property
    def ps_device(self) -> str:
        """The job of the parameter servers; '' without them."""
        return f"/job:{self.ps_job_name}" if self.num_ps_tasks > 0 else ""

    @property
    def worker_device(self) -> str:
        """The job of the workers; '' without parameter servers."""
        return f"/job:{self.worker_job_name}" if self.num_ps_tasks > 0 else ""

    def caching_device(self) -> Callable[[Any], str] | None:
        """Returns where variables of servers are cached: at their readers."""
        return (lambda op: op.device) if self.num_ps_tasks > 0 else None

    def clone_device(self, clone_index: int) -> str:
        """Returns the device of a clone's ops.

        Without that GPU, sessions of slim.learning.train take the CPU.

        Raises:
          ValueError: there is no such clone.
        """
        self._check(clone_index)
        if self.clone_on_cpu:
            return self.worker_device + _CPU
        return f"{self.worker_device}/device:GPU:{clone_index}"

    def clone_scope(self, clone_index: int) -> str:
        """Returns the name scope of a clone; '' of the only one.

        Raises:
          ValueError: there is no such clone.
        """
        self._check(clone_index)
        return f"clone_{clone_index}" if self.num_clones > 1 else ""

    def optimizer_device(self) -> str:
        """Returns the device of the optimizer's ops."""
        return self.worker_device + _CPU

    def inputs_device(self) -> str:
        """Returns the device that prepares the inputs."""
        return self.worker_device + _CPU

    def variables_device(self) -> Device:
        """Returns the device of the variables, or what takes the next server's turn."""
        if self.num_ps_tasks > 0:
            return _ServersInTurn(self.ps_device + _CPU, self.num_ps_tasks)
        return _CPU

    def _check(self, clone_index: int) -> None:
        if clone_index >= self.num_clones:
            raise ValueError("clone_index must be less than num_clones")


class _ServersInTurn:
    """Places each variable on the next parameter server, for `tf.device`."""

    def __init__(self, device: str, tasks: int):
        self._device, self._tasks, self._next = device, tasks, 0

    def __call__(self, op: Any) -> str:
        node = op if isinstance(op, tf.compat.v1.NodeDef) else op.node_def
        if op.device or node.op not in ("Variable", "VariableV2", "VarHandleOp"):
            return op.device
        task, self._next = self._next, (self._next + 1) % self._tasks
        return f"{self._device}/task:{task}"
