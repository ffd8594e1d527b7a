"""Taking a submission: from the bytes that came to a row that is committed, and the answer."""
