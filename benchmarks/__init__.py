"""What the chain costs, measured beside the chain an average team would write, in one run on one machine."""
