"""What somebody who took over a confined child would try, in native code, which asks Python's audit hook for nothing.

Each takes the target as bytes, and answers ``reached``, or ``refused`` with the error's name.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import struct
import threading

from core.confined import probe

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p


def _outcome(result: int) -> bytes:
    if result == -1:
        return f"refused {errno.errorcode[ctypes.get_errno()]}".encode()
    return b"reached"


def read_file(path: bytes) -> bytes:
    return _outcome(_libc.open(path, os.O_RDONLY))


def list_folder(path: bytes) -> bytes:
    return _outcome(_libc.open(path, os.O_RDONLY | os.O_DIRECTORY))


def write_file(path: bytes) -> bytes:
    return _outcome(_libc.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def remove_file(path: bytes) -> bytes:
    return _outcome(_libc.unlink(path))


def open_up_file(path: bytes) -> bytes:
    return _outcome(_libc.chmod(path, 0o777))


def connect_tcp(port: bytes) -> bytes:
    descriptor = _libc.socket(2, 1, 0)
    if descriptor == -1:
        return _outcome(-1)
    address = struct.pack("=H", 2) + struct.pack(">H", int(port)) + bytes([127, 0, 0, 1]) + bytes(8)
    return _outcome(_libc.connect(descriptor, address, len(address)))


def connect_unix(path: bytes) -> bytes:
    """A leading NUL makes it an abstract name."""
    descriptor = _libc.socket(1, 1, 0)
    if descriptor == -1:
        return _outcome(-1)
    address = struct.pack("=H", 1) + path
    return _outcome(_libc.connect(descriptor, address, len(address)))


def start_program(path: bytes) -> bytes:
    arguments = (ctypes.c_char_p * 2)(path, None)
    return _outcome(_libc.execv(path, arguments))


def fork(_target: bytes) -> bytes:
    process = _libc.fork()
    if process == 0:
        os._exit(0)
    return _outcome(process)


def send_signal(process: bytes) -> bytes:
    return _outcome(_libc.kill(int(process), 0))


def trace(process: bytes) -> bytes:
    return _outcome(_libc.ptrace(0x4206, int(process), None, None))  # PTRACE_SEIZE, which does not stop it


def read_memory(process: bytes) -> bytes:
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
    remote = (ctypes.c_void_p * 2)(id(b"x") & ~0xFFF, 16)
    return _outcome(_libc.process_vm_readv(int(process), local, 1, remote, 1, 0))


def limit_process(process: bytes) -> bytes:
    old = (ctypes.c_uint64 * 2)()
    return _outcome(_libc.prlimit(int(process), 7, None, old))


def slow_down(process: bytes) -> bytes:
    return _outcome(_libc.setpriority(0, int(process), 19))


def signal_by_file(process: bytes) -> bytes:
    """A pipe tells its owner about itself by a signal."""
    ends = (ctypes.c_int * 2)()
    _libc.pipe(ends)
    return _outcome(_libc.fcntl(ends[0], 8, int(process)))  # F_SETOWN


def call(number: bytes) -> bytes:
    """Any call into the kernel, with arguments of nothing."""
    return _outcome(_libc.syscall(ctypes.c_long(int(number)), None, None, None, None, None, None))


def environment(_target: bytes) -> bytes:
    return json.dumps(dict(os.environ)).encode()


def list_open(_target: bytes) -> bytes:
    return json.dumps(probe.list_open()).encode()


def use_threads(_target: bytes) -> bytes:
    found: list[int] = []
    threads = [threading.Thread(target=found.append, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return str(len(found)).encode()
