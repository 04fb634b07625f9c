"""The environment of programs that the hub starts: paths and locales, none of its settings, which may be secret."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

_KEPT = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LC_*",
        "TZ",
        "TMPDIR",
        "XDG_*",
        "LD_LIBRARY_PATH",
        "DYLD_*",
        "PYTHON*",
    ),
    *("*_PROXY", "*_proxy", "SSL_CERT_*", "*_CA_BUNDLE", "GIT_*", "SSH_AUTH_SOCK"),
    *(
        "HF_*",
        "TRANSFORMERS_*",
        "TORCH_*",
        "TOKENIZERS_*",
        "OMP_*",
        "OPENBLAS_*",
        "MKL_*",
        "ORT_*",
        "CUDA_*",
        "MALLOC_*",
    ),
)
"""For the system; for the network and git; for models and the libraries that run them."""


def program_environment() -> dict[str, str]:
    """For the knowledge process, which gets settings by its pipe, and for the crawler. Confined processes get nothing."""
    return {name: value for name, value in os.environ.items() if any(fnmatchcase(name, one) for one in _KEPT)}
