"""Harvest sources as code: files that describe sources, and what makes a portal be as they say; without Airflow."""
