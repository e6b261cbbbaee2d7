"""The bytes of a sample's image: a file, or a row of a Parquet file, read in place."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor import address
from auditor.media.errors import ImageError
from auditor.model import Reason

MAX_BYTES = 1 << 30
"""A larger file is refused: no image format needs it, and a worker must hold it whole."""

_BATCH_BYTES = 64 << 20
_BATCH_ROWS = 4096
"""At most: where images repeat, the bytes stored say little of the bytes read."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of one image, and when the file that holds them was last changed."""

    data: bytes
    mtime_ns: int


class ImageSource:
    """Reads images below `root`. Keeps the last batch of the last Parquet file.

    Ask for rows in ascending order: each batch is then read once, however long the row group.
    """

    def __init__(self, root: Path, image_column: str | None = None) -> None:
        self._root = root
        self._image_column = image_column
        self._parquet: _ParquetImages | None = None
        self._opened: tuple[str, int, int] | None = None

    def read(self, path: str, row: int | None = None) -> Blob:
        """The image at an address (see auditor.address) and row. Raises ImageError."""
        try:
            # An absolute path replaces the root.
            place = os.path.join(self._root, address.decode(path))  # noqa: PTH118 - a third of the time
            status = os.stat(place)  # noqa: PTH116
            if not stat.S_ISREG(status.st_mode):  # a named pipe would never end
                raise ImageError(Reason.UNREADABLE, "The path is not a regular file.")
            if row is not None:
                data = self._images(place, status)[row]
            elif status.st_size > MAX_BYTES:
                raise ImageError(Reason.UNREADABLE, f"The file has {status.st_size:,} bytes.")
            else:
                with open(place, "rb", buffering=0) as file:  # noqa: PTH123
                    data = file.readall()
        except pa.ArrowException as error:
            raise ImageError(Reason.UNREADABLE, f"The Parquet file is damaged: {error}") from error
        except (OSError, ValueError) as error:
            raise _explain(error) from error
        return Blob(data, status.st_mtime_ns)

    def _images(self, place: str, status: os.stat_result) -> _ParquetImages:
        key = (place, status.st_mtime_ns, status.st_size)
        if self._parquet is None or self._opened != key:
            self._parquet = _ParquetImages(place, self._image_column)
            self._opened = key
        return self._parquet


def read_bytes(
    root: Path, path: str, row: int | None = None, image_column: str | None = None
) -> bytes:
    """The bytes of one image; for many, keep an ImageSource. Raises ImageError."""
    return ImageSource(root, image_column).read(path, row).data


class _ParquetImages:
    """Rows of a Parquet file's image column, one batch of one row group in memory at a time."""

    def __init__(self, place: str, column: str | None) -> None:
        # Buffered: else the whole column of a row group is read at once, many gigabytes perhaps.
        self._file = pq.ParquetFile(place, buffer_size=1 << 20, pre_buffer=False)
        self._column = _image_column(self._file.schema_arrow, column)
        metadata = self._file.metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        self._starts = np.cumsum([0, *(group.num_rows for group in groups)])
        self._sizes = [group.total_byte_size for group in groups]
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._group, self._first = -1, 0
        self._batch: pa.Array = pa.array([], pa.binary())

    def __getitem__(self, row: int) -> bytes:
        if not 0 <= row < self._starts[-1]:
            raise ImageError(Reason.MISSING, f"The Parquet file has no row {row}.")
        if not self._first <= row < self._first + len(self._batch):
            self._seek(row)
        data = self._batch[row - self._first].as_py()
        if data is None:
            raise ImageError(Reason.MISSING, f"Row {row} has no image bytes.")
        return bytes(data)

    def _seek(self, row: int) -> None:
        group = int(np.searchsorted(self._starts, row, side="right")) - 1
        if group != self._group or row < self._first:
            rows = int(self._starts[group + 1] - self._starts[group])
            fitting = rows * _BATCH_BYTES // max(1, self._sizes[group])
            batch_rows = max(1, min(rows, fitting, _BATCH_ROWS))
            self._batches = self._file.iter_batches(batch_rows, [group], [self._column])
            self._group, self._first = group, int(self._starts[group])
            self._batch = self._batch[:0]
        while row >= self._first + len(self._batch):
            self._first += len(self._batch)
            self._batch = _bytes_of(next(self._batches).column(0))


def _bytes_of(column: pa.Array) -> pa.Array:
    return column.field("bytes") if pa.types.is_struct(column.type) else column


def _image_column(schema: pa.Schema, wanted: str | None) -> str:
    fits = [field.name for field in schema if _holds_images(field.type)]
    if wanted is None and fits:
        return str(fits[0])
    if wanted is not None and wanted in fits:
        return wanted
    name = "column of images" if wanted is None else f"column of images named {wanted!r}"
    raise ImageError(Reason.UNREADABLE, f"The Parquet file has no {name}.")


def _holds_images(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        kind = kind.field("bytes").type
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _explain(error: OSError | ValueError) -> ImageError:
    if isinstance(error, ImageError):
        return error
    if not isinstance(error, OSError):  # a NUL byte, or a character that no file name can hold
        return ImageError(Reason.MISSING, f"No file can have this name: {error}.")
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR | errno.ENAMETOOLONG:
            return ImageError(Reason.MISSING, "There is no such file.")
        case errno.ELOOP:
            return ImageError(Reason.SYMLINK_LOOP, "The path leads through a loop of links.")
        case errno.EACCES | errno.EPERM:
            return ImageError(Reason.PERMISSION, "You may not read this file.")
        case _:
            return ImageError(Reason.UNREADABLE, error.strerror or str(error))
