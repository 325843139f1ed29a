"""What the environment says, read strictly: a value that cannot be understood stops the start, it is never guessed."""

import os
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers never wait for the one writer
    "PRAGMA synchronous=FULL",  # an entry that was committed before content went out survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a wrapped key that was cut is overwritten, not only unlinked
    "PRAGMA temp_store=MEMORY",  # no sorting spilled into a file beside the database
)
SECRET_LENGTH = 64
STORE = "CONFER_STORE must look like s3://bucket?endpoint=https://host:port&region=name."
ENDPOINT = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def read_choice(name: str, choices: tuple[str, ...]) -> str:
    """Give the variable's value, the first choice when it is not set. Raises ImproperlyConfigured on any other."""
    value = os.environ.get(name, choices[0])
    if value not in choices:
        message = f"{name} is {value!r}; it must be one of: {', '.join(choices)}."
        raise ImproperlyConfigured(message)
    return value


def read_folder(name: str, default: Path) -> Path:
    """Give an absolute folder; it need not exist."""
    return Path(os.environ.get(name, default)).absolute()


def parse_database(url: str) -> dict[str, Any]:
    """Turn ``sqlite:///abs/path`` or ``postgres://user:secret@host:port/name?option=…`` into a Django database.

    What follows the question mark goes to libpq as it is (``host`` of a socket folder, ``passfile``, ``sslmode``, …).
    Raises ImproperlyConfigured for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _sqlite(Path(unquote(parts.path)))
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgresql(parts)
    message = f"CONFER_DATABASE must start with sqlite:// or postgres://, not {parts.scheme!r}://."
    raise ImproperlyConfigured(message)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A transaction that will write takes the write lock at once: two readers can then never deadlock upgrading.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "; ".join(SQLITE_PRAGMAS),
        },
    }


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    options: dict[str, Any] = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    host = options.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        # Persistent connections matter most for speed; a broken one is noticed before it is used.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def parse_store(address: str, credentials: str) -> dict[str, Any]:
    """Turn ``s3://bucket?endpoint=https://host:port&region=…`` into a Django storage; nothing means files in a folder.

    ``credentials`` names a file of two lines: the access key's id, and its secret. Raises ImproperlyConfigured.
    """
    if not address:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    try:
        parts = urlsplit(address)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ImproperlyConfigured(STORE) from None
    endpoint, region = options.pop("endpoint", "https://s3.amazonaws.com"), options.pop("region", "us-east-1")
    if parts.scheme != "s3" or not BUCKET.fullmatch(parts.netloc + parts.path) or options:
        raise ImproperlyConfigured(STORE)
    if not ENDPOINT.fullmatch(endpoint) or not region:
        raise ImproperlyConfigured(STORE)
    access_key, secret_key = _read_credentials(Path(credentials))
    place = {"bucket_name": parts.netloc, "endpoint_url": endpoint, "region_name": region}
    key = {"access_key": access_key, "secret_key": secret_key}
    return {"BACKEND": "exchange.bucket.Bucket", "OPTIONS": place | key}


def _read_credentials(path: Path) -> tuple[str, str]:
    lines = path.read_text(encoding="ascii").split() if path.is_file() else []
    if len(lines) != 2:  # noqa: PLR2004 - an id and its secret
        raise ImproperlyConfigured(
            "CONFER_STORE_CREDENTIALS_FILE must name a file of two lines: the access key's id, and its secret."
        )
    return lines[0], lines[1]


def read_secret(name: str, default: Path) -> str:
    """Give the secret in the file named by the variable.

    A file that was named must exist. The embedded default is made on first use, readable by its owner alone.
    """
    named = os.environ.get(name)
    path = Path(named or default)
    if not path.exists():
        if named:
            message = f"{name} names {path}, which does not exist."
            raise ImproperlyConfigured(message)
        _make_secret(path)
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < SECRET_LENGTH // 2:
        message = f"The secret in {path} is too short."
        raise ImproperlyConfigured(message)
    return secret


def _make_secret(path: Path) -> None:
    """Write a fresh secret so that, of several processes starting at once, all read the same."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(SECRET_LENGTH))
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another process was first: its secret is the one
    finally:
        fresh.unlink()
