"""Pages of a form's recipients and mails."""
