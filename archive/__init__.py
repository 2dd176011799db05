"""DICOM bytes and their index: ingest, lossless transcode, three replicas, hot and cold tiers, retention."""
