"""The portal wing: knows udata, knows nothing of Airflow; usable from a plain script."""
