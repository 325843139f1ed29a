"""The one settings file. Everything that differs between places is read from the environment (``CONFER_*``)."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from exchange import environment

BASE_DIR = Path(__file__).resolve().parent.parent
DEFAULT_DATA = BASE_DIR / "var"

# --- Where things are -----------------------------------------------------------------------------------------------
CONFER_DATA = environment.read_folder("CONFER_DATA", DEFAULT_DATA)
CONFER_LOG_KEY_FILE = environment.read_folder("CONFER_LOG_KEY_FILE", CONFER_DATA / "log.key")
CONFER_CHECKPOINT_OUTBOX = environment.read_folder("CONFER_CHECKPOINT_OUTBOX", CONFER_DATA / "checkpoints")
MEDIA_ROOT = CONFER_DATA / "media"  # sealed documents only; never served by URL
CONFER_STORE = os.environ.get("CONFER_STORE", "")  # a bucket for them instead
STORAGES = {
    "default": environment.parse_store(CONFER_STORE, os.environ.get("CONFER_STORE_CREDENTIALS_FILE", "")),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SECRET_KEY = environment.read_secret("CONFER_SECRET_KEY_FILE", CONFER_DATA / "secret-key")

_APP_DATABASE = environment.parse_database(
    os.environ.get("CONFER_DATABASE", f"sqlite://{DEFAULT_DATA / 'confer.sqlite3'}")
)
# The application's own role may not change its tables: `manage.py migrate` and `manage.py protect` come as the owner.
CONFER_APP_ROLE = str(_APP_DATABASE.get("USER", ""))
if os.environ.get("CONFER_AS_OWNER") == "1" and "CONFER_OWNER_DATABASE" in os.environ:
    DATABASES = {"default": environment.parse_database(os.environ["CONFER_OWNER_DATABASE"])}
else:
    DATABASES = {"default": _APP_DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CONFER_DOCUMENT_LIMIT = int(os.environ.get("CONFER_DOCUMENT_LIMIT", str(50 * 1024 * 1024)))  # bytes, one document

CONFER_BROKER = os.environ.get("CONFER_BROKER", f"redis+socket://{DEFAULT_DATA / 'valkey.sock'}")

# --- Who may be cheap -----------------------------------------------------------------------------------------------
CONFER_TESTING = environment.read_choice("CONFER_TESTING", ("0", "1")) == "1"
CONFER_STRETCH = environment.read_choice("CONFER_STRETCH", ("standard", "tests"))
if CONFER_STRETCH == "tests" and not CONFER_TESTING:
    message = "CONFER_STRETCH=tests makes passphrases cheap to guess; it is refused outside the tests."
    raise ImproperlyConfigured(message)

# --- Applications ---------------------------------------------------------------------------------------------------
# No sessions application, no admin, no messages: sessions are our own rows, and nothing may pass round the vault.
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "guardian",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "accounts",
    "exchange",
]
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["guardian.backends.ObjectPermissionBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, str]] = []  # no Django password exists: see accounts.signin
PASSWORD_HASHERS: list[str] = []  # so whoever tries to make one fails
ANONYMOUS_USER_NAME = None
GUARDIAN_AUTO_PREFETCH = False

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "exchange.gate.Gate",  # before the static files, which strangers do not get either
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "exchange.urls"
WSGI_APPLICATION = "exchange.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
ATOMIC_REQUESTS = False  # an opening must commit its entry before content leaves: acts open their own transactions

# --- The web --------------------------------------------------------------------------------------------------------
DEBUG = False
CONFER_ORIGIN = os.environ.get("CONFER_ORIGIN", "http://127.0.0.1:8000")
_ORIGIN = urlsplit(CONFER_ORIGIN)
if _ORIGIN.scheme not in {"http", "https"} or not _ORIGIN.hostname:
    message = f"CONFER_ORIGIN must look like https://confer.example.org, not {CONFER_ORIGIN!r}."
    raise ImproperlyConfigured(message)
_SECURE = _ORIGIN.scheme == "https"
_LOOPBACK = _ORIGIN.hostname in {"127.0.0.1", "localhost"}
if not _SECURE and not _LOOPBACK:
    message = "CONFER_ORIGIN must be https:// anywhere but on this machine itself."
    raise ImproperlyConfigured(message)
ALLOWED_HOSTS = [_ORIGIN.hostname, *(["127.0.0.1", "localhost"] if _LOOPBACK else [])]
CSRF_TRUSTED_ORIGINS = [CONFER_ORIGIN]
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
# Our own server never speaks TLS: whoever sits in front does, and must set this header itself on every request.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_HSTS_SECONDS = 31536000 if _SECURE else 0
SECURE_REFERRER_POLICY = "same-origin"  # references stand in URLs; "no-referrer" would make our own forms' origin null
X_FRAME_OPTIONS = "DENY"
APPEND_SLASH = False  # a redirect would answer a stranger before the door does

# Django's default spools uploads over 2.5 MB, in clear, into a temporary file. Nothing here may.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
STATIC_URL = "/static/"
STATIC_ROOT = environment.read_folder("CONFER_STATIC", DEFAULT_DATA / "static")
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False  # no other site loads anything from here
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}  # nothing rests in a cache

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = False
USE_TZ = True

# --- The API --------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["exchange.api.authentication.BearerAuthentication"],
    "EXCEPTION_HANDLER": "exchange.api.problems.handle",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exchange.api.reading.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Confer",
    "DESCRIPTION": "Sharing what keeps a child safe: with whom, why, and provably with no one else.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Mail: says that something waits, never what --------------------------------------------------------------------
_MAIL = urlsplit(os.environ.get("CONFER_MAIL", "smtp://127.0.0.1:1025"))
if _MAIL.scheme not in {"smtp", "smtps"}:
    message = "CONFER_MAIL must look like smtp://host:port (or smtps://)."
    raise ImproperlyConfigured(message)
EMAIL_HOST = _MAIL.hostname or "127.0.0.1"
EMAIL_PORT = _MAIL.port or 25
EMAIL_HOST_USER = _MAIL.username or ""
EMAIL_HOST_PASSWORD = _MAIL.password or ""
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("CONFER_MAIL_FROM", "confer@example.org")
ADMINS: list[tuple[str, str]] = []  # no mail about errors: it would carry their content

# --- Logs: names of things and where it happened, never content -----------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"quiet": {"()": "exchange.quiet.Formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "quiet"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # Replaces Django's own handlers (debug console, server, mail to administrators).
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.db.backends": {"level": "ERROR"},
    },
}
LOGGING_CONFIG = "logging.config.dictConfig"
