"""The window. Nothing in here asks the database: figures arrive as snapshots, texts through the poller."""
