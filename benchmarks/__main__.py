"""Run all benchmarks but the calibration studies, which take longer (``make calibrate``)."""

from benchmarks import engine, measurement, respondents

engine.main()
respondents.main()
measurement.main()
