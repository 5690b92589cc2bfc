"""Everything that can go wrong, and the one shape in which it is said: problem+json (RFC 9457).

HairlineError
├── RequestError                what a client is told
│   ├── BadRequest              400 bad-request
│   ├── Unauthorized            401 unauthorized
│   ├── UnknownModel            404 unknown-model
│   ├── NotAcceptable           406 not-acceptable
│   ├── UploadTooSlow           408 upload-too-slow
│   ├── UploadTooLarge          413 upload-too-large
│   ├── ImageTooLarge           413 image-too-large
│   ├── UnsupportedImage        415 unsupported-image
│   ├── UnsupportedEncoding     415 unsupported-encoding
│   ├── InvalidParameter        422 invalid-parameter
│   ├── MissingFile             422 missing-file
│   ├── UnreadableImage         422 unreadable-image
│   ├── RateLimited             429 rate-limited
│   ├── PhotoNotFetched         502 photo-not-fetched
│   ├── LabelStudioFailed       502 label-studio-failed
│   │   └── KeyRefused          502 label-studio-failed
│   ├── Overloaded              503 overloaded
│   ├── NotReady                503 not-ready
│   ├── ShuttingDown            503 shutting-down
│   └── DeadlineExceeded        504 deadline-exceeded
├── ClientGone                  nobody is told: whoever asked has left
└── StartupError                what the operator is told, in one sentence, before the service exits
    └── ContractError           a model file that does not say what it is, or says it wrong
"""

import http


class HairlineError(Exception):
    """The message says what was wrong and what to do."""


class ClientGone(HairlineError):
    """The client closed its connection; its photo is dropped."""


class StartupError(HairlineError):
    """The service cannot start as it is configured."""


class ContractError(StartupError):
    """A model file is refused; the message names the file."""


class RequestError(HairlineError):
    """A request is answered with this status and code; `retry_after_s` becomes `Retry-After`."""

    status: int
    code: str

    def __init__(self, detail: str, *, retry_after_s: float | None = None):
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class BadRequest(RequestError):
    status, code = 400, "bad-request"


class Unauthorized(RequestError):
    status, code = 401, "unauthorized"


class UnknownModel(RequestError):
    status, code = 404, "unknown-model"


class NotAcceptable(RequestError):
    status, code = 406, "not-acceptable"


class UploadTooSlow(RequestError):
    status, code = 408, "upload-too-slow"


class UploadTooLarge(RequestError):
    status, code = 413, "upload-too-large"


class ImageTooLarge(RequestError):
    status, code = 413, "image-too-large"


class UnsupportedImage(RequestError):
    status, code = 415, "unsupported-image"


class UnsupportedEncoding(RequestError):
    status, code = 415, "unsupported-encoding"


class InvalidParameter(RequestError):
    status, code = 422, "invalid-parameter"


class MissingFile(RequestError):
    status, code = 422, "missing-file"


class UnreadableImage(RequestError):
    status, code = 422, "unreadable-image"


class RateLimited(RequestError):
    status, code = 429, "rate-limited"


class PhotoNotFetched(RequestError):
    status, code = 502, "photo-not-fetched"


class LabelStudioFailed(RequestError):
    status, code = 502, "label-studio-failed"


class KeyRefused(LabelStudioFailed):
    """401 or 403: the key opens nothing, or no longer."""


class Overloaded(RequestError):
    status, code = 503, "overloaded"


class NotReady(RequestError):
    status, code = 503, "not-ready"


class ShuttingDown(RequestError):
    status, code = 503, "shutting-down"


class DeadlineExceeded(RequestError):
    status, code = 504, "deadline-exceeded"


# Codes of the answers that the web framework gives by itself.
FRAMEWORK_CODES = {400: "bad-request", 404: "not-found", 405: "method-not-allowed"}


def title(status: int) -> str:
    """The status in words: 404 is "Not Found"."""
    return http.HTTPStatus(status).phrase
