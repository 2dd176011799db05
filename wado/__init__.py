"""What DICOM PS3.18 says: media types, multipart, DICOM JSON, QIDO matching, frames, rendered."""
