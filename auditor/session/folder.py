"""What lies in a project folder, and where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".audit"


class NotAProjectError(ValueError):
    """The path is no project folder."""


@dataclass(frozen=True, slots=True)
class ProjectFolder:
    path: Path

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    @property
    def database(self) -> Path:
        return self.path / "project.duckdb"

    @property
    def embeddings(self) -> Path:
        return self.path / "embeddings"

    @property
    def thumbnails(self) -> Path:
        return self.path / "thumbnails" / "pack.bin"

    @property
    def answers(self) -> Path:
        """Journals of what is being asked."""
        return self.path / "answers"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def exists(self) -> bool:
        return self.database.is_file()

    def make(self) -> None:
        for folder in (self.embeddings, self.thumbnails.parent, self.answers, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    def require(self) -> None:
        """Raise NotAProjectError, with the way out, where there is no project."""
        if not self.exists:
            raise NotAProjectError(
                f"{self.path} is not a project: make one with `auditor import SOURCE`"
                if not self.path.exists() or self.path.is_dir()
                else f"{self.path} is a file, not a project folder"
            )


def default_for(source: Path) -> ProjectFolder:
    """NAME.audit in the current folder, after the source's name."""
    resolved = source.resolve()
    stem = resolved.name if resolved.is_dir() else resolved.stem
    return ProjectFolder(Path(f"{stem or 'dataset'}{SUFFIX}"))


@contextmanager
def whole_or_gone(out: Path) -> Iterator[None]:
    """Take a new folder away again where it was not finished; one that held something is let be."""
    is_new = not out.exists() or (out.is_dir() and not any(out.iterdir()))
    try:
        yield
    except BaseException:
        if is_new:
            shutil.rmtree(out, ignore_errors=True)
        raise
