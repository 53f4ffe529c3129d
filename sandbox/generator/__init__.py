"""Seeded synthetic records of three departments: `make_night` for a whole night, `penalty_table` for a large table."""

from sandbox.generator.nights import FEEDS, FeedNight, Night, business_date, make_night
from sandbox.generator.story import Truth
from sandbox.generator.tables import penalty_table

__all__ = ["FEEDS", "FeedNight", "Night", "Truth", "business_date", "make_night", "penalty_table"]
