"""What is told of a fault of keymon's own: a report for whoever mends it, without secrets."""
