"""What the API says of tables."""

from pydantic import BaseModel

from app.limits.table import Table


class LimitsList(BaseModel):
    """Answer of `GET /v1/limits`: each table as its file has it."""

    limits: list[Table]
