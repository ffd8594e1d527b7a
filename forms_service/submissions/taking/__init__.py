"""Taking a submission: what came is read, checked, judged and stored before the visitor hears thank you."""
