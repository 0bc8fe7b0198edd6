"""Django's settings, from the environment. Nothing else in Watchbill reads the environment.

This module imports nothing of Django: the supervisor and the engine's start read it too.
"""

import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from watchbill import env

_ = env.read(os.environ)


def _own_url(host: str, port: int) -> str:
    """The address people use when none is set: this machine's name when it listens everywhere."""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _kept(name: str) -> str:
    """A secret that `watchbill serve` made in the data folder; empty before the first time."""
    try:
        return (DATA / name).read_text().strip()
    except OSError:
        return ""


DATA: Path = _["WATCHBILL_DATA"]
LISTEN: tuple[str, int] = _["WATCHBILL_LISTEN"]
TELEMETRY_LISTEN: tuple[str, int] = _["WATCHBILL_TELEMETRY_LISTEN"]
URL: str = _["WATCHBILL_URL"] or _own_url(*LISTEN)
TELEMETRY_EMBEDDED: bool = not _["WATCHBILL_TELEMETRY_URL"]
TELEMETRY_URL: str = (
    _["WATCHBILL_TELEMETRY_URL"] or f"http://{TELEMETRY_LISTEN[0]}:{TELEMETRY_LISTEN[1]}"
)
CLI_TOKEN: str = _["WATCHBILL_TOKEN"]
# The embedded engine's own token is nobody else's business: another server is not sent it.
TELEMETRY_TOKEN: str = _["WATCHBILL_TELEMETRY_TOKEN"] or (
    _kept("telemetry-token") if TELEMETRY_EMBEDDED else ""
)
TELEMETRY_USER: str = _["WATCHBILL_TELEMETRY_USER"]
TELEMETRY_PASSWORD: str = _["WATCHBILL_TELEMETRY_PASSWORD"]
TELEMETRY_CA: Path | None = _["WATCHBILL_TELEMETRY_CA"]
QUERY_SECONDS: int = _["WATCHBILL_QUERY_SECONDS"]
QUERY_SAMPLES: int = _["WATCHBILL_QUERY_SAMPLES"]
QUERIES_AT_ONCE: int = _["WATCHBILL_QUERIES_AT_ONCE"]
QUERIES_WAITING: int = _["WATCHBILL_QUERIES_WAITING"]
RETENTION = _["WATCHBILL_RETENTION_DAYS"]
RETENTION_SIZE: int | None = _["WATCHBILL_RETENTION_SIZE"]
SERIES_LIMIT: int = _["WATCHBILL_SERIES_LIMIT"]
OUT_OF_ORDER = _["WATCHBILL_OUT_OF_ORDER_MINUTES"]
SCRAPE_CONFIG: Path = _["WATCHBILL_SCRAPE_CONFIG"] or DATA / "prometheus.yml"
PROMQL_FEATURES: frozenset[str] = _["WATCHBILL_PROMQL_FEATURES"]
CODE_CACHE: Path | None = _["WATCHBILL_CODE_CACHE"]
HOST_METRICS: bool = _["WATCHBILL_HOST_METRICS"]
RULES: Path = _["WATCHBILL_RULES"] or DATA / "rules"
COMMANDS: Path = _["WATCHBILL_COMMANDS"] or DATA / "commands.yml"
SMTP_URL: str = _["WATCHBILL_SMTP_URL"]
MAIL_FROM: str = _["WATCHBILL_MAIL_FROM"]
WEB_THREADS: int = _["WATCHBILL_WEB_THREADS"]
LOG_FORMAT: str = _["WATCHBILL_LOG_FORMAT"]
LOG_LEVEL: str = _["WATCHBILL_LOG_LEVEL"]
LIFELINE: int | None = _["WATCHBILL_LIFELINE"]


def _database() -> dict[str, Any]:
    if url := _["DATABASE_URL"]:
        at = urlsplit(url)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": at.path.lstrip("/"),
            "USER": unquote(at.username or ""),
            "PASSWORD": unquote(at.password or ""),
            "HOST": at.hostname or "",
            "PORT": at.port or "",
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
        }
    return {
        "ENGINE": "watchbill.web.sqlite",
        "NAME": DATA / "watchbill.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                # Up to 100 threads have a connection each: they share pages through the map.
                "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2000; PRAGMA mmap_size=134217728;"
            ),
        },
    }


SECRET_KEY = _kept("secret-key") or "no data folder yet: nothing is signed or encrypted"
DEBUG = False
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    ".localhost",
    *_["WATCHBILL_ALLOWED_HOSTS"],
    urlsplit(URL).hostname or "",
]
APPS = (
    "web",
    "people",
    "acts",
    "accounts",
    "catalog",
    "practice",
    "commitments",
    "investigations",
    "proposals",
    "seats",
    "standards",
    "tours",
    "runbooks",
    "monitoring",
    "alerts",
    "paging",
    "incidents",
    "maintenance",
    "ladder",
    "home",
    "demo",
)
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    *(f"watchbill.{app}" for app in APPS),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "watchbill.web.middleware.PlainAddress",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "watchbill.people.identify.IdentifyMiddleware",
    "watchbill.demo.presence.Presence",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "watchbill.web.middleware.ContentSecurityPolicy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "watchbill.web.context.shell",
            ],
            "builtins": [
                "watchbill.web.templatetags.wb",
                "watchbill.acts.templatetags.acts_tags",
            ],
        },
    }
]
ROOT_URLCONF = "watchbill.urls"
AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = URL.startswith("https://")
CSRF_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
LOGGING_CONFIG = None  # `lib/logs.py` sets logging up once per process
