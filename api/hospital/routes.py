"""All routes of a hospital's systems and staff."""

from __future__ import annotations

from api.hospital import access, admin, exams, patients, service, waiting

BLUEPRINTS = (patients.routes, exams.routes, access.routes, service.routes, waiting.routes, admin.routes)
