"""Every address there is."""

from django.urls import URLPattern, URLResolver, include, path

from exchange.web import signing_in
from exchange.web.documentation import Documentation, Schema

urlpatterns: list[URLPattern | URLResolver] = [
    path("", signing_in.home),
    path("sign-in", signing_in.sign_in),
    path("sign-out", signing_in.sign_out),
    path("health", signing_in.health),
    path("documentation", Documentation.as_view()),
    path("documentation/schema", Schema.as_view(), name="documentation-schema"),
    path("api/v1/", include("exchange.api.urls")),
]
