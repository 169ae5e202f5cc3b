"""AES-256-GCM with keys from the environment or the keyring of the operating system."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from agentmem_core.errors import NotConfiguredError, VaultError
from agentmem_core.settings import Settings, current

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VARIABLE = "AGENTMEM_VAULT_KEY"
KEYRING_SERVICE, KEYRING_NAME = "agentmem", "vault-key"
_KEY_BYTES, _ID_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 8, 12, 16
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_MAKE = """python -c "import agentmem_core; print(agentmem_core.new_vault_key())\""""


def new_vault_key() -> str:
    """A new random key for ``AGENTMEM_VAULT_KEY``: base64 of 32 bytes. Whoever loses it loses what it sealed.

    >>> len(new_vault_key())
    44
    """
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


class AesGcmVault:
    """A ``Vault``: the first key seals, all of them open.

    A sealed value is base64 of the key's id (8 bytes), a random nonce (12), the ciphertext and its tag (16). ``bound`` is the
    associated data.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        """With keys of 32 bytes; ``NotConfiguredError`` when ``cryptography`` is not installed."""
        self._ciphers = {_id_of(key): _cipher(key) for key in keys}

    def __repr__(self) -> str:
        """Which keys, by their ids."""
        return f"AesGcmVault({self._known()})"

    def seal(self, plain: bytes, bound: bytes) -> str:
        key_id, cipher = next(iter(self._ciphers.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(key_id + nonce + cipher.encrypt(nonce, plain, bound)).decode()

    def open(self, sealed: str, bound: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            raw = base64.b64decode(sealed, validate=True)
        except (ValueError, binascii.Error):
            raise VaultError("the sealed value is not what a vault wrote: it was changed, or is damaged") from None
        if len(raw) < _ID_BYTES + _NONCE_BYTES + _TAG_BYTES:
            raise VaultError("the sealed value is cut short: it was changed, or is damaged")
        key_id, nonce = raw[:_ID_BYTES], raw[_ID_BYTES : _ID_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise VaultError(
                f"the value was sealed with key {key_id.hex()}, and {VARIABLE} holds {self._known()}; add that key to it, "
                "after a comma"
            )
        try:
            return cipher.decrypt(nonce, raw[_ID_BYTES + _NONCE_BYTES :], bound)
        except InvalidTag:
            raise VaultError(
                "the sealed value does not open: it was changed, or moved here from another name, user, agent, session or tenant"
            ) from None

    def _known(self) -> str:
        return ", ".join(key_id.hex() for key_id in self._ciphers)


def configured_vault(settings: Settings | None = None) -> AesGcmVault:
    """The vault of the keys that are configured now; ``NotConfiguredError`` says how to make one."""
    found = (settings or current()).found("vault_key")
    if found.value:
        return AesGcmVault(_keys(found.value.strip(), found.where))
    held = _from_keyring()
    if held:
        return AesGcmVault(_keys(held, f"the keyring's {KEYRING_SERVICE}/{KEYRING_NAME}"))
    raise NotConfiguredError(
        f"no vault key, so that nothing can be sealed or opened. Make one with  {_MAKE}  keep it in a safe place, and set "
        f"{VARIABLE} to it (or: keyring set {KEYRING_SERVICE} {KEYRING_NAME})"
    )


def _keys(text: str, where: str) -> list[bytes]:
    """The keys in a list separated by commas; what is wrong with one is said without showing it."""
    parts = [part.strip() for part in text.split(",")]
    return [_key(part, f"{where}, key {number} of {len(parts)}") for number, part in enumerate(parts, 1)]


def _key(text: str, where: str) -> bytes:
    try:
        padded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        key = bytes.fromhex(text) if _HEX.fullmatch(text) else base64.b64decode(padded, validate=True)
    except (ValueError, binascii.Error):
        raise NotConfiguredError(f"{where}: is neither base64 nor hex; make one with  {_MAKE}") from None
    if len(key) != _KEY_BYTES:
        raise NotConfiguredError(f"{where}: has {len(key)} bytes and must have {_KEY_BYTES}; make one with  {_MAKE}")
    if len(set(key)) == 1:
        raise NotConfiguredError(f"{where}: is one byte over and over, and no random key; make one with  {_MAKE}")
    return key


def _from_keyring() -> str | None:
    """What the keyring of the operating system holds for us; None when there is no keyring that can be used."""
    try:
        import keyring
        from keyring.backends import fail, null
        from keyring.errors import KeyringError
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        if isinstance(backend, fail.Keyring | null.Keyring):
            return None
        return backend.get_password(KEYRING_SERVICE, KEYRING_NAME)
    except KeyringError as error:
        raise NotConfiguredError(
            f"the keyring cannot be read ({type(error).__name__}); unlock it, or set {VARIABLE} instead"
        ) from error


def _id_of(key: bytes) -> bytes:
    return blake2b(key, digest_size=_ID_BYTES, person=b"agentmem-key-id").digest()


def _cipher(key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise NotConfiguredError("the vault needs cryptography; run: pip install 'agentmem-core[vault]'") from error
    return AESGCM(key)
