"""A store on disk whose files are verified as they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from zarr.storage import LocalStore

if TYPE_CHECKING:
    from zarr.abc.store import ByteRequest
    from zarr.core.buffer import Buffer, BufferPrototype


class Guarded(LocalStore):
    """Store that gives out those files only that pass."""

    def __init__(self, root: Path, *, passed: Callable[[str, bytes | None], bool]) -> None:
        """Open a folder.

        Parameters
        ----------
        root
            The folder.
        passed
            Whether the file of a key may be read, by its bytes; None if there is no such file.
        """
        super().__init__(root, read_only=True)
        self._passed = passed

    async def get(
        self, key: str, prototype: BufferPrototype | None = None, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        """Bytes of a file; None if it may not be read."""
        buffer = await super().get(key, prototype, byte_range)
        return buffer if self._passed(key, None if buffer is None else buffer.to_bytes()) else None
