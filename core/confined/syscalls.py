"""The calls into the kernel that a confined process may make, and their numbers.

The numbers are the kernel's (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h) and never change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Architecture:
    """``audit``: how the kernel names the architecture of a call (linux/audit.h). ``numbers``: by the call's name."""

    audit: int
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Exactly:
    """The argument, counted from 0, is one of these values; None stands for the number of the process."""

    argument: int
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """The argument has one of ``bits`` (0: any value will do) and none of ``never``."""

    argument: int
    bits: int
    never: int


def _numbers(table: str) -> Mapping[str, int]:
    return {name: int(number) for name, _, number in (each.partition("=") for each in table.split())}


_PLAIN = """
    access arch_prctl brk clock_getres clock_gettime clock_nanosleep close close_range dup dup2 dup3 exit exit_group
    faccessat faccessat2 fadvise64 fstat fstatfs futex getcpu getcwd getdents getdents64 getegid geteuid getgid
    getpgrp getpid getppid getrandom getresgid getresuid getrusage gettid gettimeofday getuid lseek lstat madvise
    membarrier mincore mmap mprotect mremap munmap nanosleep newfstatat pipe pipe2 poll ppoll pread64 preadv pselect6
    read readlink readlinkat readv restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn
    rt_sigtimedwait sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler
    sched_yield select set_robust_list set_tid_address sigaltstack stat statfs statx sysinfo time times uname write
    writev
"""

ALLOWED = frozenset(_PLAIN.split())
"""Memory, threads, the clock, looking at files and reading them, writing to what is open."""

_READING_ONLY = 0o20001103  # never: O_WRONLY O_RDWR O_CREAT O_TRUNC O_TMPFILE
_THREAD = 0x00010000  # CLONE_THREAD: fork(2) has not got it
_NAMESPACES = 0x7E020000  # CLONE_NEWNS and its six relatives

RESTRICTED: Mapping[str, Exactly | Needs] = {
    "clone": Needs(0, _THREAD, _NAMESPACES),
    "open": Needs(1, 0, _READING_ONLY),
    "openat": Needs(2, 0, _READING_ONLY),
    "tgkill": Exactly(0, (None,)),
    "prlimit64": Exactly(0, (0, None)),
    "prctl": Exactly(0, (15, 0x53564D41)),  # PR_SET_NAME and PR_SET_VMA
    "fcntl": Exactly(1, (0, 1, 2, 3, 4, 1030)),  # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC
    "ioctl": Exactly(1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),
    # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
}
"""Allowed with some arguments: no process but threads, no file for writing, no signal and no limit for another process."""

NUMBERS: Mapping[str, Architecture] = {
    "x86_64": Architecture(
        0xC000003E,
        _numbers(
            """
            access=21 arch_prctl=158 brk=12 clock_getres=229 clock_gettime=228 clock_nanosleep=230 clone=56 close=3
            close_range=436 dup=32 dup2=33 dup3=292 exit=60 exit_group=231 faccessat=269 faccessat2=439 fadvise64=221
            fcntl=72 fstat=5 fstatfs=138 futex=202 getcpu=309 getcwd=79 getdents=78 getdents64=217 getegid=108
            geteuid=107 getgid=104 getpgrp=111 getpid=39 getppid=110 getrandom=318 getresgid=120 getresuid=118
            getrusage=98 gettid=186 gettimeofday=96 getuid=102 ioctl=16 lseek=8 lstat=6 madvise=28 membarrier=324
            mincore=27 mmap=9 mprotect=10 mremap=25 munmap=11 nanosleep=35 newfstatat=262 open=2 openat=257 pipe=22
            pipe2=293 poll=7 ppoll=271 prctl=157 pread64=17 preadv=295 prlimit64=302 pselect6=270 read=0 readlink=89
            readlinkat=267 readv=19 restart_syscall=219 rseq=334 rt_sigaction=13 rt_sigpending=127 rt_sigprocmask=14
            rt_sigreturn=15 rt_sigtimedwait=128 sched_get_priority_max=146 sched_get_priority_min=147
            sched_getaffinity=204 sched_getparam=143 sched_getscheduler=145 sched_yield=24 select=23
            set_robust_list=273 set_tid_address=218 sigaltstack=131 stat=4 statfs=137 statx=332 sysinfo=99 tgkill=234
            time=201 times=100 uname=63 write=1 writev=20
            """
        ),
    ),
    "aarch64": Architecture(
        0xC00000B7,
        _numbers(
            """
            brk=214 clock_getres=114 clock_gettime=113 clock_nanosleep=115 clone=220 close=57 close_range=436 dup=23
            dup3=24 exit=93 exit_group=94 faccessat=48 faccessat2=439 fadvise64=223 fcntl=25 fstat=80 fstatfs=44
            futex=98 getcpu=168 getcwd=17 getdents64=61 getegid=177 geteuid=175 getgid=176 getpid=172 getppid=173
            getrandom=278 getresgid=150 getresuid=148 getrusage=165 gettid=178 gettimeofday=169 getuid=174 ioctl=29
            lseek=62 madvise=233 membarrier=283 mincore=232 mmap=222 mprotect=226 mremap=216 munmap=215 nanosleep=101
            newfstatat=79 openat=56 pipe2=59 ppoll=73 prctl=167 pread64=67 preadv=69 prlimit64=261 pselect6=72 read=63
            readlinkat=78 readv=65 restart_syscall=128 rseq=293 rt_sigaction=134 rt_sigpending=136 rt_sigprocmask=135
            rt_sigreturn=139 rt_sigtimedwait=137 sched_get_priority_max=125 sched_get_priority_min=126
            sched_getaffinity=123 sched_getparam=121 sched_getscheduler=120 sched_yield=124 set_robust_list=99
            set_tid_address=96 sigaltstack=132 statfs=43 statx=291 sysinfo=179 tgkill=131 times=153 uname=160 write=64
            writev=66
            """
        ),
    ),
}
"""By the machine's name, as uname(2) gives it."""
