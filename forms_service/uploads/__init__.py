"""Files of submissions: receiving, content types, file names, storage, disk space."""
