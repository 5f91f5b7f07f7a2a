"""Apache Airflow provider for the harvest API of open-data portals built on udata."""

__version__ = "0.2.0"
