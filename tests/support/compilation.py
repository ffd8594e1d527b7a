"""URL rules, queries and templates, compiled once per test process instead of once per app."""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import Connection, Engine, event, make_url
from werkzeug.routing import Map, Rule, RuleFactory
from werkzeug.routing.matcher import StateMachineMatcher


class _SharedMap(Map):
    """Binds its rules when they are first needed, and takes over those of an equal map."""

    bound: ClassVar[dict[object, tuple[StateMachineMatcher, dict[str, list[Rule]]]]] = {}
    binding: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._added: list[Rule] = []
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: RuleFactory) -> None:
        self._added += rulefactory.get_rules(self)
        self._remap = True

    def update(self) -> None:
        if not self._remap:
            return
        options = (self.host_matching, self.merge_slashes, self.strict_slashes)
        with self.binding:
            key = (options, *map(_rule_key, self._added))
            if key not in self.bound:
                self._bind()
                self.bound[key] = (self._matcher, self._rules_by_endpoint)
            self._matcher, self._rules_by_endpoint = self.bound[key]
            self._remap = False

    def _bind(self) -> None:
        self._matcher, self._rules_by_endpoint = StateMachineMatcher(self.merge_slashes), {}
        for rule in self._added:
            rule.map = None  # bound before, if rules are added after the first request
            super().add(rule)
        super().update()


def _rule_key(rule: Rule) -> tuple[object, ...]:
    """All that rules of this service differ in."""
    methods = frozenset(rule.methods or ())
    automatic = rule.provide_automatic_options  # type: ignore[attr-defined]  # set by Flask
    return rule.rule, rule.endpoint, methods, automatic, rule.subdomain, rule.host, repr(rule.defaults)


@pytest.fixture(scope="session", autouse=True)
def compiled_routes() -> Iterator[None]:
    """Compiles the URL rules once a process: for every app anew, it is most of the time that building one takes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Flask, "url_map_class", _SharedMap)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_queries() -> Iterator[None]:
    """Lets apps share the SQL that SQLAlchemy compiles, a third of the processor time of their tests.

    Its dialect is part of a query's key. On PostgreSQL each app needs one of its own, which holds its circuit breaker.
    """
    compiled: dict[Any, Any] = {}

    def share(connection: Connection) -> None:
        engine: Any = connection.engine
        engine._compiled_cache = compiled

    event.listen(Engine, "engine_connect", share)
    with pytest.MonkeyPatch.context() as patched:
        for url in ("sqlite://", "postgresql://"):
            kind: Any = make_url(url).get_dialect()
            patched.setattr(kind, "__eq__", lambda one, other: type(one) is type(other))
            patched.setattr(kind, "__hash__", lambda one: hash(type(one)))
        yield
    event.remove(Engine, "engine_connect", share)


class _MemoryCache(BytecodeCache):
    def __init__(self) -> None:
        self._code: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """Lets apps share compiled templates."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": _MemoryCache()})
        yield
