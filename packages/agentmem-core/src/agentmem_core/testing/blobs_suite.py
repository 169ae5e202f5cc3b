"""The conformance suite of ``Blobs``: inherit it and give it some."""

from __future__ import annotations

from hashlib import sha256

import pytest

from agentmem_core.errors import NotFoundError
from agentmem_core.ports import Blobs


class BlobsSuite:
    """What every ``Blobs`` must do.

    ::

        class TestMine(BlobsSuite):
            @pytest.fixture
            def blobs(self, tmp_path):
                return MyBlobs(tmp_path)
    """

    @pytest.fixture
    def blobs(self) -> Blobs:
        """An empty place for bytes."""
        raise NotImplementedError("override the fixture `blobs`")

    @pytest.mark.parametrize("data", [b"", b"\x00", "里斯本".encode(), bytes(range(256)) * 5_000])
    def test_bytes_come_back_as_they_were_put(self, blobs: Blobs, data: bytes) -> None:
        digest = blobs.put(data)
        assert digest == sha256(data).hexdigest()
        assert blobs.get(digest) == data
        assert list(blobs.digests()) == [digest]

    def test_the_same_bytes_are_kept_once(self, blobs: Blobs) -> None:
        assert blobs.put(b"twice") == blobs.put(b"twice")
        assert len(blobs.digests()) == 1

    def test_every_digest_is_listed(self, blobs: Blobs) -> None:
        put = {blobs.put(str(number).encode()) for number in range(300)}
        assert set(blobs.digests()) == put

    def test_deleted_bytes_are_gone_and_the_others_are_not(self, blobs: Blobs) -> None:
        gone, kept = blobs.put(b"gone"), blobs.put(b"kept")
        blobs.delete(gone)
        blobs.delete(gone)
        assert list(blobs.digests()) == [kept]
        assert blobs.get(kept) == b"kept"
        with pytest.raises(NotFoundError):
            blobs.get(gone)

    def test_what_was_deleted_can_be_put_again(self, blobs: Blobs) -> None:
        blobs.delete(blobs.put(b"again"))
        assert blobs.get(blobs.put(b"again")) == b"again"

    def test_tidying_takes_nothing_that_was_put(self, blobs: Blobs) -> None:
        digest = blobs.put(b"here")
        blobs.tidy()
        assert blobs.get(digest) == b"here"

    def test_an_empty_place_holds_nothing(self, blobs: Blobs) -> None:
        blobs.tidy()
        assert list(blobs.digests()) == []
        assert blobs.size() == 0
