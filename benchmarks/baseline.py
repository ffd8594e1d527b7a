"""The baseline: a bare Flask view under the same server."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def baseline() -> dict[str, str]:
    return {"status": "live"}
