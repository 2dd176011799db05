"""All routes of a hospital's systems and staff."""

from __future__ import annotations

from api.hospital import (
    access,
    admin,
    blackouts,
    exams,
    feedback,
    films,
    notices,
    patients,
    places,
    reminders,
    service,
    terms,
    third_parties,
    waiting,
)

BLUEPRINTS = (
    patients.routes,
    notices.routes,
    reminders.routes,
    exams.routes,
    access.routes,
    films.routes,
    service.routes,
    waiting.routes,
    places.routes,
    terms.routes,
    blackouts.routes,
    feedback.routes,
    third_parties.routes,
    admin.routes,
)
