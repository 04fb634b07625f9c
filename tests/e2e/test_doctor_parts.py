"""``switchboard doctor`` takes the name of each part that it shows."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from config.cli import main


def test_the_disk_is_a_part_of_its_own(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["doctor", "disk"], env={"DATA_DIR": str(tmp_path)})
    assert ran.exit_code == 0, ran.output
    assert [line.split()[:2] for line in ran.output.splitlines()] == [["disk", "ok"]]


def test_a_name_that_is_none_is_told_all_that_there_are(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["doctor", "dsik"], env={"DATA_DIR": str(tmp_path)})
    assert ran.exit_code != 0
    told = ran.output + str(ran.exception)
    assert all(name in told for name in ("dsik", "slack", "knowledge", "sandbox", "disk"))


def test_no_desk_is_said_to_be_on_where_its_mailbox_is_missing(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["doctor", "email"], env={"DATA_DIR": str(tmp_path), "STAFF_EMAIL": "a@b.example"})
    assert ran.exit_code != 0
    assert "STAFF_EMAIL needs EMAIL_ADDRESS" in ran.output
    assert not [line for line in ran.output.splitlines() if line.startswith("desk ")]
