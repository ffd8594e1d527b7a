"""The home page, and all pages' template globals."""

from flask import Blueprint, Flask, Response

from forms_service import __version__
from forms_service.web.responses import page
from forms_service.web.route_policy import public, unlimited

STATIC_SECONDS = 86_400
"""Static URLs change with the version."""

pages = Blueprint("pages", __name__)


def init_app(app: Flask) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_SECONDS
    app.jinja_env.globals["version"] = __version__
    settings = app.config["SETTINGS"]
    app.jinja_env.globals["signup_enabled"] = settings.signup_enabled
    app.jinja_env.globals["sends_mail"] = bool(settings.smtp_server) or not settings.production
    app.register_blueprint(pages)
    public(unlimited("files that are the same for everybody")(app.view_functions["static"]))


@pages.get("/")
@public
@unlimited("a page that is the same for everybody")
def home() -> Response:
    return page("home.html")
