"""Connections between the processes of a cluster, by which they know of each other."""

import os
import socket

from slimnets import errors

_NAME_PATIENCE = 1.0  # seconds that a process may take to say its name


def listen(port: int) -> socket.socket:
    """Returns a socket that listens at this process's port.

    Raises:
      InputError: another program has it.
    """
    try:
        return socket.create_server(("", port), backlog=128)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise errors.InputError(
            f"TF_CONFIG gives this process port {port}: {reason}; stop the program that"
            " has it, or name another port in every TF_CONFIG"
        ) from error


def read_name(guest: socket.socket) -> str:
    """Returns what a process sends first; "" from one that sends nothing for long."""
    guest.settimeout(_NAME_PATIENCE)
    try:
        with guest.makefile("rb", buffering=0) as lines:
            return lines.readline(100).decode(errors="replace").strip()
    except OSError:
        return ""


def receive(connection: socket.socket, flags: int = 0) -> bytes:
    """Returns a byte that has come; b"" from a connection that is broken."""
    try:
        return connection.recv(1, flags)
    except OSError:
        return b""
