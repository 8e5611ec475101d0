"""Git: poll, fetch, read blobs, history, commit and push. The only importer of GitPython. Never a checkout."""
