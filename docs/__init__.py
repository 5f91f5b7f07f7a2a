"""The documentation: pages in Markdown, and what builds and checks the site."""
