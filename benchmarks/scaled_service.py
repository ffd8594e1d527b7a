"""`wsgi:app` with a clock scaled by the environment's SCALE."""

import os

from benchmarks.scaled_clock import scale_clock
from benchmarks.servers import ROOT
from forms_service.app import create_app
from forms_service.background import runner
from forms_service.config import load_settings

scale_clock(float(os.environ["SCALE"]))
app = create_app(load_settings(ROOT))
runner.start_with_server(app)
