"""Reads the documents of a Git repository with the ``git`` program: one commit, no history, nothing of it run.

Each commit is checked out into a folder of its own, so that whoever reads the one before is not disturbed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from core.domain.attachments import human_size
from knowledge.process.programs import die_with_parent
from knowledge.sources.files import READABLE, files_of
from knowledge.sources.mirror import Draft, Page, State
from knowledge.sources.options import SourceOptions
from knowledge.sources.secrets import without_secret

_SECONDS = 600.0
_MOST_BYTES = 2 * 1024**3
"""Of one commit, as it is sent and as it lies in files: a few kilobytes that were packed well can fill a disk."""
_NOT_FOUND = 127
"""What env(1) ends with where there is no such program."""
_SAFE = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",  # a link is written as a file that names its target, so that it leads nowhere, and then removed
    "filter.lfs.smudge=cat",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    "protocol.allow=never",
    "protocol.https.allow=always",
    "protocol.http.allow=always",
    "protocol.ssh.allow=always",
    "protocol.git.allow=always",
    "protocol.file.allow=always",
    "submodule.recurse=false",
    "gc.auto=0",
    "fetch.unpackLimit=1",  # all that comes is one file, which the limit on files then bounds
    "advice.detachedHead=false",
)
_ENVIRONMENT = (
    "env",
    *("-u", "GIT_DIR", "-u", "GIT_WORK_TREE", "-u", "GIT_INDEX_FILE", "-u", "GIT_OBJECT_DIRECTORY"),
    *("GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "SSH_ASKPASS=true", "GIT_LFS_SKIP_SMUDGE=1", "LC_ALL=C"),
    "GIT_SSH_COMMAND=ssh -o BatchMode=yes -o ConnectTimeout=20",
)
"""Nobody is asked for a password, and a hook of somebody's that runs us does not lend us its repository."""
_LIMITED = ("sh", "-c", 'ulimit -f "$1"; shift; exec "$@"', "sh")
"""No file that git writes is larger than so many blocks of 512 bytes (POSIX, ulimit)."""
_SCP = re.compile(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)")
_LINK = "120000"
"""The mode of symbolic links in a tree (gitformat-index(5))."""
_REPOSITORY, _NEW_TREE = "repository.git", "new-tree"
_POINTER = b"version https://git-lfs.github.com/"
_FORGES = {
    "github.com": "{web}/blob/{ref}/{path}",
    "gitlab.com": "{web}/-/blob/{ref}/{path}",
    "bitbucket.org": "{web}/src/{ref}/{path}",
    "codeberg.org": "{web}/src/branch/{ref}/{path}",
}


class GitFailed(Exception):
    """What git said, for people, without the passwords of an address."""


def fetch(options: SourceOptions, draft: Draft, tell: Callable[[int, int, str], None]) -> State:
    """The state that the mirror should have from now on. Raises GitFailed."""
    address = _checked(options)
    tell(0, 1, without_secret(address))
    branch, commit = _head(address, options.branch)
    tree = draft.folder / f"tree-{commit}"
    try:
        _clear(draft.folder)
        if not tree.is_dir():
            _check_out(address, commit, branch, draft.folder, tree)
    finally:
        _clear(draft.folder)
    visited = dict(_pages(options, address, branch, tree))
    tell(len(visited), len(visited), without_secret(address))
    _remove_others(draft, tree)
    return State(visited, version=commit, failure=None if visited else "the folder holds no document that can be read")


def described(options: SourceOptions) -> str:
    """The branch and the commit that would be read now. Raises GitFailed."""
    branch, commit = _head(_checked(options), options.branch)
    return f"{branch} at {commit[:12]}"


def _checked(options: SourceOptions) -> str:
    """The address as git takes it, and nothing that git would take for an option."""
    address = options.address.removeprefix("git+")
    for given in (address, options.branch or ""):
        if given.startswith("-") or "\n" in given:
            raise GitFailed(f"{given!r} is neither an address nor a branch")
    return address


def _head(address: str, branch: str | None) -> tuple[str, str]:
    """The branch, and the commit that it is at. Asked for first, since it costs next to nothing."""
    names = [f"refs/heads/{branch}", f"refs/tags/{branch}^{{}}", f"refs/tags/{branch}"] if branch else ["HEAD"]
    lines = [line.split("\t") for line in _git(["ls-remote", "--symref", "--", address, *names]).splitlines()]
    named = {name: value for value, name in (line for line in lines if len(line) == 2) if not value.startswith("ref:")}
    commit = next((named[name] for name in names if name in named), None)
    if commit is None:
        raise GitFailed(f"there is no branch {branch}" if branch else "the repository is empty")
    symbolic = next((value for value, _ in (line for line in lines if len(line) == 2) if value.startswith("ref:")), "")
    return branch or symbolic.removeprefix("ref: refs/heads/") or "HEAD", commit


def _clear(folder: Path) -> None:
    """Each commit is fetched into a new repository: one that was kept would grow, and a killed git leaves it locked."""
    for name in (_REPOSITORY, _NEW_TREE):
        shutil.rmtree(folder / name, ignore_errors=True)


