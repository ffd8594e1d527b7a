"""URL rules and queries, compiled once per test process instead of once per app."""

from collections.abc import Callable, Iterator

import pytest
from werkzeug.routing import Rule


@pytest.fixture(scope="session", autouse=True)
def compiled_routes() -> Iterator[None]:
    """Compiles each URL rule once a process: for every app anew, it is 12 of the 16 ms that building one takes."""
    compile_builder = Rule._compile_builder
    compiled: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:
            return compile_builder(rule, append_unknown)
        text = (*rule._trace, append_unknown)
        if text not in compiled:
            compiled[text] = compile_builder(rule, append_unknown)
        return compiled[text]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Rule, "_compile_builder", compile_once)
        yield
