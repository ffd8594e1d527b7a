"""The page of a form's deliveries."""
