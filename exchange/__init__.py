"""The application: flow, landing store, ledger, delivery, quarantine, replay, reports, commands; no Airflow needed."""
