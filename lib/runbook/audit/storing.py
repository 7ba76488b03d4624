"""Copies of records in another place: --archive s3://bucket/folder, or any other that fsspec knows.

The copy is read back and held against the manifest's digests before it counts. The record in runs/
stays, whatever becomes of the copy. Credentials are the place's own (AWS_PROFILE, an instance's
role, …); an address that holds one is refused, because it would end up in a log.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Refused
from ..records.archive import NotArchived
from ..redact import find_secrets, redact
from . import chain, manifest

VARIABLE = "RUNBOOK_ARCHIVE"
_BLOCK = 1024 * 1024
_OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss")


class NotStored(NotArchived):
    """The record is in runs/, whole, and its copy is not where it should be."""

    exit_code = 3


class Place:
    """Somewhere that copies of records are kept.

    Args:
        address: s3://bucket/folder, file:///folder, …

    Raises:
        Refused: the address is none, holds a secret, or cannot be reached; nothing was started.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if not parts.scheme or parts.password or find_secrets(address):
            raise Refused(
                "The archive's address is none that can be used: it is SCHEME://PLACE, without"
                " a name and password in it.",
                remedy="s3://bucket/folder, with the credentials in the environment or a profile.",
            )
        self.address = address.rstrip("/")
        self._objects = parts.scheme in _OBJECT_STORES
        try:
            from fsspec.core import url_to_fs

            self._files, self._root = url_to_fs(self.address, **_options(parts.scheme))
        except Exception as error:  # each kind of place has errors of its own
            raise self._unreachable(error) from None

    def __str__(self) -> str:
        return self.address

    def greet(self, runs: Path) -> None:
        """Write the chain there before anything is run: it shows whether the place can be used.

        Raises:
            Refused: it cannot.
        """
        runs.mkdir(parents=True, exist_ok=True)
        with chain.locked(runs):
            chain.begun(runs)
        try:
            self._folder(self._root)
            self._chain(runs)
        except Exception as error:  # as above
            raise self._unreachable(error) from None

    def store(self, record: Path) -> int:
        """Copy one record, and the chain as it is now; returns how many files were held against it.

        Raises:
            NotStored: something was not written, or what is read back is something else.
        """
        try:
            names = [*manifest.names(record), *sorted(_beside(record))]
            for name in names:
                self._folder(_parent(f"{self._root}/{record.name}/{name}"))
                self._files.put_file(str(record / name), f"{self._root}/{record.name}/{name}")
            wrong = [name for name in names if not self._same(record, name)]
            self._chain(record.parent)
        except Exception as error:  # as above
            raise self._not_stored(record, _why(error)) from None
        if wrong:
            what = f"{wrong[0]} was read back as something else"
            raise self._not_stored(record, what)
        return len(names)

    def _folder(self, path: str) -> None:
        """Make a folder where there are folders; an object store would make a bucket."""
        if not self._objects:
            self._files.makedirs(path, exist_ok=True)

    def _chain(self, runs: Path) -> None:
        self._files.pipe_file(f"{self._root}/{chain.FILE}", (runs / chain.FILE).read_bytes())

    def _unreachable(self, error: Exception) -> Refused:
        return Refused(
            f"The archive {self.address} cannot be written to: {_why(error)}.",
            remedy="A run that is to be archived there is not started without it. Check the"
            " address and the credentials.",
        )

    def _same(self, record: Path, name: str) -> bool:
        import hashlib

        digest = hashlib.sha256()
        with self._files.open(
            f"{self._root}/{record.name}/{name}", "rb", cache_type="none"
        ) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest() == manifest.digest(record / name)

    def _not_stored(self, record: Path, why: str) -> NotStored:
        return NotStored(
            f"The copy of record {record.name} in {self.address} is not complete: {why}.",
            state=f"The record itself is whole, in runs/{record.name}; what the run did to the"
            " database is as the record says.",
            remedy=f"When the archive can be reached: runbook audit upload {record.name} --archive"
            f" {self.address}",
        )


def place_of(named: str) -> Place | None:
    """The place that is named, or that RUNBOOK_ARCHIVE names; None for neither."""
    address = named or os.environ.get(VARIABLE, "").strip()
    return Place(address) if address else None


def _beside(record: Path) -> Sequence[str]:
    return [name for name in manifest.BESIDE if (record / name).exists()]


def _options(scheme: str) -> dict[str, Any]:
    # What a cached listing says is from before the upload.
    listing: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme == "s3":
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            listing["endpoint_url"] = endpoint
    return listing


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _why(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return redact(words).rstrip(".")[:300]
