"""User classes that the envelopes in the tests name."""

import enum
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

from pydantic import BaseModel


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Address:
    street: str
    zip_code: str = "00000"


@dataclass
class Customer:
    name: str
    address: Optional[Address] = None
    tags: list = field(default_factory=list)


class Profile(BaseModel):
    name: str
    score: float = 0.0
    labels: dict[str, Any] = {}


class Point(NamedTuple):
    x: int
    y: int
