"""Measured runs: how fast cloudfilm answers beside Orthanc on the same machine. Never imported by the product."""
