"""A Dovecot of the test run's own: IMAP, submission and LMTP, with STARTTLS and TLS, and mailboxes for whoever logs in."""

from __future__ import annotations

import contextlib
import getpass
import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import psutil

from tests.servers.certificates import write_certificates
from tests.servers.process import ServerProcess, free_port, listens

PASSWORD = "pass:w/ord@1"

_CONFIGURATION = """
protocols = imap lmtp submission
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = /dev/stderr
auth_mechanisms = plain login
auth_username_format = %Lu
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%Lu
mailbox_list_index = no
first_valid_uid = 1
first_valid_gid = 1
{users}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%Lu allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Orders {{
    auto = create
  }}
}}
imap_capability = {capability}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_max_mail_size = 30M
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class DovecotServer:
    """``deliver`` brings a mail by LMTP. What is submitted goes on to ``relay``, a port that speaks SMTP."""

    def __init__(self, home: Path, relay: int, *, idle: bool = True) -> None:
        self._home = home
        self.imap_port, self.imaps_port, self.submission_port, self.lmtp_port = (free_port() for _ in range(4))
        self.authority, certificate, key = write_certificates(home)
        uid, gid, users = _users()
        (home / "mail").mkdir()
        os.chown(home / "mail", uid, gid)
        home.chmod(0o755)
        text = _CONFIGURATION.format(
            home=home,
            users=users,
            certificate=certificate,
            key=key,
            password=PASSWORD,
            uid=uid,
            gid=gid,
            capability="" if idle else "IMAP4rev1 LITERAL+ UIDPLUS",
            relay=relay,
            imap=self.imap_port,
            imaps=self.imaps_port,
            submission=self.submission_port,
            lmtp=self.lmtp_port,
        )
        (home / "dovecot.conf").write_text(text)
        program = _program()
        self._process = ServerProcess([program, "-F", "-c", home / "dovecot.conf"], log=home / "log", cwd=home)

    def start(self) -> None:
        """Start and wait until all doors are open."""
        self._process.start()
        ports = (self.imap_port, self.imaps_port, self.submission_port, self.lmtp_port)
        self._process.wait_ready(lambda: all(listens(port) for port in ports))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs, with the connections that it holds: its children would go on serving them."""
        if not self._process.running:
            return
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.end(number)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=10)

    def deliver(self, mail: EmailMessage | bytes, to: str) -> None:
        """Put a mail into somebody's inbox as a mail server would."""
        data = mail if isinstance(mail, bytes) else mail.as_bytes()
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as lmtp:
            lmtp.sendmail("sender@elsewhere.example", [to], data)

    def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """What is in a folder, in order."""
        with self.session(user) as imap:
            imap.select(folder, readonly=True)
            _, found = imap.uid("SEARCH", "ALL")
            return [_fetched(imap, uid) for uid in found[0].split()]

    @contextmanager
    def session(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Somebody's own mail program."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port) as imap:
            imap.login(user, PASSWORD)
            yield imap

    def renumber(self, user: str) -> None:
        """What a restored backup or a moved server does: the same mails, with new UIDs under a new UIDVALIDITY."""
        for name in (self._home / "mail" / user).glob("dovecot*"):
            name.unlink()
        (self._home / "mail" / user / "dovecot-uidvalidity").unlink(missing_ok=True)


def _fetched(imap: imaplib.IMAP4, uid: bytes) -> bytes:
    _, found = imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
    return bytes(found[0][1])


def _users() -> tuple[int, int, str]:
    """Whose the mail is. Without root, everything is ours."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid, "default_internal_user = dovecot\ndefault_login_user = dovenull"
    own = getpass.getuser()
    return os.getuid(), os.getgid(), f"default_internal_user = {own}\ndefault_login_user = {own}"


def _program() -> Path:
    found = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    assert found, (
        "Dovecot is not installed. On Debian and Ubuntu: "
        "sudo apt-get install dovecot-imapd dovecot-lmtpd dovecot-submissiond"
    )
    return Path(found)


@contextmanager
def dovecot(relay: int, *, idle: bool = True) -> Iterator[DovecotServer]:
    """A running server; stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="switchboard-dovecot-"))
    server = DovecotServer(home, relay, idle=idle)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
