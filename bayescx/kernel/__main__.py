"""``python -m bayescx.kernel``: compile both densities for this machine, side by side, so that nothing waits later."""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    jobs = [
        subprocess.Popen([sys.executable, "-c", f"from bayescx.kernel.posterior import {name}; {name}()"])
        for name in ("plain_functions", "mixed_functions")
    ]
    sys.exit(max(job.wait() for job in jobs))
