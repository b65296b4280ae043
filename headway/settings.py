"""Settings of an installation, all read from the environment (table: docs/howto/settings.md)."""

import os
import secrets
import sys
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from headway.operations import log_settings
from headway.people.sign_in.providers import WrongProvider, read_providers

BASE_DIR = Path(__file__).resolve().parent


def _flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "0", "no", "false", "off"}:
        return default if value == "" else False
    if value in {"1", "yes", "true", "on"}:
        return True
    raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0.")


def _names(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


# Everything that an installation keeps lies in one folder: database, secret, uploads.
DATA_DIR = Path(os.environ.get("HEADWAY_DATA") or "headway-data").expanduser().resolve()
DEBUG = _flag("HEADWAY_DEBUG")
TESTING = "pytest" in sys.modules


def _secret_key() -> str:
    """Read the secret of this installation; write a new one, readable by its owner only, the first time."""
    given = os.environ.get("HEADWAY_SECRET_KEY")
    if given:
        return given
    path = DATA_DIR / "secret.key"
    secret = secrets.token_urlsafe(48)
    try:
        if path.exists():
            return path.read_text().strip()
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
    except FileExistsError:  # another process of ours was first
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {DATA_DIR} cannot be written ({error.strerror}). "
            "Name another with HEADWAY_DATA, or make it writable."
        ) from error
    return secret


SECRET_KEY = "only-for-tests" if TESTING else _secret_key()

ALLOWED_HOSTS = _names("HEADWAY_HOSTS") or ["localhost", "127.0.0.1", "[::1]", "testserver"]
CSRF_TRUSTED_ORIGINS = _names("HEADWAY_ORIGINS")
BEHIND_TLS = _flag("HEADWAY_TLS")
# Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed (serve.py hands them to uvicorn).
PROXIES = _names("HEADWAY_PROXIES") or ["127.0.0.1", "::1"]
# The figures of /metrics: absent for everybody unless one of these is set.
METRICS_TOKEN = os.environ.get("HEADWAY_METRICS_TOKEN") or ""
METRICS_FROM = _names("HEADWAY_METRICS_FROM")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "headway.schedule",
    "headway.live",
    "headway.people",
    "headway.agreements",
    "headway.okr",
    "headway.scrum",
    "headway.value",
    "headway.sync",
    "headway.desks",
    "headway.search",
    "headway.backup",
    "headway.demo",
    "headway.operations",
    "headway.api",
    "headway.web",
]

try:
    OIDC_PROVIDERS = read_providers(os.environ.get("HEADWAY_OIDC", ""), os.environ)
except WrongProvider as _error:
    raise ImproperlyConfigured(str(_error)) from _error
if OIDC_PROVIDERS or TESTING:  # it brings an HTTP client: 6 MB that few installations need
    INSTALLED_APPS.append("allauth.socialaccount.providers.openid_connect")

MIDDLEWARE = [
    "headway.web.observing.Observed",
    "headway.web.static_files.StaticFiles",
    "django.middleware.security.SecurityMiddleware",
    "headway.web.middleware.SecurityHeaders",
    "headway.web.compressing.Compressed",
    "headway.web.views.health.Probes",
    "headway.api.platform.middleware.ApiAnswers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "headway.web.middleware.SignedIn",
    "allauth.account.middleware.AccountMiddleware",
    "headway.web.middleware.ActorMiddleware",
    "headway.web.sign_in.SignInMiddleware",
]

ROOT_URLCONF = "headway.urls"
WSGI_APPLICATION = None
AUTH_USER_MODEL = "people.Person"
# Addresses are unique without regard to case, by a constraint that this check cannot read.
SILENCED_SYSTEM_CHECKS = ["auth.E003"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "today"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "headway.web.jinja.environment",
            "context_processors": ["headway.web.context.shell"],
        },
    },
]

