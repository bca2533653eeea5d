"""Encrypts what is kept of other systems' passwords (Fernet); older keys still open what they sealed."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.settings.settings import Settings
from engine.errors import EngineError, FieldError


def _keys(settings: Settings, secret: str) -> MultiFernet:
    # Words in front, so that the key is another one than whatever else the secret is used for.
    own = base64.urlsafe_b64encode(hashlib.sha256(b"kept secrets\n" + secret.encode()).digest()).decode()
    try:
        return MultiFernet([Fernet(key) for key in settings.FLEXMEASURES_SECRETS_ENCRYPTION_KEYS or [own]])
    except ValueError:
        told = "each must be 32 random bytes as URL-safe base64; make one with Fernet.generate_key()."
        raise FieldError("FLEXMEASURES_SECRETS_ENCRYPTION_KEYS", told) from None


def seal(text: str, settings: Settings, *, secret: str) -> bytes:
    """Return a text encrypted with the newest key."""
    return _keys(settings, secret).encrypt(text.encode())


def opened(sealed: bytes, settings: Settings, *, secret: str) -> str:
    """Text of a sealed secret.

    Raises:
        EngineError: No key of the settings fits.
    """
    try:
        return _keys(settings, secret).decrypt(sealed).decode()
    except InvalidToken:
        told = "A stored secret cannot be opened; put the key it was sealed with back into the settings"
        raise EngineError(f"{told} (FLEXMEASURES_SECRETS_ENCRYPTION_KEYS).") from None
