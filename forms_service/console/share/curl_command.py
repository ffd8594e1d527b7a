"""A curl command that submits example values."""

import shlex
from urllib.parse import quote

from forms_service.forms.snippets import FormFacts
from forms_service.webhooks.samples import sample_values


def curl_command(form: FormFacts) -> str:
    """Return the command; files are sent from the folder where it runs."""
    fields = form.fields
    if any(field["type"] == "file" for field in fields):
        # curl ends a name at the first "=", and would send the file that is named after "=@"
        fields = [field for field in fields if "=" not in field["name"]]
    files = [field["name"] for field in fields if field["type"] == "file"]
    option = "--form-string" if files else "--data-urlencode"
    lines = [f"curl {shlex.quote(form.url)}", "-H 'Accept: application/json'"]
    for name, value in sample_values(fields).items():
        texts = value if isinstance(value, list) else [value]
        sent_name = name if files else quote(name, safe="[]")  # --data-urlencode encodes what follows the sign alone
        lines += [f"{option} {shlex.quote(f'{sent_name}={text}')}" for text in texts]
    lines += [f"-F {shlex.quote(f'{name}=@example.pdf')}" for name in files]
    return " \\\n  ".join(lines)