def _check_out(address: str, commit: str, branch: str, folder: Path, tree: Path) -> None:
    """Into a folder beside, which gets its name when it is complete."""
    repository, new = folder / _REPOSITORY, folder / _NEW_TREE
    new.mkdir(parents=True)
    _git(["init", "--quiet", "--bare", "--template=", str(repository)])
    place = ["--git-dir", str(repository)]
    _receive(
        [*place, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"], address, branch, repository
    )
    entries = _entries(_git([*place, "ls-tree", "-r", "-l", "-z", "FETCH_HEAD"]))
    if sum(size for _, size, _ in entries) > _MOST_BYTES:
        raise GitFailed(_too_large())
    _git([*place, "--work-tree", str(new), "read-tree", "FETCH_HEAD"])
    _git([*place, "--work-tree", str(new), "checkout-index", "--all", "--force", "--quiet"])
    for mode, _, name in entries:
        if mode == _LINK:
            (new / name).unlink(missing_ok=True)
    fetched = _git([*place, "rev-parse", "FETCH_HEAD^{commit}"]).strip()
    target = tree if fetched == commit else folder / f"tree-{fetched}"
    shutil.rmtree(target, ignore_errors=True)
    new.rename(target)
    if target != tree:  # the branch moved on between the two questions; what is there now counts
        shutil.rmtree(tree, ignore_errors=True)
        target.rename(tree)


def _receive(command: Sequence[str], address: str, branch: str, repository: Path) -> None:
    try:
        _git([*command, "--", address, branch])
    except GitFailed:
        packs = repository / "objects" / "pack"
        if any(file.stat().st_size >= _MOST_BYTES for file in packs.glob("*")):
            raise GitFailed(_too_large()) from None
        raise


def _too_large() -> str:
    return f"the repository is larger than {human_size(_MOST_BYTES)}"


def _entries(listing: str) -> list[tuple[str, int, str]]:
    """Mode, size and path of each entry (git-ls-tree(1), "Output format"). A submodule has no size."""
    found = []
    for line in listing.split("\0"):
        head, tab, name = line.partition("\t")
        if tab:
            mode, _, _, size = head.split()
            found.append((mode, int(size) if size.isdigit() else 0, name))
    return found


def _pages(options: SourceOptions, address: str, branch: str, tree: Path) -> list[tuple[str, Page]]:
    inside = (tree / (options.folder or "").strip("/")).resolve()
    if not inside.is_relative_to(tree.resolve()) or not inside.is_dir():
        raise GitFailed(f"the repository holds no folder {options.folder}")
    name = _name_of(address)
    found = []
    try:
        files = files_of(str(inside))[0]
    except ValueError as error:
        raise GitFailed(str(error)) from error
    for file in files:
        place = file.path.relative_to(inside).as_posix()
        if not options.wants(place) or file.path.suffix.lower() not in READABLE or _is_pointer(file.path):
            continue
        whole = file.path.relative_to(tree.resolve()).as_posix()
        url = forge_url(address, branch, whole)
        held = f"{tree.name}/{whole}"
        found.append((place, Page(held, f"{name}/{place}", place, url)))
    return found


def _is_pointer(path: Path) -> bool:
    """A file of which Git LFS keeps the content elsewhere; the pointer says nothing to anybody."""
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def _remove_others(draft: Draft, tree: Path) -> None:
    """The trees of commits before the last one, which may still be read."""
    kept = {tree.name, f"tree-{draft.before.version}"}
    for folder in draft.folder.glob("tree-*"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def forge_url(address: str, branch: str, path: str) -> str | None:
    """Where people read this file on the web; None where the repository lies somewhere that we do not know."""
    scp = _SCP.fullmatch(address) if "://" not in address else None
    parts = urlsplit(address)
    host, place = (scp.group(1), scp.group(2)) if scp else (parts.hostname or "", parts.path)
    pattern = _FORGES.get(host.lower()) or (_FORGES["gitlab.com"] if host.lower().startswith("gitlab.") else None)
    if pattern is None:
        return None
    web = f"https://{host.lower()}/{place.strip('/').removesuffix('.git')}"
    return pattern.format(web=web, ref=quote(branch, safe="/"), path=quote(path))


def _name_of(address: str) -> str:
    return re.split(r"[/:]", address.rstrip("/").removesuffix(".git"))[-1] or "repository"


def _git(arguments: Sequence[str]) -> str:
    """Its output. It asks nobody for a password, and takes its time within limits. Raises GitFailed."""
    options = [part for setting in _SAFE for part in ("-c", setting)]
    try:
        done = subprocess.run(  # noqa: S603 - no shell; addresses stand after "--"
            [*_ENVIRONMENT, *_LIMITED, str(_MOST_BYTES // 512), "git", *options, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # one call into the kernel; nobody else would end it
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git took longer than {_SECONDS:.0f} seconds") from None
    if done.returncode == _NOT_FOUND:
        raise GitFailed("the git program is not installed here")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise GitFailed(
            without_secret(next((line for line in lines if line.startswith("fatal:")), " ".join(lines)))[:300]
        )
    return done.stdout
