"""``python -m bayescx.kernel``: compile all densities for this machine, side by side, so that nothing waits later."""

from __future__ import annotations

import subprocess
import sys

_DENSITIES = {
    "bayescx.kernel.posterior": ("plain_functions", "mixed_functions"),
    "bayescx.kernel.choices.posterior": ("functions",),
}

if __name__ == "__main__":
    jobs = [
        subprocess.Popen([sys.executable, "-c", f"from {module} import {name}; {name}()"])
        for module, names in _DENSITIES.items()
        for name in names
    ]
    ended = [job.wait() for job in jobs]
    sys.exit(any(ended))  # one that was killed has a negative code
