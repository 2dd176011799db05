"""What the hospital says: hospitals, patients, exams, reports and films."""
