"""The Flask extensions that apps share.

Flask-Limiter, flask-smorest and Flask-Talisman hold an app's state: each app gets its own.
"""

from typing import TYPE_CHECKING

from flask_caching import Cache
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""On SQLite, Alembic can change only named constraints."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


db = SQLAlchemy(model_class=Base, disable_autonaming=True)
cache = Cache(with_jinja2_ext=False)

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model
