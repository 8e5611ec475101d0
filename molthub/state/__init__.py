"""The database: status, deployments, events. The only importer of SQLModel. Holds nothing that Git and AWS cannot give back, except history."""
