"""The base of every table: Tortoise would parse each class's source for `#:` comments, a second in every process."""

from __future__ import annotations

from typing import Any

from tortoise.models import Model as TortoiseModel
from tortoise.models import ModelMeta


class Commentless(ModelMeta):
    """Makes a table without looking at how it was written; what a field means is in its `description`."""

    def __new__(cls, name: str, bases: tuple[type, ...], attributes: dict[str, Any]) -> ModelMeta:
        """As Tortoise does it, less `inspect.getsource`, which parses the whole module anew for each class."""
        return super().__new__(cls, name, bases, {**attributes, "_no_comments": True})


class Model(TortoiseModel, metaclass=Commentless):
    """What tables derive from."""

    class Meta:
        abstract = True
