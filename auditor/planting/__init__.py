"""Known trouble, put into a data set on purpose: the demo and every acceptance test use it."""
