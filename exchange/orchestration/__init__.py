"""Airflow on one machine, from one process: embedded metadata, its daemons, and a client that watches a night."""

from exchange.orchestration.airflow_site import Airflow
from exchange.orchestration.client import NightStalled, RunChange

__all__ = ["Airflow", "NightStalled", "RunChange"]
