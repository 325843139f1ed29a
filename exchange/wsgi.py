"""The door the web server knocks at."""

from django.core.wsgi import get_wsgi_application

from exchange.celery import app as celery_app  # names the settings, too

__all__ = ["application", "celery_app"]

application = get_wsgi_application()
