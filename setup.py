"""Packages of the wheel; everything else is declared in setup.cfg."""

from setuptools import find_namespace_packages, setup

setup(
    # folders of templates, pictures and catalogues count as namespace packages
    packages=[
        *find_namespace_packages(include=["forms_service*"], exclude=["*.__pycache__"]),
        "forms_service.migrations",
        "forms_service.migrations.versions",
    ],
    # beside the package in a clone, inside it in a wheel
    package_dir={"forms_service.migrations": "migrations"},
)
