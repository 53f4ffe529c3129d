"""Makes broken YAML visible in Airflow's own list of import errors, without hiding a single sound feed."""

from airflow.sdk import get_parsing_context

from schemas.catalog import Catalog

if get_parsing_context().dag_id is None:
    errors = Catalog().broken()
    if errors:
        raise errors[0] if len(errors) == 1 else type(errors[0])("\n".join(str(error) for error in errors))
