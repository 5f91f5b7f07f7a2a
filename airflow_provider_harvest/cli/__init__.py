"""The command line ``airflow-harvest``; imports no Airflow, and nothing else here imports it."""