_database_url = os.environ.get("DATABASE_URL")
if _database_url:
    DATABASES = {"default": dj_database_url.parse(_database_url, conn_max_age=600, conn_health_checks=True)}
    if "postgresql" not in DATABASES["default"]["ENGINE"]:
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgres://user@host/name.")
    DATABASES["default"]["ENGINE"] = "headway.lib.postgresql"
    # Statements with their values apart (headway/lib/prepared.py) are prepared when they first come.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("prepare_threshold", 0)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(DATA_DIR / "headway.sqlite3"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                # Each of nine threads has a cache of its own [KB]; the system keeps the file in memory besides.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                    "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2000"
                ),
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "headway.people.sign_in.passwords.StrengthValidator"},
    {"NAME": "headway.people.sign_in.passwords.BreachedValidator"},
]
# A file or folder of SHA-1 hashes of leaked passwords (docs/howto/sign-in.md); nothing is asked over the network.
BREACHED_PASSWORDS = os.environ.get("HEADWAY_BREACHED_PASSWORDS") or None
PASSWORD_HASHERS = [
    "headway.people.sign_in.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of release 0.1.0; renewed when somebody signs in
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Sign-in is django-allauth's; pages and rules are ours (headway/web/sign_in.py). Nobody signs up, no mail goes out.
ACCOUNT_ADAPTER = "headway.web.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # allauth counts in a cache of the process; ours: people/throttle.py
MFA_ADAPTER = "headway.web.sign_in.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Headway"
MFA_TOTP_TOLERANCE = 1  # half a minute to either side, for a clock that is a little off
SOCIALACCOUNT_ADAPTER = "headway.web.sign_in.ProviderAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
# A link, no form: browsers follow no redirect of a form to another site under our Content-Security-Policy.
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [provider.for_allauth() for provider in OIDC_PROVIDERS]}}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
if TESTING:
    TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

LANGUAGE_CODE = os.environ.get("HEADWAY_LANGUAGE") or "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
# English, and every language whose compiled texts lie there: dropping a folder in is enough.
LANGUAGES = [
    ("en", "English"),
    *sorted(
        (path.parents[1].name.replace("_", "-").lower(), path.parents[1].name)
        for path in LOCALE_PATHS[0].glob("*/LC_MESSAGES/django.mo")
        if path.parents[1].name != "en"
    ),
]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("HEADWAY_TIME_ZONE") or "UTC"

# Behind a proxy that serves us under a path of its own.
FORCE_SCRIPT_NAME = os.environ.get("HEADWAY_PATH") or None
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "web" / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages ask for no other
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Where the daily backup puts its files; another disk is better than this one.
BACKUP_FOLDER = Path(os.environ.get("HEADWAY_BACKUP_FOLDER") or DATA_DIR / "backups").expanduser()
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if TESTING or DEBUG
            else "headway.web.storage.HashedStatic"
        )
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_PERMISSIONS = 0o640  # what people bring in is for this account and its group

SESSION_ENGINE = "headway.people.sign_in.session_store"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = FORCE_SCRIPT_NAME or "/"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "headway.web.views.errors.csrf_failure"
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# A fixed "now" for tests and for playing a quarter (ISO 8601); never in production.
TEST_NOW = os.environ.get("HEADWAY_TEST_NOW") or None
if TEST_NOW and not (TESTING or DEBUG):
    raise ImproperlyConfigured(
        "HEADWAY_TEST_NOW moves the clock and is for tests only: unset it, or set HEADWAY_DEBUG=1."
    )

# Lines of JSON, but for a person at a terminal.
LOG_FORMAT = os.environ.get("HEADWAY_LOG_FORMAT") or ("text" if sys.stderr and sys.stderr.isatty() else "json")
LOG_LEVEL = (os.environ.get("HEADWAY_LOG_LEVEL") or "INFO").upper()
if LOG_FORMAT not in {"json", "text"}:
    raise ImproperlyConfigured(f"HEADWAY_LOG_FORMAT is {LOG_FORMAT!r}: write json or text.")
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured(f"HEADWAY_LOG_LEVEL is {LOG_LEVEL!r}: write DEBUG, INFO, WARNING or ERROR.")
LOGGING = log_settings.configuration(form=LOG_FORMAT, level=LOG_LEVEL, access=_flag("HEADWAY_ACCESS_LOG", default=True))
