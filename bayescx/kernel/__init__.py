"""The log posterior density as compiled code: arrays in, density with gradient out."""
