"""What may go wrong between here and a server: whether to try again, and how it is said."""

from __future__ import annotations

import ssl

import httpx

from engine.contract import EngineError, GenerationFailed


def again(trouble: httpx.HTTPError) -> bool:
    """Whether nothing can have been generated: no connection, or a kept one that was closed meanwhile."""
    if isinstance(trouble, httpx.ConnectError):
        return not _certificate(trouble)
    return isinstance(trouble, httpx.ConnectTimeout | httpx.RemoteProtocolError | httpx.ReadError)


def failure(trouble: httpx.HTTPError, where: str) -> EngineError:
    """``trouble`` in words."""
    if reason := _certificate(trouble):
        return GenerationFailed(
            f"the certificate of {where} cannot be trusted ({reason}): name the file of the authority that "
            "signed it in SSL_CERT_FILE"
        )
    if isinstance(trouble, httpx.ConnectError | httpx.ConnectTimeout):
        return GenerationFailed(f"{where} cannot be reached: is the server running, and is this its address?")
    if isinstance(trouble, httpx.TimeoutException):
        return GenerationFailed(f"{where} gave no sign of life in time: is it overloaded?")
    return GenerationFailed(f"{where} broke off the connection ({type(trouble).__name__}): see its own log")


def unopened(trouble: Exception, where: str) -> EngineError:
    """Why nothing can be sent at all: what the environment says of authorities or of a proxy is no use."""
    if isinstance(trouble, OSError):
        return GenerationFailed(
            f"the authorities that {where} is to be believed by cannot be read ({trouble}): see "
            "SSL_CERT_FILE and SSL_CERT_DIR"
        )
    return GenerationFailed(
        f"the proxy that the environment names for {where} cannot be used ({trouble}): set HTTPS_PROXY and "
        "ALL_PROXY to an http:// one, or to none"
    )


def _certificate(trouble: BaseException) -> str | None:
    """Why a certificate was refused, if that is the trouble."""
    cause: BaseException | None = trouble
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return None
