"""What goes wrong on operators' desks, one file a group; `make faults` prints how much of it is survived."""
