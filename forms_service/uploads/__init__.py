"""Files of submissions: multipart upload, content types, file names, encrypted storage, disk space."""
