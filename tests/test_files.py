"""Files where others may write too: what they plant is not followed, and the user's umask holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper.files import open_plain, private_folder, read_plain, write_named

CREATE = os.O_WRONLY | os.O_CREAT


def plant_a_link(place: Path, target: Path) -> None:
    """Let a name lead elsewhere."""
    place.symlink_to(target)


def plant_a_second_name(place: Path, target: Path) -> None:
    """Give a file another name."""
    os.link(target, place)


def plant_a_pipe(place: Path, _: Path) -> None:
    """Put something there that whoever opens it waits for."""
    os.mkfifo(place)


GiveAway = Callable[[Path], None]


@pytest.fixture
def give_away(monkeypatch: pytest.MonkeyPatch) -> GiveAway:
    """Let a file, or a link itself, be another user's; where only root can do that, be somebody else."""

    def give(path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, 12345, -1, follow_symlinks=False)
        else:
            monkeypatch.setattr(os, "geteuid", lambda: 12345)

    return give


@pytest.mark.parametrize("plant", [plant_a_link, plant_a_second_name, plant_a_pipe])
def test_what_is_planted_is_not_written_to(plant: Callable[[Path, Path], None], tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious", encoding="utf-8")
    plant(tmp_path / "place", target)
    with pytest.raises(OSError, match="place"):
        open_plain(tmp_path / "place", CREATE)
    assert target.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("plant", [plant_a_link, plant_a_pipe])
def test_nor_is_it_read(plant: Callable[[Path, Path], None], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    plant(tmp_path / "place", tmp_path / "secret")
    with pytest.raises(OSError, match="place"):
        read_plain(tmp_path / "place")


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077, 0o002])
def test_the_umask_says_who_may_read_a_new_file(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        os.close(open_plain(tmp_path / "log", CREATE))
        write_named(tmp_path / "table.csv", b"a")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("log", "table.csv")}
    assert modes == {0o666 & ~umask}


def test_a_link_of_the_users_own_is_followed_where_the_user_names_it(tmp_path: Path) -> None:
    (tmp_path / "paper").mkdir()
    (tmp_path / "table.tex").symlink_to("paper/table.tex")
    write_named(tmp_path / "table.tex", b"a & b")
    assert (tmp_path / "paper" / "table.tex").read_bytes() == b"a & b"


def test_one_of_another_user_is_not(tmp_path: Path, give_away: GiveAway) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "table.tex").symlink_to("precious")
    give_away(tmp_path / "table.tex")
    with pytest.raises(PermissionError, match="another user"):
        write_named(tmp_path / "table.tex", b"a & b")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_private_folder_is_for_its_user_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "cache")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder(folder) == folder


@pytest.mark.parametrize("is_link", [False, True], ids=["folder", "link"])
def test_what_is_another_users_is_no_private_folder(tmp_path: Path, give_away: GiveAway, *, is_link: bool) -> None:
    (tmp_path / "mine").mkdir()
    if is_link:
        (tmp_path / "cache").symlink_to("mine")
    else:
        (tmp_path / "cache").mkdir()
    give_away(tmp_path / "cache")
    with pytest.raises(PermissionError, match="another user"):
        private_folder(tmp_path / "cache")
