"""Every plugin's own urls at exactly the address Saleor gives them, and an index."""

from django.conf import settings
from django.urls import include, path

from ovop_shared.mounting import plugin_id
from ovop_standalone import views
from ovop_standalone.middleware import SIGN_IN_PATH

handler404 = views.not_found

urlpatterns = [
    path("", views.index, name="index"),
    path(SIGN_IN_PATH.lstrip("/"), views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    *(path(f"plugins/{plugin_id(app)}/", include(f"{app}.urls")) for app in settings.PLUGINS),
]
