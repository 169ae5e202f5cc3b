"""Both places for the bytes of files behave alike; the folder also survives what a disk can do to it."""

import os
import stat

import pytest

from agentmem_core import InvalidInputError, StoreDamagedError, StoreUnavailableError
from agentmem_core.storage.files import FolderBlobs, MemoryBlobs
from agentmem_core.testing import BlobsSuite


class TestFolderBlobs(BlobsSuite):
    @pytest.fixture
    def blobs(self, tmp_path):
        return FolderBlobs(tmp_path)


class TestMemoryBlobs(BlobsSuite):
    @pytest.fixture
    def blobs(self):
        return MemoryBlobs()


def test_only_the_owner_can_read_a_file(tmp_path):
    digest = FolderBlobs(tmp_path).put(b"mine")
    place = tmp_path / "files" / digest[:2] / digest
    assert place.read_bytes() == b"mine"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_nothing_is_made_before_the_first_file(tmp_path):
    blobs = FolderBlobs(tmp_path)
    blobs.tidy()
    assert (list(blobs.digests()), list(tmp_path.iterdir())) == ([], [])


def test_changed_bytes_are_told_and_mended_by_the_next_put(tmp_path):
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(b"whole")
    (tmp_path / "files" / digest[:2] / digest).write_bytes(b"halve")
    with pytest.raises(StoreDamagedError, match="put the file again"):
        blobs.get(digest)
    assert blobs.put(b"whole") == digest
    assert blobs.get(digest) == b"whole"


def test_what_a_killed_process_left_half_written_is_tidied(tmp_path):
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(b"whole")
    (tmp_path / "files" / ".partial").write_bytes(b"half")
    assert list(blobs.digests()) == [digest]
    blobs.tidy()
    assert not (tmp_path / "files" / ".partial").exists()
    (tmp_path / "files" / ".partial").write_bytes(b"half")
    assert blobs.get(blobs.put(b"other")) == b"other"


@pytest.mark.parametrize("digest", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/.."])
def test_a_digest_cannot_lead_out_of_the_folder(tmp_path, digest):
    blobs = FolderBlobs(tmp_path)
    for call in (blobs.get, blobs.delete):
        with pytest.raises(InvalidInputError):
            call(digest)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said_so(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StoreUnavailableError):
            FolderBlobs(tmp_path).put(b"x")
    finally:
        tmp_path.chmod(0o700)


def test_a_file_in_the_place_of_the_folder_is_said_so(tmp_path):
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StoreUnavailableError):
        FolderBlobs(tmp_path).put(b"x")
