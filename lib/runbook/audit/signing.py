"""Signatures over a manifest, optional: made with an Ed25519 key, checked without any network.

Two forms over the same bytes: a DSSE envelope, which in-toto's tools read, and what
`ssh-keygen -Y verify -n runbook-record` reads. The key is a file, PEM or OpenSSH, named by --sign
or RUNBOOK_SIGNING_KEY; it is never a parameter and never written into a record.

Source: https://github.com/secure-systems-lab/dsse, https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Refused
from .manifest import ENVELOPE, SSH_SIGNATURE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

VARIABLE = "RUNBOOK_SIGNING_KEY"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
NAMESPACE = "runbook-record"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"


@dataclass(frozen=True)
class Key:
    """An Ed25519 key for signing; its repr shows nothing of it."""

    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        return "Key(…)"


def key_of(named: str = "") -> Key | None:
    """The key in the file that is named, or that RUNBOOK_SIGNING_KEY names; None for neither.

    Raises:
        Refused: the file holds no Ed25519 key that can be used, or others may read it.
    """
    place = named or os.environ.get(VARIABLE, "").strip()
    if not place:
        return None
    path = Path(place).expanduser()
    try:
        content = path.read_bytes()
        if path.stat().st_mode & 0o077:
            raise ValueError("others than its owner may read it (chmod 600)")
        return Key(_private(content))
    except (OSError, ValueError, TypeError) as error:
        # Not the file's name: who pastes the key itself into the variable would see it archived.
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(
            f"The signing key that {'--sign' if named else VARIABLE} names cannot be used: {why}.",
            remedy="`runbook audit key FILE` makes one; it takes an unencrypted Ed25519 key as"
            " PEM or OpenSSH.",
        ) from None


def make(path: Path) -> str:
    """Write a new key to `path` and its public half to `path`.pub; returns the public key's id.

    Raises:
        Refused: one of the files is there.
    """
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = Ed25519PrivateKey.generate(), path.with_name(f"{path.name}.pub")
    pem = private.private_bytes(
        forms.Encoding.PEM, forms.PrivateFormat.OpenSSH, forms.NoEncryption()
    )
    line = private.public_key().public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH)
    try:
        for place, content, mode in ((path, pem, 0o600), (public, line + b"\n", 0o644)):
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
    except OSError as error:
        raise Refused(
            f"The key cannot be written: {error.strerror}.", remedy="Name a file that is not there."
        ) from None
    return key_id(private.public_key())


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a file, PEM or OpenSSH.

    Raises:
        Refused: there is none.
    """
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        content = path.read_bytes()
        if b"PRIVATE" in content:
            raise ValueError("it is a private key; keep that where it is and name its .pub file")
        load = forms.load_pem_public_key if b"-----" in content else forms.load_ssh_public_key
        found = load(content)
        if not isinstance(found, Ed25519PublicKey):
            raise ValueError("it is no Ed25519 key")
        return found
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(f"--key {path.name} cannot be used: {why}.") from None


def key_id(public: Ed25519PublicKey) -> str:
    """SHA-256 over the key as OpenSSH writes it: `ssh-keygen -lf` shows the same."""
    digest = hashlib.sha256(_blob(public)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def signatures(content: bytes, key: Key | None) -> dict[str, bytes]:
    """File name to content of what is signed of a manifest; nothing without a key."""
    if key is None:
        return {}
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    public = _ssl_key(key.private.public_key())
    envelope = Envelope(content, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key.private, public))
    return {
        ENVELOPE: _envelope_text(envelope.to_dict()),
        SSH_SIGNATURE: _ssh_signature(content, key.private),
    }


def problem(content: bytes, envelope: bytes | None, key: Ed25519PublicKey) -> str:
    """Why this envelope does not vouch for this manifest under this key; "" when it does."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    if envelope is None:
        return "not signed"
    try:
        read = Envelope.from_dict(json.loads(envelope))
        read.verify([_ssl_key(key)], 1)
    except VerificationError:
        return "not signed with this key, or the signature is not over what the envelope holds"
    except Exception:  # whatever stands in the file: a check must answer
        return "the envelope cannot be read"
    if read.payload != content or read.payload_type != PAYLOAD_TYPE:
        return "signed, but not over this manifest"
    return ""


def signer(envelope: bytes) -> str:
    """The id of the key that an envelope names; "" when it names none."""
    try:
        return str(json.loads(envelope)["signatures"][0]["keyid"])
    except (ValueError, LookupError, TypeError):
        return ""


def _private(content: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives import serialization as forms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    openssh = b"BEGIN OPENSSH" in content
    load = forms.load_ssh_private_key if openssh else forms.load_pem_private_key
    try:
        found = load(content, password=None)
    except Exception:  # whose texts may repeat what they read
        raise ValueError("it holds no key that can be read without a passphrase") from None
    if not isinstance(found, Ed25519PrivateKey):
        raise ValueError("it is no Ed25519 key")
    return found


def _ssl_key(public: Ed25519PublicKey) -> Any:
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(public, keyid=key_id(public))


def _envelope_text(envelope: dict[str, Any]) -> bytes:
    return (json.dumps(envelope, indent=1) + "\n").encode()


def _blob(public: Ed25519PublicKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as forms

    return base64.b64decode(
        public.public_bytes(forms.Encoding.OpenSSH, forms.PublicFormat.OpenSSH).split()[1]
    )


def _ssh_signature(content: bytes, private: Ed25519PrivateKey) -> bytes:
    """The armoured signature of ssh-keygen -Y sign, over the SHA-512 of the manifest."""
    about = _string(NAMESPACE.encode()) + _string(b"") + _string(b"sha512")
    signed = private.sign(b"SSHSIG" + about + _string(hashlib.sha512(content).digest()))
    blob = (
        b"SSHSIG"
        + (1).to_bytes(4, "big")
        + _string(_blob(private.public_key()))
        + about
        + _string(_string(b"ssh-ed25519") + _string(signed))
    )
    lines = textwrap.wrap(base64.b64encode(blob).decode(), 70)
    return "\n".join((_BEGIN, *lines, _END, "")).encode()


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content
