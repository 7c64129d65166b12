"""Near demand: the next minutes and hours from the newest observations, with quantiles that hold."""
