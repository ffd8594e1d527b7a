"""What a value must be like: marshmallow fields and the schema they stand in. Pure: no request, no database."""
