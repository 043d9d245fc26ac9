"""Run all benchmarks but the calibration studies, which take longer (``make calibrate``)."""

from benchmarks import engine, respondents

engine.main()
respondents.main()
