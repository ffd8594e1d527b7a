"""`python -m benchmarks.scaled_worker SCALE`: `flask worker` with a scaled clock."""

import sys

from benchmarks.scaled_clock import scale_clock
from benchmarks.servers import ROOT
from forms_service.app import create_app
from forms_service.background import runner
from forms_service.config import load_settings

if __name__ == "__main__":
    scale_clock(float(sys.argv[1]))
    app = create_app(load_settings(ROOT))
    with app.app_context():
        runner.run_worker(app)
