"""Earlier runs held against what then happened, and whether demand or its forecasts have drifted."""
