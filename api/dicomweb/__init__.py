"""DICOMweb (PS3.18) over HTTP, one file a transaction."""
