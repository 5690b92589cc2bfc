"""What OpenAPI is told that FastAPI does not see by itself."""

from typing import Any

from app import schemas


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers that are problem+json."""
    content = {"application/problem+json": {"schema": schemas.Problem.model_json_schema()}}
    return {status: {"description": "problem+json", "content": content} for status in statuses}
