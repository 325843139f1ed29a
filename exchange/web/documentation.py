"""The API's documentation, for people who are signed in."""

from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


class Schema(SpectacularJSONAPIView):
    """The schema for the documentation page; the gate has already asked for the two cookies."""

    permission_classes = (AllowAny,)
    authentication_classes = ()


class Documentation(SpectacularSwaggerSplitView):
    """The schema as pages, its script in a file of its own so that the content policy holds."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    url_name = "documentation-schema"
