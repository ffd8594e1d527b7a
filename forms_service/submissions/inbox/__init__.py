"""The inbox: what an owner sees of the submissions, takes with them and erases."""
