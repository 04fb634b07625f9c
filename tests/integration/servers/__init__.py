"""The test servers themselves: a fault test is worth no more than the fault it causes."""
