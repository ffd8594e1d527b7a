"""Submissions: what people send, judged, encrypted and stored before they hear thank you; and the owner's inbox."""
